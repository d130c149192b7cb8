import { dirname, join, relative } from 'node:path'
import { parse } from '@cdktn/hcl2json'
import { readText, repositoryFiles, root } from '../support/repository.ts'

type Body = Readonly<Record<string, unknown>>

/** A folder of Terraform files, as one module. */
export interface Module {
  readonly folder: string
  readonly variables: ReadonlyMap<string, Body>
  readonly outputs: ReadonlyMap<string, Body>
  readonly locals: ReadonlyMap<string, unknown>
  readonly calls: ReadonlyMap<string, Body>
  /** `type.name`, or `data.type.name`. */
  readonly resources: ReadonlyMap<string, Body>
  /** All that stands in its files, except descriptions. */
  readonly expressions: readonly string[]
}

type Parsed = Readonly<Record<string, unknown>>
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value])
const entries = (value: unknown): [string, unknown][] => Object.entries((value ?? {}) as Parsed)
const body = (value: unknown): Body => list(value)[0] as Body

/** Parses each file; throws with the line where one is no HCL. */
async function readModule(folder: string): Promise<Module> {
  const files = repositoryFiles(`${folder}/*.tf`).filter((path) => dirname(path) === folder)
  const parsed = await Promise.all(files.map(async (path) => (await parse(path, readText(path))) as Parsed))
  const blocks = (kind: string): [string, unknown][] => parsed.flatMap((file) => entries(file[kind]))
  const named = (kind: string): Map<string, Body> => new Map(blocks(kind).map(([name, value]) => [name, body(value)]))
  const typed = (kind: string, prefix: string): [string, Body][] =>
    blocks(kind).flatMap(([type, byName]) =>
      entries(byName).map(([name, value]): [string, Body] => [`${prefix}${type}.${name}`, body(value)]),
    )
  return {
    folder,
    variables: named('variable'),
    outputs: named('output'),
    locals: new Map(parsed.flatMap((file) => list(file['locals'] ?? []).flatMap(entries))),
    calls: named('module'),
    resources: new Map([...typed('resource', ''), ...typed('data', 'data.')]),
    expressions: parsed.flatMap(expressionsOf),
  }
}

/** The expressions in `${…}` anywhere below: a variable's name in a description is no use of it. */
function expressionsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.includes('${') ? [value.slice(value.indexOf('${'))] : []
  if (Array.isArray(value)) return value.flatMap(expressionsOf)
  if (typeof value !== 'object' || value === null) return []
  return entries(value).flatMap(([key, inner]) =>
    key === 'description' ? [] : [...expressionsOf(key), ...expressionsOf(inner)],
  )
}

const folders = [...new Set(repositoryFiles('terraform/**/*.tf').map((path) => dirname(path)))].sort()
export const modules: readonly Module[] = await Promise.all(folders.map(readModule))

/** The module that a call names as its source. */
export const sourceOf = (caller: Module, call: Body): Module | undefined => {
  const folder = relative(root, join(root, caller.folder, String(call['source'])))
  return modules.find((module) => module.folder === folder)
}

/** Names that are read as `prefix.NAME`, in strings too: `"${var.a}"`. */
export const namesAfter = (prefix: string, expressions: readonly string[]): Set<string> =>
  new Set(
    expressions.flatMap((text) =>
      [...text.matchAll(new RegExp(`(?<![\\w.])${prefix}\\.(\\w+)`, 'g'))].map(([, name = '']) => name),
    ),
  )

/** Expressions below a value. */
export const expressionsIn = expressionsOf

/** The names that an install module's `settings` takes. */
export function settingNames({ folder, variables }: Module): string[] {
  const [validation] = (variables.get('settings')?.['validation'] ?? []) as { condition: string }[]
  if (validation === undefined) throw new Error(`${folder}: its settings are not validated`)
  return [...validation.condition.matchAll(/"(\w+)"/g)].map(([, name = '']) => name)
}
