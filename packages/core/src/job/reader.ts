import { isCoreError, type Problem, problem } from '../errors.ts'
import { compileDirectoryPattern, compilePattern } from '../filters/filter.ts'
import { type JobList, maxListChunks } from '../messages/list.ts'
import { runPattern } from '../names/names.ts'
import { ancestors, checkPath, normalisePath } from '../names/paths.ts'
import { preview } from '../wire/text.ts'

/*
 * What a mount address may be. Only spelling is checked: whether a name resolves is for the workers to find out.
 */

const addressExpected = 'an IPv4 address, an IPv6 address without zone, or a host name'
const oneByOneExpected = 'each address of a range by itself, as 10.0.1.11,10.0.1.12'

/** The forms that people give a range of IPv4 addresses: 10.0.1.11-13, 10.0.1.0/28, 10.0.1.*, 10.0.1.[11-13]. */
const range = /^\d+\.\d+\.[\d.]*(?:\d-[\d.]+|\/\d+|\*|[[{].*)$/

const hostLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** The address in lower case, without brackets, spaces and the dot at the end; undefined for what is none. */
export function parseAddress(text: string): string | undefined {
  const address = text.trim().toLowerCase()
  if (address.includes(':')) {
    const bare = /^\[(.*)\]$/.exec(address)?.[1] ?? address
    return isIpv6(bare) ? bare : undefined
  }
  if (range.test(address)) return undefined
  const name = address.endsWith('.') ? address.slice(0, -1) : address
  const labels = name.split('.')
  // A name whose last label is a number is meant as an IPv4 address: resolvers take it for one.
  if (/^\d+$/.test(labels.at(-1) ?? '')) return isIpv4(address) ? address : undefined
  return name.length <= 253 && labels.every((label) => hostLabel.test(label)) ? name : undefined
}

/** Four decimal numbers; one with a leading 0 is refused, as some programs read it as octal. */
function isIpv4(text: string): boolean {
  const numbers = text.split('.')
  return numbers.length === 4 && numbers.every((number) => /^(0|[1-9]\d{0,2})$/.test(number) && Number(number) <= 255)
}

/** RFC 4291 section 2.2, all three forms. */
function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1) ?? ''
  const embedded = last.includes('.') && text.endsWith(last)
  if (embedded && !isIpv4(last)) return false
  const hexadecimal = embedded ? groups.slice(0, -1) : groups
  const count = hexadecimal.length + (embedded ? 2 : 0)
  return hexadecimal.every((group) => /^[0-9a-f]{1,4}$/.test(group)) && (halves.length === 2 ? count < 8 : count === 8)
}

/** Most warnings of one kind that a job brings along. */
const maxUnknownShown = 20

/** Reads the fields of an object that people typed: keys in any case, and `null` for what is absent. */
export interface FieldReader {
  readonly problems: Problem[]
  readonly warnings: string[]
  /** Undefined where it is absent, empty, or a problem. */
  text(key: string): string | undefined
  /** Index and text of what is in a list; nothing where it is absent or a problem. Empty texts are dropped. */
  list(key: string): [at: number, text: string][]
  /** The objects in a list, each with a name for its problems; nothing where it is absent or a problem. */
  objects(key: string): [at: string, fields: Readonly<Record<string, unknown>>][]
  whole(key: string, limits: { min?: number; max?: number }): number | undefined
  /** False where it is absent or a problem. */
  flag(key: string): boolean
  choice<T extends string>(key: string, values: readonly T[]): T | undefined
  /** Says a problem, the first of each field. */
  refuse(key: string, expected: string, value?: unknown): void
  /** Call when all fields were read: what is left over is unknown. */
  finish(unknownKeys: 'warn' | 'refuse'): void
}

