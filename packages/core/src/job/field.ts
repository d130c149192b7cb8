import { type Static, type TSchema, Type } from 'typebox'
import { Whole } from '../wire/validate.ts'
import { type FieldReader, readPatterns, readTexts } from './reader.ts'

/*
 * What a row of the table of a job's fields says (`fields.ts`), and how rows of one kind are made.
 */

/** How a field is given on a command line. */
export interface JobOption {
  /** As commander takes them: `--weight <1-100>`. */
  readonly flags: string
  readonly help: string
  /** How its value is read. A `csv` and a `repeated` option may be given several times. */
  readonly takes: 'switch' | 'text' | 'csv' | 'repeated' | 'whole' | 'ceiling'
}

/**
 * What a field decides: which files are read, and how much of them; through which addresses; or neither: what the run is called,
 * how fast it may be, how its end is judged.
 */
export type Decides = 'files' | 'addresses' | 'nothing read'

/** Commands besides `submit` that describe what is to be read. */
export type JobCommand = 'warm' | 'verify'

/** What code asks of a field besides its value, so that no list of fields is kept elsewhere. */
export interface FieldTraits {
  /** Default: 'files'. */
  readonly decides?: Decides
  /** Commands that have its option besides `submit`. Default: none. */
  readonly also?: readonly JobCommand[]
}

export interface JobField<S extends TSchema = TSchema> extends Required<FieldTraits> {
  /** In a job with every default filled in. */
  readonly schema: S
  /** Its keys in a message, each with what people may write there. */
  readonly keys: Readonly<Record<string, TSchema>>
  readonly option: JobOption | undefined
  /** Undefined where it is absent and has no default. Problems go to the reader. */
  read(from: FieldReader, compileExpression: (text: string) => unknown): unknown
  /** Its keys; those that are undefined are not written. */
  write(value: Static<S> | undefined): Record<string, unknown>
}

type Option = readonly [flags: string, help: string]

export const traitsOf = ({ decides = 'files', also = [] }: FieldTraits = {}): Required<FieldTraits> => ({
  decides,
  also,
})

/** A field under one key. `always`: the original writes it even when it is the default. */
export const under = <S extends TSchema>(
  key: string,
  row: {
    readonly schema: S
    readonly message: TSchema
    readonly read: (from: FieldReader, key: string, compileExpression: (text: string) => unknown) => unknown
    readonly default?: unknown
    readonly always?: boolean
    readonly takes: JobOption['takes']
    readonly option?: Option | undefined
  } & FieldTraits,
): JobField<S> => ({
  ...traitsOf(row),
  schema: row.schema,
  keys: { [key]: row.message },
  option: row.option && { flags: row.option[0], help: row.option[1], takes: row.takes },
  read: (from, compileExpression) => row.read(from, key, compileExpression) ?? row.default,
  write(value) {
    const isDefault = value === row.default || (Array.isArray(value) && value.length === 0)
    return { [key]: row.always ? (value ?? row.default) : isDefault ? undefined : value }
  },
})

export const textList = (description: string) =>
  Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()], { description }))
const Texts = (description: string) => Type.Array(Type.String({ minLength: 1 }), { description })

/** Patterns of names and paths; a job always has the list. */
export const patterns = (
  key: string,
  text: string,
  option: Option,
  { target, always, ...traits }: { target?: 'directory'; always?: boolean } & FieldTraits = {},
) =>
  under(key, {
    ...traits,
    schema: Texts(text),
    message: textList(text),
    read: (from, key) => readPatterns(from, key, target),
    default: [],
    always: always === true,
    takes: 'csv',
    option,
  })

/** Lines that have to compile; absent where there are none. */
export const lines = (key: string, text: string, compile?: (text: string) => unknown) =>
  under(key, {
    schema: Type.Optional(Texts(text)),
    message: textList(text),
    read: (from, key, compileExpression) => readTexts(from, key, compile ?? compileExpression),
    takes: 'csv',
  })

/** A whole number that has a default. */
export const whole = (
  key: string,
  text: string,
  option: Option,
  { min = 0, max, ...rest }: { min?: number; max?: number; default: number; always?: boolean } & FieldTraits,
) => {
  const schema = max === undefined ? Whole(text, min) : Type.Integer({ minimum: min, maximum: max, description: text })
  const read = (from: FieldReader, key: string) => from.whole(key, { min, ...(max === undefined ? {} : { max }) })
  return under(key, { schema, message: Type.Optional(schema), read, takes: 'whole', option, ...rest })
}

/** A ceiling of the whole run; 0 in a message means none. */
export const ceiling = (key: string, text: string, option: Option) =>
  under(key, {
    decides: 'nothing read',
    schema: Type.Optional(Whole(text, 1)),
    message: Type.Optional(Whole(text)),
    read: (from, key) => from.whole(key, {}) || undefined,
    takes: 'ceiling',
    option,
  })

/** One of several words; the first is the default. */
export const choice = <T extends string[]>(
  key: string,
  words: readonly [...T],
  text: string,
  option: Option,
  traits: FieldTraits = {},
) => {
  const schema = Type.Enum<T>(words, { description: text })
  const read = (from: FieldReader, key: string) => from.choice(key, words)
  return under(key, {
    schema,
    message: Type.Optional(schema),
    read,
    default: words[0],
    takes: 'text',
    option,
    ...traits,
  })
}

export const flag = (key: string, text: string, option: Option, traits: FieldTraits = {}) =>
  under(key, {
    ...traits,
    schema: Type.Optional(Type.Literal(true, { description: text })),
    message: Type.Optional(Type.Boolean({ description: text })),
    read: (from, key) => from.flag(key) || undefined,
    takes: 'switch',
    option,
  })

export const optionalText = (
  key: string,
  text: string,
  { maxLength, ...traits }: { maxLength?: number } & FieldTraits,
  read: (from: FieldReader, key: string) => string | undefined,
  option: Option,
) => {
  const limits = maxLength === undefined ? {} : { maxLength }
  const message = Type.Optional(Type.String({ ...limits, description: text }))
  const schema = Type.Optional(Type.String({ minLength: 1, ...limits, description: text }))
  return under(key, { schema, message, read, takes: 'text', option, ...traits })
}
