import { QueueError } from '../port/errors.ts'
import type { Queue, SendOptions, SentMessage } from '../port/queue.ts'

/** How a value is written into the body of a message and read from it. */
export interface Codec<T> {
  /** The body, in printable ASCII. What it throws reaches the caller of `send` as `BODY_INVALID`. */
  encode(value: T): string
  /** What it throws ends the delivery: such a body is moved to the dead letters, or comes again where there are none. */
  decode(body: string): T
}

/** Everything outside printable ASCII, lone surrogates included, and `<`, `>`, `&`, which Azure's XML would lengthen. */
const notPlain = /[^ -~]|[<>&]/g

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** A body that every driver takes; JSON keeps its meaning. */
export const toAscii = (body: string): string => body.replace(notPlain, escapeUnit)

/**
 * JSON (RFC 8259) in ASCII: any text is taken, because all other characters become `\uXXXX`. `check` gets what was read and
 * returns it or throws, for example the `parse` of a schema library; without it the type is the caller's word. A body that
 * is not JSON is `BODY_INVALID`.
 */
export const jsonCodec = <T = unknown>(check: (value: unknown) => T = (value) => value as T): Codec<T> => ({
  encode: (value) => {
    const json: string | undefined = JSON.stringify(value)
    if (json === undefined) throw new TypeError(`${typeof value} has no form in JSON`)
    return toAscii(json)
  },
  decode: (body) => check(JSON.parse(body)),
})

/** The body as it is, for programs with a format of their own: printable ASCII, not empty. */
export const textCodec: Codec<string> = { encode: (text) => text, decode: (body) => body }

export const decodeBody = <T>(queue: string, codec: Codec<T>, body: string): T => {
  try {
    return codec.decode(body)
  } catch (error) {
    throw new QueueError('BODY_INVALID', queue, `the body can't be read: ${reasonOf(error)}`, { cause: error })
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export interface SendValueOptions<T> extends SendOptions {
  /** Default: JSON. Its readers must use the same one. */
  readonly codec?: Codec<T> | undefined
}

/**
 * Sends one value as a message, with `codec`; `delayMs` and `ttlMs` as with `Queue.send`. Throws `BODY_INVALID` for a value
 * that the codec can't write (JSON: functions, bigints, cycles), `BODY_TOO_LARGE` above 65,536 bytes, and what
 * `Queue.send` throws.
 */
export async function send<T>(
  queue: Pick<Queue, 'name' | 'send'>,
  value: T,
  { codec = jsonCodec<T>(), ...options }: SendValueOptions<T> = {},
): Promise<SentMessage> {
  let body: string
  try {
    body = codec.encode(value)
  } catch (error) {
    throw new QueueError('BODY_INVALID', queue.name, `the value can't be written: ${reasonOf(error)}`, { cause: error })
  }
  return queue.send(body, options)
}
