const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }

/**
 * A text as a terminal may see it. File names are bytes that anybody chose: control characters, escape sequences,
 * invisible and direction-changing characters are written as escapes, bytes that are no UTF-8 (U+DC80..U+DCFF) as \xNN.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\]/gu, (character) => short[character] ?? escapeCharacter(character))

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const isByte = code >= 0xdc80 && code <= 0xdcff
  // Two digits mean a byte of the name, braces a character: U+008A in UTF-8 is not the byte 8A.
  return isByte || code < 0x80 ? `\\x${hex(isByte ? code - 0xdc00 : code)}` : `\\u{${hex(code)}}`
}

const hex = (code: number): string => code.toString(16).padStart(2, '0')
