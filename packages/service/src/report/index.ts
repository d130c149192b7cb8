/*
 * report   what is said of a run, while it goes on and at its end: as text, as JSON, and in the words that pages use
 * facts    what a report says, taken from a status
 */
export type { AddressFacts } from './facts.ts'
export {
  addressFacts,
  elapsedMs,
  failuresByCode,
  rates,
  readThrough,
  shareDone,
  timeLeftMs,
  totalFailures,
} from './facts.ts'
export { headline } from './headline.ts'
export type { Report } from './json.ts'
export { reportJson } from './json.ts'
export { leftOut } from './left-out.ts'
export { printable } from './printable.ts'
export type { ReportOptions } from './render.ts'
export { renderReport } from './render.ts'
export { table } from './table.ts'
export { fileUnderWay, waitingFor } from './under-way.ts'
export { bytes, count, duration, plural, spelledDuration } from './units.ts'
