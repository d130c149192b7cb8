import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/schema'
import { CoreError, type CoreErrorCode, type Problem, problem } from './errors.ts'
import { explain } from './explain.ts'
import { fromWire, MAX_WIRE_BYTES, preview, toWire, wireBytes } from './text.ts'

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

/** As `readObject`, and looks at `v` before anything else, so that a newer message is told from a broken one. */
export function readVersioned(text: string, code: CoreErrorCode): Readonly<Record<string, unknown>> {
  const value = readObject(text, code)
  const version = value.v
  if (version === 1) return value
  if (Number.isSafeInteger(version)) throw new CoreError('VERSION_UNKNOWN', [problem('v', version, '1')])
  throw new CoreError(code, [problem('v', version, 'the version, 1')])
}

function checkSize(text: string): void {
  if (wireBytes(text) <= MAX_WIRE_BYTES) return
  const expected = `at most ${MAX_WIRE_BYTES} bytes`
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
    if (wireBytes(text) <= MAX_WIRE_BYTES) return text
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
