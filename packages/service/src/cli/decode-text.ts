import { decodeName } from '@cachewarmer/core'
import { UsageError } from './errors.ts'

const help = 'convert it, as with iconv --from-code UTF-16 --to-code UTF-8'

/** What a text begins with that is no UTF-8 (Unicode Standard, section 23.8, "Byte Order Mark"); the longer marks first. */
const foreign: readonly (readonly [name: string, mark: readonly number[]])[] = [
  ['UTF-32', [0xff, 0xfe, 0x00, 0x00]],
  ['UTF-32', [0x00, 0x00, 0xfe, 0xff]],
  ['UTF-16', [0xff, 0xfe]],
  ['UTF-16', [0xfe, 0xff]],
]

/** Throws `UsageError` for the first bytes of a text that is in UTF-16 or UTF-32, as some editors and shells save it. */
export function refuseForeignText(start: Uint8Array): void {
  const found = foreign.find(([, mark]) => mark.every((byte, at) => start[at] === byte))
  if (found !== undefined) throw new UsageError(`expected UTF-8, got ${found[0]}: ${help}`)
}

/**
 * The text of a file that a person wrote. A byte order mark is dropped; bytes that are no UTF-8 stay what they are, as in
 * names. Throws `UsageError` for UTF-16 and UTF-32, marked or told by its NUL bytes, which no text of ours holds.
 */
export function decodeText(bytes: Uint8Array): string {
  refuseForeignText(bytes)
  const nul = bytes.indexOf(0)
  if (nul >= 0) throw new UsageError(`expected text in UTF-8, got a NUL at byte ${nul + 1}: if it is UTF-16, ${help}`)
  return decodeName(bytes).replace(/^\uFEFF/, '')
}
