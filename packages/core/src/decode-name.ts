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
