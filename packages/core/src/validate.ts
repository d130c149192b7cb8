import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { CoreError, type CoreErrorCode, type Problem, problem } from './errors.ts'
import { fromWire, MAX_WIRE_BYTES, toWire, wireBytes } from './text.ts'

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
    compiled.Check(value) ? refine(value as Static<S>) : schemaProblems(compiled.Errors(value), value)
  return {
    problems,
    parse(value, code) {
      const found = problems(value)
      if (found.length > 0) throw new CoreError(code, found)
      return value as Static<S>
    },
  }
}

interface SchemaError {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}

/** Says the schema's errors in our words; of a union only the branch that was meant, told by its constants. */
function schemaProblems(errors: readonly SchemaError[], value: unknown): Problem[] {
  const branch = /^(.*\/anyOf)\/\d+/
  const otherBranches = errors
    .filter(({ keyword, schemaPath }) => keyword === 'const' && branch.test(schemaPath))
    .map(({ schemaPath }) => `${branch.exec(schemaPath)?.[0]}/`)
  const meant = errors.filter(
    ({ keyword, schemaPath }) =>
      keyword !== 'boolean' && !otherBranches.some((other) => `${schemaPath}/`.startsWith(other)),
  )
  const explained = new Set(meant.map(({ schemaPath }) => branch.exec(schemaPath)?.[1]))
  const found = meant.filter(({ keyword, schemaPath }) => keyword !== 'anyOf' || !explained.has(`${schemaPath}/anyOf`))
  return found.flatMap((error) => problemsOf(error, value))
}

function problemsOf({ instancePath, params, message }: SchemaError, value: unknown): Problem[] {
  const at = instancePath.split('/').slice(1).map(unescapePointer)
  const keys = { ...params } as { additionalProperties?: string[]; requiredProperties?: string[] }
  const unknown = keys.additionalProperties?.map((key) =>
    problem([...at, key].join('.'), lookUp(value, [...at, key]), 'no such key'),
  )
  const missing = keys.requiredProperties?.map((key) => problem([...at, key].join('.'), undefined, 'a value'))
  return (
    unknown ?? missing ?? [problem(at.join('.') || 'message', lookUp(value, at), message.replace(/^must /, 'it to '))]
  )
}

const unescapePointer = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~')

const lookUp = (value: unknown, keys: readonly string[]): unknown =>
  keys.reduce((inner: unknown, key) => (inner as Record<string, unknown> | null | undefined)?.[key], value)

/** Parses what came from a queue. Throws `code` for a text that is no JSON object, `TOO_LARGE` for one beyond a message. */
export function readObject(text: string, code: CoreErrorCode): Readonly<Record<string, unknown>> {
  checkSize(text)
  let value: unknown
  try {
    value = fromWire(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CoreError(code, [problem('message', text, `a JSON object, plain or in base64 (${reason})`)], {
      cause: error,
    })
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

/** `toWire` with the size checked where the message is made. */
export function writeMessage(value: unknown): string {
  const text = toWire(value)
  checkSize(text)
  return text
}
