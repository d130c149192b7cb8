/** A queue takes this many characters a message; on the wire a character is a byte. */
export const maxWireBytes = 65_536

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * JSON in printable ASCII alone. Everything else, lone surrogates included, and `<`, `>`, `&` become \uXXXX, because the
 * queue service carries text inside XML and changes line ends there.
 */
export function toWire(value: unknown): string {
  const json = JSON.stringify(value) ?? 'null'
  return json.replace(/[^ -~]|[<>&]/g, escapeUnit)
}

/** Bytes that a UTF-16 unit takes within a text on the wire. */
const unitBytes = (unit: string): number => (/[ !#-%'-;=?-[\]-~]/.test(unit) ? 1 : /["\\\b\t\n\f\r]/.test(unit) ? 2 : 6)

/**
 * The longest beginning of a text that takes at most `bytes` on the wire, the quotes around it left out. Escapes count:
 * a control character takes six bytes. Never ends in half a surrogate pair.
 */
export function fitText(text: string, bytes: number): string {
  let room = bytes
  let end = 0
  for (const character of text) {
    for (const unit of character.split('')) room -= unitBytes(unit)
    if (room < 0) break
    end += character.length
  }
  return text.slice(0, end)
}

/** Size of a text that `toWire` made, in bytes. */
export const wireBytes = (text: string): number => text.length

/**
 * The value in plain JSON, or in base64 of UTF-8 JSON; a byte order mark is dropped, and so are blanks and line ends
 * between its tokens that XML escaped once too often. Throws `SyntaxError` with the reason for anything else.
 */
export function fromWire(text: string): unknown {
  const plain = (text.startsWith('\uFEFF') ? text.slice(1) : text).trim()
  try {
    return parse(plain)
  } catch (error) {
    const decoded = fromBase64(plain)
    if (decoded === undefined) throw error
    return parse(decoded)
  }
}

/** A string of JSON, or XML's escape of a tab, a line end or a blank. */
const stringOrEscape = /"(?:[^"\\]|\\.)*"|&#(?:x0*(?:9|a|d|20)|0*(?:9|10|13|32));/gis

/**
 * Queue messages travel in XML, and a client that escapes a text which is escaped on its way again (`&#xD;` for the
 * carriage return of a file from Windows) leaves the escape in it. What stands in strings is left as it is.
 */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!text.includes('&#')) throw error
    const bare = text.replace(stringOrEscape, (found) => (found.startsWith('"') ? found : ' '))
    if (bare === text) throw error
    return JSON.parse(bare)
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** The UTF-8 text behind base64; undefined where the text is none, so that the JSON error is the one that is shown. */
function fromBase64(text: string): string | undefined {
  const packed = text.replace(/\s/g, '')
  if (packed === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return undefined
  try {
    return decoder.decode(Uint8Array.from(atob(packed), (character) => character.charCodeAt(0)))
  } catch {
    return undefined
  }
}

const previewCharacters = 80

/** What an error message shows of a value: printable ASCII, short, and never deep enough to overflow the stack. */
export function preview(value: unknown, options: { quote: boolean } = { quote: true }): string {
  if (typeof value === 'string') {
    const cut = value.length > previewCharacters ? `${value.slice(0, previewCharacters)}...` : value
    const quoted = JSON.stringify(cut).replace(/[^ -~]/g, escapeUnit)
    return options.quote ? quoted : quoted.slice(1, -1)
  }
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  // What is left of JSON is a number, a boolean or null.
  return String(value as number | boolean | null)
}

/** At most `max` characters, the last three of them dots where something was cut off. */
export const shorten = (text: string, max: number): string =>
  text.length > max ? `${text.slice(0, max - 3)}...` : text

/** At most `max` characters of a path: the end says more than the beginning, which becomes three dots. */
export const shortenPath = (path: string, max: number): string =>
  path.length > max ? `...${path.slice(path.length - max + 3)}` : path

const maxReasonCharacters = 2_000
const maxAuthorCharacters = 128

/** A message that cannot be worked on, as the poison queue keeps it. */
export interface PoisonNote {
  /** Why it was given up, for people. */
  readonly reason: string
  /** The manager or worker that gave it up. */
  readonly by: string
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** The message as it came. */
  readonly message: string
}

/** Always fits one message: the reason is cut at 2,000 characters, the message where the room ends. */
export function encodePoisonNote({ reason, by, atMs, message }: PoisonNote): string {
  const note = {
    v: 1,
    reason: shorten(reason, maxReasonCharacters),
    by: shorten(by, maxAuthorCharacters),
    atMs,
    message: '',
  }
  return toWire({ ...note, message: fitText(message, maxWireBytes - wireBytes(toWire(note))) })
}