export function fieldReader(fields: Readonly<Record<string, unknown>>): FieldReader {
  const problems: Problem[] = []
  const warnings: string[] = []
  const values = new Map<string, { readonly given: string; readonly value: unknown }>()
  for (const [given, value] of Object.entries(fields)) {
    const before = values.get(given.toLowerCase())
    if (before !== undefined)
      warnings.push(`${preview(before.given)} and ${preview(given)} are the same key: the last one counts`)
    values.set(given.toLowerCase(), { given, value })
  }
  const used = new Set<string>()
  const refused = new Set<string>()

  const take = (key: string): unknown => {
    used.add(key.toLowerCase())
    return values.get(key.toLowerCase())?.value ?? undefined
  }
  const refuse = (key: string, expected: string, value: unknown = take(key)): void => {
    if (!refused.has(key)) problems.push(problem(key, value, expected))
    refused.add(key)
  }

  return {
    problems,
    warnings,
    refuse,
    text(key) {
      const value = take(key)
      if (typeof value === 'string') return value === '' ? undefined : value
      if (value !== undefined) refuse(key, 'a text')
      return undefined
    },
    list(key) {
      const value = take(key)
      if (value === undefined) return []
      if (!Array.isArray(value)) {
        refuse(key, 'a list of texts')
        return []
      }
      const texts: [number, string][] = []
      for (const [at, entry] of value.entries()) {
        if (typeof entry !== 'string') refuse(`${key}[${at}]`, 'a text', entry)
        else if (entry !== '') texts.push([at, entry])
      }
      if (value.includes('')) warnings.push(`${key}: empty entries are ignored`)
      return texts
    },
    objects(key) {
      const value = take(key)
      if (value === undefined) return []
      if (!Array.isArray(value)) {
        refuse(key, 'a list of objects')
        return []
      }
      const found: [string, Readonly<Record<string, unknown>>][] = []
      for (const [at, entry] of value.entries()) {
        const name = `${key}[${at}]`
        if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) found.push([name, entry])
        else refuse(name, 'an object', entry)
      }
      return found
    },
    whole(key, { min = 0, max = Number.MAX_SAFE_INTEGER }) {
      const value = take(key)
      if (value === undefined) return undefined
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value
      refuse(
        key,
        max === Number.MAX_SAFE_INTEGER ? `a whole number, ${min} or more` : `a whole number from ${min} to ${max}`,
      )
      return undefined
    },
    flag(key) {
      const value = take(key) ?? false
      if (typeof value !== 'boolean') refuse(key, 'true or false')
      return value === true
    },
    choice(key, choices) {
      const value = take(key)
      if (value === undefined) return undefined
      const found = typeof value === 'string' ? choices.find((known) => known === value.toLowerCase()) : undefined
      if (found === undefined) refuse(key, choices.map((known) => `"${known}"`).join(' or '))
      return found
    },
    finish(unknownKeys) {
      const unknown = [...values].filter(([key]) => !used.has(key)).map(([, { given, value }]) => ({ given, value }))
      if (unknownKeys === 'refuse') {
        problems.push(...unknown.map(({ given, value }) => problem(given, value, 'no such key')))
        return
      }
      warnings.push(...unknown.slice(0, maxUnknownShown).map(({ given }) => `unknown key ${preview(given)} is ignored`))
      const more = unknown.length - maxUnknownShown
      if (more > 0) warnings.push(`${more} more unknown keys are ignored`)
    },
  }
}

/*
 * Readers of fields whose text has rules of its own. Each says every problem to the reader, under the key it was given, and
 * returns something harmless in place of what it refused.
 */

export function readAddresses(read: FieldReader, key: string, most: number): string[] {
  const addresses = new Set<string>()
  const list = read.list(key)
  if (list.length === 0) read.refuse(key, 'at least one address')
  for (const [at, given] of list) {
    const address = parseAddress(given)
    if (address === undefined)
      read.refuse(`${key}[${at}]`, range.test(given.trim()) ? oneByOneExpected : addressExpected, given)
    else if (addresses.has(address)) read.warnings.push(`${key}: ${preview(given)} is there twice`)
    else addresses.add(address)
  }
  if (addresses.size > most) read.refuse(key, `at most ${most} addresses`)
  return [...addresses]
}

export function readExportPath(read: FieldReader, key: string, maxBytes: number): string {
  const given = read.text(key)
  if (given === undefined || !given.startsWith('/')) {
    read.refuse(key, 'the path of an export, which begins with "/"')
    return '/'
  }
  return normalised(read, key, given, maxBytes)
}

const whichPath = 'a path within the export, "/" for all of it'

/** A path without a leading '/' begins at the root of the export all the same, as it did for the original. */
export function readPath(read: FieldReader, key: string): string {
  const given = read.text(key)
  if (given === undefined) read.refuse(key, whichPath)
  return normalised(read, key, given ?? '/')
}

