import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/schema'
import { CoreError, type CoreErrorCode, type Problem, problem } from '../errors.ts'
import { fromWire, maxWireBytes, preview, toWire, wireBytes } from './text.ts'

/** The part of JSON Schema that our schemas use. */
interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly maxProperties?: number
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Says in our words everything that is wrong with a value: empty exactly when the value fits the schema. Of a union only
 * the branch that was meant is looked at, told by its constants. Recursion is as deep as the schema, not as the value.
 */
export function explain(schema: Schema, value: unknown, at = ''): Problem[] {
  if (schema.anyOf !== undefined) return explainUnion(schema.anyOf, value, at)
  const outer = fits(schema, value) ? [] : [problem(at || 'message', value, describe(schema))]
  if (Array.isArray(value) && schema.type === 'array') {
    return [...outer, ...value.flatMap((entry, index) => explain(schema.items ?? {}, entry, join(at, index)))]
  }
  return isFields(value) && schema.type === 'object' ? [...outer, ...explainFields(schema, value, at)] : outer
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const join = (at: string, key: string | number): string => (at === '' ? `${key}` : `${at}.${key}`)

/** A key such as `__proto__` or `constructor` is none that a message has. */
const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined

function explainFields(schema: Schema, value: Fields, at: string): Problem[] {
  const missing = (schema.required ?? [])
    .filter((key) => !Object.hasOwn(value, key))
    .map((key) => problem(join(at, key), undefined, describe(own(schema.properties ?? {}, key) ?? {})))
  const present = Object.entries(value).flatMap(([key, field]) => {
    const inner = own(schema.properties ?? {}, key) ?? matching(schema, key)
    if (inner !== undefined) return explain(inner, field, join(at, key))
    return schema.additionalProperties === false ? [problem(join(at, key), field, 'no such key')] : []
  })
  return [...missing, ...present]
}

const matching = (schema: Schema, key: string): Schema | undefined =>
  Object.entries(schema.patternProperties ?? {}).find(([pattern]) => new RegExp(pattern, 'u').test(key))?.[1]

function explainUnion(branches: readonly Schema[], value: unknown, at: string): Problem[] {
  const meant = branches.find((branch) => isMeant(branch, value))
  if (meant !== undefined) return explain(meant, value, at)
  const kinds = branches.flatMap((branch) => own(branch.properties ?? {}, 'kind') ?? [])
  if (isFields(value) && kinds.length > 0) {
    return [problem(join(at, 'kind'), own(value, 'kind'), kinds.map(describe).join(' or '))]
  }
  return [problem(at || 'message', value, [...new Set(branches.map(describe))].join(' or '))]
}

/** The type is right, and so is every constant, `kind` above all. */
function isMeant(branch: Schema, value: unknown): boolean {
  if (branch.type !== 'object') return fits(branch, value)
  const constants = Object.entries(branch.properties ?? {}).filter(
    ([key, { const: constant }]) => key === 'kind' && constant !== undefined,
  )
  return isFields(value) && constants.every(([key, { const: constant }]) => own(value, key) === constant)
}

const within = (size: number, min = 0, max = Number.POSITIVE_INFINITY): boolean => min <= size && size <= max

/** Looks at the value itself, not at what is in it. */
function fits(schema: Schema, value: unknown): boolean {
  if (schema.enum !== undefined) return schema.enum.includes(value)
  if (schema.const !== undefined) return schema.const === value
  switch (schema.type) {
    case 'object':
      return isFields(value) && Object.keys(value).length <= (schema.maxProperties ?? Number.POSITIVE_INFINITY)
    case 'array':
      return Array.isArray(value) && within(value.length, schema.minItems, schema.maxItems)
    case 'string':
      return typeof value === 'string' && fitsText(schema, value)
    case 'integer':
      return Number.isInteger(value) && within(value as number, schema.minimum, schema.maximum)
    case 'number':
      return Number.isFinite(value) && within(value as number, schema.minimum, schema.maximum)
    case 'null':
      return value === null
    default:
      return true
  }
}

function fitsText({ minLength, maxLength, pattern }: Schema, text: string): boolean {
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(text)) return false
  // JSON Schema counts code points.
  return minLength === undefined && maxLength === undefined
    ? true
    : within(Array.from(text).length, minLength, maxLength)
}

/** What belongs there. */
function describe(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' or ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  switch (schema.type) {
    case 'object':
      return schema.maxProperties === undefined ? 'an object' : `an object of at most ${schema.maxProperties} keys`
    case 'array':
      return `a list${size(schema.minItems, schema.maxItems, 'entries')}`
    case 'string':
      return describeText(schema)
    case 'integer':
      return `a whole number${limits(schema.minimum, schema.maximum)}`
    case 'number':
      return `a number${limits(schema.minimum, schema.maximum)}`
    case 'null':
      return 'null'
    default:
      return 'a value'
  }
}

