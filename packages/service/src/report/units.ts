import { MOST } from '@cachewarmer/core'
import prettyBytes from 'pretty-bytes'
import prettyMs from 'pretty-ms'

/** Sums stop at the largest whole number that a message keeps exactly: there are at least so many. */
const atLeast = (value: number): string => (value >= MOST ? 'at least ' : '')

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
