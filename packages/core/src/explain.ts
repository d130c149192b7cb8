import { type Problem, problem } from './errors.ts'

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
