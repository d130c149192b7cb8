import { execFileSync } from 'node:child_process'
import type { Block, Resource } from '../providers.ts'

/*
 * Reads the schemas of a provider that is written with Terraform's plugin SDK, out of a clone of its repository. It reads
 * Go's map literals and follows the functions that give a part of them; what it does not understand is an error.
 */

type Field = readonly [key: string, value: string]

/** Where the bracket at `start` closes; strings and comments are stepped over. */
function closing(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const two = text.slice(at, at + 2)
    if (two === '//') at = text.indexOf('\n', at)
    else if (two === '/*') at = text.indexOf('*/', at) + 1
    else if (text[at] === '"') while (text[++at] !== '"') at += text[at] === '\\' ? 1 : 0
    else if (text[at] === '`') at = text.indexOf('`', at + 1)
    else if ('{(['.includes(text[at] as string)) depth++
    else if ('})]'.includes(text[at] as string) && --depth === 0) return at
  }
  throw new Error(`not closed: ${text.slice(start, start + 80)}`)
}

/** What is between the first opening brace after `start` and its end. */
function within(text: string, start: number): string {
  const open = text.indexOf('{', start)
  return text.slice(open + 1, closing(text, open))
}

/** The `key: value` pairs of a composite literal. */
function fieldsOf(literal: string): Field[] {
  const found: Field[] = []
  const text = literal.replaceAll(/^\s*\/\/.*$/gm, '')
  const key = /\s*("?)([\w.]+)\1:\s*/y
  for (let at = 0; ; ) {
    key.lastIndex = at
    const match = key.exec(text)
    if (match === null) return found
    let end = key.lastIndex
    while (end < text.length && text[end] !== ',')
      end = '{(['.includes(text[end] as string) ? closing(text, end) + 1 : end + 1
    found.push([match[2] as string, text.slice(key.lastIndex, end).trim()])
    at = end + 1
  }
}

export class GoProvider {
  readonly #repository: string
  readonly #commit: string
  readonly #folders: readonly string[]
  readonly #functions = new Map<string, string>()

  /** `folders`: where functions are looked up. */
  constructor(repository: string, commit: string, folders: readonly string[]) {
    this.#repository = repository
    this.#commit = commit
    this.#folders = folders
  }

  /** What `git grep` finds, as `[path, line]`. */
  #grep(pattern: string): [string, string][] {
    const args = [
      '-C',
      this.#repository,
      'grep',
      '-E',
      '--no-color',
      pattern,
      this.#commit,
      '--',
      ...this.#folders.map((folder) => `:(glob)${folder}/**/*.go`),
    ]
    let out = ''
    try {
      out = execFileSync('git', args, { encoding: 'utf8' })
    } catch {
      return []
    }
    return out
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [, path = '', found = ''] = /^[^:]+:([^:]+):(.*)$/.exec(line) ?? []
        return [path, found]
      })
  }

  read(path: string): string {
    return execFileSync('git', ['-C', this.#repository, 'show', `${this.#commit}:${path}`], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
  }

  /** The body of a function, by the way it is declared. */
  #body(declaration: string): string {
    const known = this.#functions.get(declaration)
    if (known !== undefined) return known
    // Functions of the same name give schemas of the provider's newer framework.
    const places = this.#grep(`^func ${declaration}\\(.*[]* ](pluginsdk|schema)\\.(Schema|Resource) `)
    const [path] = places[0] ?? []
    if (path === undefined) throw new Error(`there is no func ${declaration}`)
    const text = this.read(path)
    const start = text.search(new RegExp(`^func ${declaration}\\(`, 'm'))
    // Past the result type, which may have braces of its own in none of these files.
    const body = within(text, text.indexOf(')', start))
    this.#functions.set(declaration, body)
    return body
  }

  /** Constants that stand for names in a schema. */
  readonly #constants = new Map<string, string>()
  #name(key: string, isQuoted: boolean): string {
    if (isQuoted) return key
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const [, line = ''] = this.#grep(`^\\s*${key}\\s*=\\s*"`)[0] ?? []
    const [, value] = /"([^"]*)"/.exec(line) ?? []
    if (value === undefined) throw new Error(`there is no constant ${key}`)
    this.#constants.set(key, value)
    return value
  }

  /** A resource by the function that gives it, or a data source. */
  resource(name: string): Resource {
    const type = name.replace(/^data\./, '')
    const isData = type !== name
    const registered = this.#grep(`^\\s*"${type}":\\s+\\w+\\(`)
    const [, call = ''] =
      registered
        .map(([, line]) => /:\s+(\w+)\(/.exec(line) ?? [])
        .find(([, found = '']) => isData === found.startsWith('data')) ?? []
    const resource: Resource = { needed: [], optional: [], blocks: {}, exported: {} }
    if (call !== '') {
      const body = this.#body(call)
      this.#into(resource, this.#schemaLiteral(body))
      return resource
    }
    const owner = this.#grep(`return "${type}"$`)
      .map(([path]) => path)
      .find((path) => path.endsWith('_data_source.go') === isData)
    if (owner === undefined) throw new Error(`there is no ${name}`)
    const text = this.read(owner)
    const declared = [...text.matchAll(/^func \(\w* ?\*?(\w+)\) (Arguments|Attributes)\(\)[^{]*\{/gm)]
    if (declared.length === 0) throw new Error(`${owner}: no Arguments()`)
    for (const { index, 0: head } of declared)
      this.#into(resource, this.#schemaLiteral(text.slice(index + head.length - 1)))
    return resource
  }

  /** The first map of a schema in a text. */
  #schemaLiteral(text: string): string {
    const start = text.search(/map\[string\]\*(?:pluginsdk|schema)\.Schema\s*\{/)
    if (start < 0) {
      const [, call = ''] = /Schema:\s+(\w+)\(/.exec(text) ?? /return (\w+)\(/.exec(text) ?? []
      return this.#schemaLiteral(this.#body(call))
    }
    return within(text, start)
  }

  #into(resource: Resource, literal: string): void {
    const quoted = new Set([...literal.matchAll(/^\s*"(\w+)":/gm)].map(([, key]) => key))
    for (const [key, value] of fieldsOf(literal))
      this.#add(resource, this.#name(key, quoted.has(key)), value, resource.exported)
  }

  #add(block: Block, name: string, value: string, exported?: Record<string, string[]>): void {
    const { literal, isNeeded, isOptional } = this.#schema(value)
    const inner = this.#inner(literal)
    const names: string[] = []
    if (inner !== undefined) {
      const nested = { needed: [], optional: [], blocks: {}, isNeeded }
      const quoted = new Set([...inner.matchAll(/^\s*"(\w+)":/gm)].map(([, key]) => key))
      for (const [key, each] of fieldsOf(inner)) {
        const called = this.#name(key, quoted.has(key))
        names.push(called)
        this.#add(nested, called, each)
      }
      if (isNeeded || isOptional) block.blocks[name] = nested
    } else if (isNeeded) block.needed.push(name)
    else if (isOptional) block.optional.push(name)
    if (exported !== undefined) exported[name] = names
  }

  /** The literal behind an expression that gives a schema. */
  #schema(value: string): { literal: string; isNeeded: boolean; isOptional: boolean } {
    if (/^(?:&?(?:pluginsdk|schema)\.Schema)?\s*\{/.test(value)) {
      const literal = within(value, 0)
      const fields = new Map(fieldsOf(literal))
      return { literal, isNeeded: fields.get('Required') === 'true', isOptional: fields.get('Optional') === 'true' }
    }
    const [, call] = /^(?:\w+\.)?(\w+)\(/.exec(value) ?? []
    if (call === undefined) throw new Error(`not understood: ${value.slice(0, 80)}`)
    const body = this.#body(call)
    const [, given = ''] = /return\s+([\s\S]*)/.exec(body) ?? []
    return this.#schema(given.trim())
  }

  /** The fields of a block, where the schema is one of blocks. */
  #inner(literal: string): string | undefined {
    const elem = new Map(fieldsOf(literal)).get('Elem')
    if (elem === undefined || /^&?(?:pluginsdk|schema)\.Schema\{/.test(elem)) return undefined
    if (/^&?(?:pluginsdk|schema)\.Resource\{/.test(elem)) return this.#schemaLiteral(elem)
    const [, call = ''] = /^(?:\w+\.)?(\w+)\(/.exec(elem) ?? []
    return this.#schemaLiteral(this.#body(call))
  }
}