function describeText({ minLength, maxLength, pattern }: Schema): string {
  return `a text${size(minLength, maxLength, 'characters')}${pattern === undefined ? '' : ` that matches ${pattern}`}`
}

function size(min = 0, max = Number.POSITIVE_INFINITY, of: string): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '' : ` of ${min} ${of} or more`
  return min === 0 ? ` of at most ${max} ${of}` : ` of ${min} to ${max} ${of}`
}

const limits = (min = 0, max = Number.MAX_SAFE_INTEGER): string =>
  max === Number.MAX_SAFE_INTEGER ? `, ${min} or more` : ` from ${min} to ${max}`

/** A whole number that JSON and JavaScript keep exactly. */
export const Whole = (description: string, minimum = 0) =>
  Type.Integer({ description, minimum, maximum: Number.MAX_SAFE_INTEGER })

/** Strict objects: an unknown key is an error. */
export const strict = { additionalProperties: false } as const

export interface Validator<T> {
  /** Everything wrong with a value; an empty list for a valid one. */
  problems(value: unknown): Problem[]
  /** Throws `code` with all problems, else returns the value as what it is. */
  parse(value: unknown, code: CoreErrorCode): T
}

/** Compiles a schema; `refine` adds what JSON Schema can't say and sees valid values alone. */
export function validator<S extends TSchema>(
  schema: S,
  refine: (value: Static<S>) => Problem[] = () => [],
): Validator<Static<S>> {
  const compiled = Compile(schema)
  const problems = (value: unknown): Problem[] =>
    compiled.Check(value) ? refine(value as Static<S>) : explain(schema, value)
  return {
    problems,
    parse(value, code) {
      const found = problems(value)
      if (found.length > 0) throw new CoreError(code, found)
      return value as Static<S>
    },
  }
}

interface SchemaParts {
  readonly items?: TSchema
  readonly properties?: Readonly<Record<string, TSchema>>
  readonly patternProperties?: Readonly<Record<string, TSchema>>
}

/** The value without the keys that its schema's objects do not name. Records and everything else stay as they are. */
export function withoutUnknownKeys(schema: TSchema, value: unknown): unknown {
  const { items, properties, patternProperties = {} } = schema as SchemaParts
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return items === undefined ? value : value.map((one) => withoutUnknownKeys(items, one))
  const [ofRecord] = Object.values(patternProperties)
  const kept = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    const known = properties === undefined ? ofRecord : Object.hasOwn(properties, key) ? properties[key] : undefined
    if (known !== undefined) return [[key, withoutUnknownKeys(known, inner)]]
    return properties === undefined ? [[key, inner]] : []
  })
  return Object.fromEntries(kept)
}

/** Parses what came from a queue. Throws `code` for a text that is no JSON object, `TOO_LARGE` for one beyond a message. */
export function readObject(text: string, code: CoreErrorCode): Readonly<Record<string, unknown>> {
  checkSize(text)
  let value: unknown
  try {
    value = fromWire(text)
  } catch (error) {
    const reason = preview(error instanceof Error ? error.message : String(error), { quote: false })
    const expected = `a JSON object, plain or in base64 (${reason})`
    throw new CoreError(code, [problem('message', text, expected)], { cause: error })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new CoreError(code, [problem('message', value, 'a JSON object')])
}

/** As `readObject`, and looks at `v` before anything else, so that a newer message and a broken one have different problems. */
export function readVersioned(text: string, code: CoreErrorCode): Readonly<Record<string, unknown>> {
  const value = readObject(text, code)
  const version = value.v
  if (version === 1) return value
  if (Number.isSafeInteger(version)) throw new CoreError('VERSION_UNKNOWN', [problem('v', version, '1')])
  throw new CoreError(code, [problem('v', version, 'the version, 1')])
}

function checkSize(text: string): void {
  if (wireBytes(text) <= maxWireBytes) return
  const expected = `at most ${maxWireBytes} bytes`
  throw new CoreError('TOO_LARGE', [problem('message', `${wireBytes(text)} bytes`, expected)])
}

/** A copy of a message's object without a key. */
export const without = <T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> =>
  Object.fromEntries(Object.entries(value).filter(([own]) => own !== key)) as Omit<T, K>

/**
 * `toWire` of the value; while that is too large, `drops` leave something out, one after the other. Throws `TOO_LARGE`
 * where all of them are not enough.
 */
export function writeFitting<T>(value: T, drops: readonly ((value: T) => T)[]): string {
  let smaller = value
  let text = toWire(smaller)
  for (const drop of drops) {
    if (wireBytes(text) <= maxWireBytes) return text
    smaller = drop(smaller)
    text = toWire(smaller)
  }
  checkSize(text)
  return text
}

/** `toWire` with the size checked where the message is made. */
export function writeMessage(value: unknown): string {
  const text = toWire(value)
  checkSize(text)
  return text
}
