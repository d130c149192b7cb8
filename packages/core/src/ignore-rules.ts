import { CoreError, problem } from './errors.ts'
import { compileGoPattern } from './glob-go.ts'
import { compilePathPattern } from './glob-path.ts'

/** A line of a rule file as gitignore(5) has it. */
interface IgnoreRule {
  /** The line took back what lines before it left out. */
  readonly keeps: boolean
  readonly directoriesAlone: boolean
  matches(path: string, name: string): boolean
}

/**
 * Reads a line of a rule file: undefined for a blank one and for a comment. What matches is left out; a "!" before it
 * takes that back. Paths are those from the export's root. Matching takes at most the product of both lengths. Throws
 * `PATTERN_INVALID`.
 */
export function parseIgnoreRule(line: string): IgnoreRule | undefined {
  const text = withoutTrailingBlanks(line)
  if (text === '' || text.startsWith('#')) return undefined
  const keeps = text.startsWith('!')
  const given = keeps ? text.slice(1) : text
  const directoriesAlone = given.endsWith('/')
  const pattern = inGo(directoriesAlone ? given.slice(0, -1) : given)
  if (pattern === '') throw invalid(line, 'a pattern')
  try {
    if (!pattern.includes('/')) {
      const matches = compileGoPattern(pattern)
      return { keeps, directoriesAlone, matches: (_path, name) => matches(name) }
    }
    const matches = compilePathPattern(pattern.startsWith('/') ? pattern : `/${pattern}`)
    return { keeps, directoriesAlone, matches: (path) => matches(path) }
  } catch (error) {
    const expected = error instanceof CoreError ? error.problems[0]?.expected : undefined
    throw invalid(line, expected ?? 'a pattern')
  }
}

const invalid = (line: string, expected: string): CoreError =>
  new CoreError('PATTERN_INVALID', [problem('rule', line, expected)])

/** Blanks at the end mean nothing unless a backslash says so. */
function withoutTrailingBlanks(line: string): string {
  let end = line.length
  while (end > 0 && line[end - 1] === ' ' && !isEscaped(line, end - 1)) end--
  return line.slice(0, end)
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text[at - 1 - backslashes] === '\\') backslashes++
  return backslashes % 2 === 1
}

/** "[!a]" is "[^a]" in our patterns; all else is the same. */
const inGo = (pattern: string): string => pattern.replace(/\\.|\[!/gs, (found) => (found === '[!' ? '[^' : found))

/**
 * Compiles the lines of a rule file. The last rule that matches decides, as in gitignore(5); a directory that is left out
 * is never entered, so nothing below it can be taken back. Throws `PATTERN_INVALID`.
 */
export function compileIgnoreRules(
  lines: readonly string[],
): (path: string, name: string, isDirectory: boolean) => boolean {
  const rules = lines
    .map(parseIgnoreRule)
    .filter((rule) => rule !== undefined)
    .toReversed()
  return (path, name, isDirectory) => {
    const decides = rules.find((rule) => (isDirectory || !rule.directoriesAlone) && rule.matches(path, name))
    return decides !== undefined && !decides.keeps
  }
}
