import {
  type Counts,
  type FileUnderWay,
  type LeftOutRule,
  largestCount,
  leftOutRules,
  type NamedHost,
  snapshotDirectories,
  type Waiting,
} from '@cachewarmer/core'
import prettyBytes from 'pretty-bytes'
import prettyMs from 'pretty-ms'

/** Sums stop at the largest whole number that a message keeps exactly: the true sum is at least that. */
const atLeast = (value: number): string => (value >= largestCount ? 'at least ' : '')

/** 20,000 */
export const count = (value: number): string => `${atLeast(value)}${Math.round(value).toLocaleString('en-US')}`

/** 1 file, 2 files */
export const plural = (value: number, one: string, many: string = `${one}s`): string =>
  `${count(value)} ${Math.round(value) === 1 ? one : many}`

/** 1.5 GiB */
export const bytes = (value: number): string => `${atLeast(value)}${prettyBytes(Math.round(value), { binary: true })}`

/** 0.42 ms, 41 ms */
export const latency = (ms: number): string => `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`

/** 850ms, 12.3s, 2h 5m */
export const duration = (ms: number): string =>
  ms < 60_000 ? prettyMs(Math.max(0, Math.round(ms))) : prettyMs(ms, { unitCount: 2, secondsDecimalDigits: 0 })

/** 15 seconds, 1 minute 30 seconds, 2 hours */
export const spelledDuration = (ms: number): string =>
  prettyMs(Math.max(0, Math.round(ms)), { verbose: true, unitCount: 2, secondsDecimalDigits: 0 })

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }

/**
 * A text as a terminal may see it. File names are bytes that any user chose: control characters, escape sequences,
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

/** Columns as wide as their widest cell, numbers to the right, no blanks at the end of a line. */
export function table(rows: readonly (readonly string[])[], align: readonly ('left' | 'right')[]): string[] {
  const widths = align.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return align[column] === 'right' ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** /a/big.img (1 GiB of 20 GiB) */
export const fileUnderWay = ({ path, bytes: arrived, size }: FileUnderWay): string =>
  `${printable(path)} (${bytes(arrived)}${size === undefined ? '' : ` of ${bytes(size)}`})`

/** Maximum number of addresses shown by name. */
const namedAddresses = 3

/** What requests wait for: its ceiling, 10.0.1.12 */
export function waitingFor({ ceiling, addresses = [] }: Waiting): string {
  const more = addresses.length - namedAddresses
  return [
    ...(ceiling ? ['its ceiling'] : []),
    ...addresses.slice(0, namedAddresses).map(printable),
    ...(more > 0 ? [`${more} more ${more === 1 ? 'address' : 'addresses'}`] : []),
  ].join(', ')
}

/** cache.example → 3 addresses: 10.0.1.11, 10.0.1.12, 10.0.1.13 */
export const namedHost = ({ name, addresses }: NamedHost): string =>
  `${printable(name)} → ${plural(addresses.length, 'address', 'addresses')}: ${addresses.map(printable).join(', ')}`

const words: Record<LeftOutRule, string> = {
  excludeDirectories: 'by directories to exclude',
  exclude: 'by patterns to exclude',
  include: 'by patterns to include',
  ignoreRules: 'by the rules file',
  expressions: 'by expressions and directory rules',
  size: 'by size',
  modifiedSince: 'unchanged since then',
}

/** What a run left out, and by which of the job's filters; empty where nothing was. */
export function leftOut({ entriesSkipped, specialSkipped, leftOut: byRule = {} }: Counts): string[] {
  const by = (rule: string): number => (Object.hasOwn(byRule, rule) ? (byRule[rule] ?? 0) : 0)
  const snapshots = snapshotDirectories.filter((name) => by(name) > 0)
  const known = leftOutRules.filter((rule) => by(rule) > 0)
  const told = [...snapshots, ...known].reduce((sum, rule) => sum + by(rule), 0)
  return [
    ...snapshots.map((name) => plural(by(name), `${name} directory`, `${name} directories`)),
    ...known.map((rule) => `${count(by(rule))} ${words[rule]}`),
    ...(entriesSkipped > told ? [`${count(entriesSkipped - told)} by filters`] : []),
    ...(specialSkipped > 0 ? [plural(specialSkipped, 'link or special file', 'links and special files')] : []),
  ]
}
