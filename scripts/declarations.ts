import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/*
 * Reads the declarations that TypeScript emits. Not a parser: the compiler writes each top-level statement from the first
 * column on, and that is all that is made use of. (The tools that do this on the compiler's own interface need the one of
 * TypeScript 6, which 7 does not have.)
 */

/** A name that a module exports, and how it is declared, without comments. */
export type Exported = ReadonlyMap<string, string>

/** Everything that a module exports, also what it hands on from others of its package. Throws for what can't be found. */
export function readModule(file: string): Exported {
  const exported = new Map<string, string>()
  const own = new Map<string, string>()
  const statements = statementsOf(readFileSync(file, 'utf8'))
  for (const statement of statements) {
    const name = declared.exec(statement)?.[1]
    if (name === undefined) continue
    // Overloads of a function are one declaration.
    own.set(name, own.has(name) ? `${own.get(name)}\n${statement}` : statement)
    if (statement.startsWith('export ')) exported.set(name, own.get(name) ?? '')
  }
  for (const statement of statements) {
    const [, list, from] = /^export (?:type )?(\{[^}]*\}|\*)(?: from '([^']+)')?;?$/s.exec(statement) ?? []
    if (list === undefined) continue
    // Of another package: its own report says what there is.
    if (list === '*' && from?.startsWith('.') === false) {
      exported.set(`* of ${from}`, `export * from '${from}'`)
      continue
    }
    const source = from === undefined ? own : from.startsWith('.') ? readModule(beside(file, from)) : undefined
    for (const [name, as] of list === '*' ? [...(source?.keys() ?? [])].map((key) => [key, key]) : namesIn(list)) {
      if (name === undefined || as === undefined) continue
      exported.set(as, source === undefined ? `export { ${as} } from '${from}'` : found(source, name, as, file))
    }
  }
  return exported
}

const declared =
  /^(?:export )?(?:declare )?(?:abstract )?(?:const|let|function|class|interface|type|enum|namespace)\*? ([A-Za-z_$][\w$]*)/

function found(source: Exported, name: string, as: string, file: string): string {
  const text = source.get(name)
  if (text === undefined) throw new Error(`${file}: ${name} is not declared where it is said to come from`)
  const declaration = text.startsWith('export ') ? text : `export ${text}`
  return name === as ? declaration : `${declaration}\n// as ${as}`
}

const namesIn = (list: string): [string, string][] =>
  list
    .slice(1, -1)
    .split(',')
    .map((part) => part.trim().replace(/^type /, ''))
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', as = name] = part.split(' as ')
      return [name, as]
    })

/** Declarations import `./x.ts`, as their sources do. */
const beside = (file: string, from: string): string => join(dirname(file), from.replace(/\.[jt]s$/, '.d.ts'))

function statementsOf(text: string): string[] {
  const plain = text
    .replaceAll(/^[ \t]*\/\*[\s\S]*?\*\/[ \t]*\n/gm, '')
    .replaceAll(/^[ \t]*\/\/.*(?:\n|$)/gm, '')
    // Private members are no part of what is exported, whichever way they are written.
    .replaceAll(/^[ \t]*(?:#private|private .*);\n/gm, '')
    .split('\n')
  const statements: string[][] = []
  for (const line of plain) {
    if (/^(?:export|declare|import|interface|type|const|class|function)\b/.test(line)) statements.push([])
    if (line.trim() !== '') statements.at(-1)?.push(line)
  }
  return statements.map((lines) => lines.join('\n'))
}
