/*
 * File names are bytes. As strings, bytes that are not UTF-8 become lone surrogates U+DC80..U+DCFF (as in PEP 383), so
 * that every name survives the way through JSON and back.
 */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes of the UTF-8 sequence that this byte begins; 0 when it begins none. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : 4
}

/** The name's string; every sequence of bytes has exactly one. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    return decodeBroken(bytes)
  }
}

function decodeBroken(bytes: Uint8Array): string {
  let name = ''
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at] as number)
    const character = length > 0 ? tryDecode(bytes.subarray(at, at + length)) : undefined
    name += character ?? String.fromCharCode(0xdc00 + (bytes[at] as number))
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

/** The name's bytes. Throws `RangeError` for a lone surrogate outside U+DC80..U+DCFF, which no name of bytes gives. */
export function encodeName(name: string): Buffer {
  if (name.isWellFormed()) return Buffer.from(name, 'utf8')
  const parts: Buffer[] = []
  for (const character of name) {
    const code = character.codePointAt(0) as number
    if (code < 0xd800 || code > 0xdfff) parts.push(Buffer.from(character, 'utf8'))
    else if (code >= 0xdc80 && code <= 0xdcff) parts.push(Buffer.of(code - 0xdc00))
    else throw new RangeError(`a file name can't hold the lone surrogate U+${code.toString(16).toUpperCase()}`)
  }
  return Buffer.concat(parts)
}
