const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }

/**
 * A text as a terminal may see it. File names are bytes that anybody chose: control characters, escape sequences,
 * invisible and direction-changing characters are written as escapes, bytes that are no UTF-8 (U+DC80..U+DCFF) as \xNN.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\]/gu, (character) => short[character] ?? escapeCharacter(character))

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const byte = code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code
  return byte < 0x100 ? `\\x${byte.toString(16).padStart(2, '0')}` : `\\u{${byte.toString(16)}}`
}
