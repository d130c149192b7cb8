/*
 * report   what is said of a run, while it runs and at its end: as text, as JSON, and in the words that pages use
 * facts    what a report says, taken from a status
 */
export type { AddressFacts } from './facts.ts'
export {
  addressFacts,
  doubtsByReason,
  elapsedMs,
  failuresByCode,
  rates,
  readThrough,
  resolvedHosts,
  shareDone,
  timeLeftMs,
  totalFailures,
} from './facts.ts'
export { limitFigures, limitKinds } from './figures.ts'
export { headline } from './headline.ts'
export type { Report } from './json.ts'
export { reportJson } from './json.ts'
export {
  bytes,
  count,
  duration,
  fileUnderWay,
  leftOut,
  namedHost,
  plural,
  printable,
  spelledDuration,
  table,
  waitingFor,
} from './print.ts'
export type { ReportOptions } from './text.ts'
export { renderReport } from './text.ts'
