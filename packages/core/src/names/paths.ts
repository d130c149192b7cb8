/*
 * Paths are absolute within the export and normalised: '/' or '/a/b', never '.', '..', '//' or a '/' at the end.
 * Names are bytes: as strings, bytes that are not UTF-8 are lone surrogates U+DC80..U+DCFF (as in PEP 383).
 */

/** Longest path that a message carries, in bytes. The walker has the same limit: what lies beyond is a failure of its own. */
export const maxPathBytes = 8_192

/** Bytes that a name has on the filer; undefined for a lone surrogate that stands for no byte. */
export function nameBytes(name: string): number | undefined {
  let bytes = 0
  for (let at = 0; at < name.length; at++) {
    const code = name.codePointAt(at) as number
    if (code > 0xffff) at++
    if (code < 0x80) bytes += 1
    else if (code < 0x800) bytes += 2
    else if (code < 0xd800 || code > 0xdfff) bytes += code > 0xffff ? 4 : 3
    else if (code >= 0xdc80 && code <= 0xdcff) bytes += 1
    else return undefined
  }
  return bytes
}

/** Absolute, without '.', '//' and a '/' at the end. Leaves '..' as it is; `checkPath` refuses it. */
export function normalisePath(path: string): string {
  const kept = path.split('/').filter((segment) => segment !== '' && segment !== '.')
  return `/${kept.join('/')}`
}

/** What was expected of a path, or undefined for one that is absolute, normalised, and can be told to a filer. */
export function checkPath(path: string, maxBytes: number = maxPathBytes): string | undefined {
  if (!path.startsWith('/')) return 'a path that begins with "/"'
  if (path.split('/').includes('..')) return 'a path without ".."'
  if (path.includes('\0')) return 'a path without NUL'
  if (normalisePath(path) !== path) return 'a path without ".", "//" and "/" at its end'
  const bytes = nameBytes(path)
  if (bytes === undefined) return 'a path whose lone surrogates are U+DC80..U+DCFF'
  return bytes > maxBytes ? `a path of at most ${maxBytes} bytes` : undefined
}

/** What was expected of a name in a directory, or undefined for one that can be told to a filer. */
export function checkName(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'the name of an entry'
  if (/[/\0]/.test(name)) return 'a name without "/" and NUL'
  const bytes = nameBytes(name)
  if (bytes === undefined) return 'a name whose lone surrogates are U+DC80..U+DCFF'
  return bytes > maxPathBytes ? `a name of at most ${maxPathBytes} bytes` : undefined
}

/** The directories that a path lies in, from the root on, without itself. */
export function ancestors(path: string): string[] {
  if (path === '/') return []
  const names = path.split('/').slice(1, -1)
  return ['/', ...names.map((_, at) => `/${names.slice(0, at + 1).join('/')}`)]
}

const continuation = (code: number, shift: number): number => 0x80 | ((code >> shift) & 0x3f)

function* bytesOf(name: string): Generator<number> {
  for (const character of name) {
    const code = character.codePointAt(0) as number
    if (code < 0x80) yield code
    else if (code >= 0xdc80 && code <= 0xdcff) yield code - 0xdc00
    else if (code < 0x800) yield* [0xc0 | (code >> 6), continuation(code, 0)]
    else if (code < 0x1_0000) yield* [0xe0 | (code >> 12), continuation(code, 6), continuation(code, 0)]
    else yield* [0xf0 | (code >> 18), continuation(code, 12), continuation(code, 6), continuation(code, 0)]
  }
}

/** Orders names by their bytes, as a filer and Go do: negative, 0 or positive. */
export function compareNames(left: string, right: string): number {
  const a = bytesOf(left)
  const b = bytesOf(right)
  for (;;) {
    const [x, y] = [a.next(), b.next()]
    if (x.done || y.done) return Number(y.done ?? false) - Number(x.done ?? false)
    if (x.value !== y.value) return x.value - y.value
  }
}

/** Bytes of the UTF-8 sequence that this byte begins; 0 when it begins none. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : 4
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A name or path of bytes as messages have it: those that are no UTF-8 become lone surrogates U+DC80..U+DCFF. */
export function decodeName(bytes: Uint8Array): string {
  const whole = tryDecode(bytes)
  if (whole !== undefined) return whole
  let name = ''
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] as number
    const length = sequenceLength(lead)
    const character = length === 0 ? undefined : tryDecode(bytes.subarray(at, at + length))
    name += character ?? String.fromCharCode(0xdc00 + lead)
    at += character === undefined ? 1 : length
  }
  return name
}

function tryDecode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