/** The paths of both keys, in order, none inside another. */
export function readPaths(
  read: FieldReader,
  firstKey: string,
  moreKey: string,
  options: { readonly mayBeNone: boolean },
): string[] {
  const more = read.list(moreKey)
  const isNone = read.text(firstKey) === undefined && (more.length > 0 || options.mayBeNone)
  const first = isNone ? [] : [readPath(read, firstKey)]
  const given = [...first, ...more.map(([at, path]) => normalised(read, `${moreKey}[${at}]`, path))]
  const paths = new Set(given)
  if (paths.size < given.length) read.warnings.push(`${moreKey}: paths that are there twice are warmed once`)
  return [...paths].filter((path) => {
    const outer = ancestors(path).find((ancestor) => paths.has(ancestor))
    if (outer !== undefined) read.warnings.push(`${preview(path)} lies inside ${preview(outer)} and is warmed with it`)
    return outer === undefined
  })
}

/** The path as it is used; the root, which is never used, where it is refused. */
function normalised(read: FieldReader, key: string, given: string, maxBytes?: number): string {
  const path = normalisePath(given)
  const expected = checkPath(path, maxBytes)
  if (expected === undefined) return path
  read.refuse(key, expected, given)
  return '/'
}

/** Patterns are compiled here, so that a bad one is refused before anything is started. */
export function readPatterns(read: FieldReader, key: string, target: 'file' | 'directory' = 'file'): string[] {
  const patterns = read.list(key)
  for (const [at, pattern] of patterns) {
    try {
      if (target === 'file') compilePattern(pattern)
      else compileDirectoryPattern(pattern)
    } catch (error) {
      if (!isCoreError(error)) throw error
      read.refuse(`${key}[${at}]`, error.problems[0]?.expected ?? 'a pattern', pattern)
    }
  }
  return patterns.map(([, pattern]) => pattern)
}

/** As `readPatterns`, with a compiler for each line of text. */
export function readTexts(read: FieldReader, key: string, compile: (text: string) => unknown): string[] | undefined {
  const texts = read.list(key)
  for (const [at, text] of texts) checkCompiles(read, `${key}[${at}]`, text, compile)
  return texts.length === 0 ? undefined : texts.map(([, text]) => text)
}

function checkCompiles(read: FieldReader, field: string, text: string, compile: (text: string) => unknown): void {
  try {
    compile(text)
  } catch (error) {
    if (!isCoreError(error)) throw error
    read.refuse(field, error.problems[0]?.expected ?? 'a pattern', text)
  }
}

/** As `DirectoryRule` of the field table. */
interface RuleOfDirectory {
  path: string
  include: string[]
  exclude: string[]
}

/** `compile` is for the expressions. */
export function readDirectoryRules(
  read: FieldReader,
  key: string,
  compile: (expression: string) => unknown,
): RuleOfDirectory[] | undefined {
  const rules = read.objects(key).map(([at, fields]): RuleOfDirectory => {
    const inner = fieldReader(fields)
    const expressions = (name: string): string[] => readTexts(inner, name, compile) ?? []
    const rule = { path: readPath(inner, 'Path'), include: expressions('Include'), exclude: expressions('Exclude') }
    inner.finish('refuse')
    read.problems.push(...inner.problems.map((problem) => ({ ...problem, field: `${at}.${problem.field}` })))
    return rule
  })
  return rules.length === 0 ? undefined : rules
}

const listId = new RegExp(runPattern)

export function readJobList(
  read: FieldReader,
  idKey: string,
  chunksKey: string,
  pathsKey: string,
): JobList | undefined {
  const id = read.text(idKey)
  const chunks = read.whole(chunksKey, { min: 1, max: maxListChunks })
  const paths = read.whole(pathsKey, {})
  if (id === undefined) return undefined
  if (!listId.test(id)) read.refuse(idKey, 'the id of a list, 12 letters and digits')
  if (chunks === undefined) read.refuse(chunksKey, 'how many messages the list has')
  return { id, chunks: chunks ?? 1, paths: paths ?? 0 }
}

const jobLabel = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,128}$/u

export function readLabel(read: FieldReader, key: string): string | undefined {
  const label = read.text(key)
  if (label !== undefined && !jobLabel.test(label)) read.refuse(key, 'a label of at most 128 printable characters')
  return label
}

const time = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/

export function readTime(read: FieldReader, key: string): string | undefined {
  const text = read.text(key)
  if (text === 'last') return text
  if (text !== undefined && !isTime(text)) read.refuse(key, 'a time as 2026-01-31T08:00:00Z, with a zone, or "last"')
  return text
}

/** `Date.parse` takes the 31st of February for a day in March, so the date alone has to come back as it was. */
function isTime(text: string): boolean {
  const date = time.exec(text)?.[1]
  if (date === undefined || Number.isNaN(Date.parse(text))) return false
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date)
}
