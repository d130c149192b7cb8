import { compileExpression } from './expression.ts'
import type { Job } from './job-fields.ts'

/** Regular expressions that choose files, for all directories and for single ones, as priming manifests have them. */
export type PathRules = Pick<Job, 'exportPath' | 'includeExpressions' | 'excludeExpressions' | 'directoryRules'>

interface Lists {
  readonly include: readonly Expression[]
  readonly exclude: readonly Expression[]
}

type Expression = (path: string, name: string) => boolean

export interface CompiledPathRules {
  file(path: string, name: string): boolean
  directory(path: string, name: string): boolean
}

/**
 * Compiles the rules of a priming manifest. Of directories that lie in one another the innermost's rules hold. In this
 * order, the first that says something decides: the directory's exclude, its include (which lets no other file in), the
 * exclude for all, the include for all. An expression with a "/" is looked for in the path as clients see it, export
 * included, any other in the name. A directory is left out where an exclude would leave out a file of that name, unless
 * a rule of its own, or of a directory in it, may want something of it. Throws `PATTERN_INVALID`.
 */
export function compilePathRules(rules: PathRules): CompiledPathRules {
  const prefix = rules.exportPath === '/' ? '' : rules.exportPath
  const compile = (expressions: readonly string[] = []): Expression[] =>
    expressions.map((text) => {
      const matches = compileExpression(text)
      return text.includes('/') ? (path) => matches(prefix + path) : (_path, name) => matches(name)
    })
  const everywhere: Lists = { include: compile(rules.includeExpressions), exclude: compile(rules.excludeExpressions) }
  const directories = new Map<string, Lists>()
  const ancestors = new Set<string>()
  for (const { path, include, exclude } of rules.directoryRules ?? []) {
    directories.set(path, { include: compile(include), exclude: compile(exclude) })
    for (let at = path; at !== '/'; at = parentOf(at)) ancestors.add(at)
  }
  const innermost = lastAnswer((directory: string): Lists | undefined => {
    if (directories.size === 0) return undefined
    for (let at = directory; ; at = parentOf(at)) {
      const found = directories.get(at)
      if (found !== undefined || at === '/') return found
    }
  })
  return {
    file(path, name) {
      const own = innermost(parentOf(path))
      if (own !== undefined) {
        if (anyOf(own.exclude, path, name)) return false
        if (own.include.length > 0) return anyOf(own.include, path, name)
      }
      if (anyOf(everywhere.exclude, path, name)) return false
      return everywhere.include.length === 0 || anyOf(everywhere.include, path, name)
    },
    directory(path, name) {
      if (ancestors.has(path)) return true
      const own = innermost(parentOf(path))
      if (own !== undefined && anyOf(own.exclude, path, name)) return false
      return (own?.include.length ?? 0) > 0 || !anyOf(everywhere.exclude, path, name)
    },
  }
}

const anyOf = (list: readonly Expression[], path: string, name: string): boolean => list.some((one) => one(path, name))

const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')))

/** Files come directory by directory: the last answer is mostly the next. */
function lastAnswer<T>(ask: (question: string) => T): (question: string) => T {
  let last: { readonly question: string; readonly answer: T } | undefined
  return (question) => {
    if (last?.question !== question) last = { question, answer: ask(question) }
    return last.answer
  }
}
