import type { LimitState, MountState } from '@cachewarmer/core'
import { count, latency } from './print.ts'

/** A figure of a limit of an address, as every report shows it. */
export interface Figure {
  readonly key: keyof LimitState
  /** Column of the text report. */
  readonly head: string
  readonly print: (value: number) => string
  /** Name and meaning among the metrics, and what the value is divided by there. */
  readonly metric?: { readonly name: string; readonly help: string; readonly per?: number }
  /** Column of the page. */
  readonly column?: string
}

/** What is known of each limit of an address. A figure that is named here is in the text, the JSON, the page and the metrics. */
export const limitFigures: readonly Figure[] = [
  {
    key: 'inFlight',
    head: 'in flight',
    print: count,
    metric: { name: 'in_flight', help: 'in flight' },
    column: 'In flight',
  },
  {
    key: 'limit',
    head: 'allowed',
    print: count,
    metric: { name: 'allowed', help: 'that the limit allows' },
    column: 'Allowed',
  },
  {
    key: 'p50Ms',
    head: 'median',
    print: latency,
    metric: { name: 'latency_p50_seconds', help: 'median latency', per: 1_000 },
    column: 'p50',
  },
  {
    key: 'p99Ms',
    head: '99 %',
    print: latency,
    metric: { name: 'latency_p99_seconds', help: '99th percentile of the latency', per: 1_000 },
    column: 'p99',
  },
  { key: 'floorMs', head: 'at rest', print: latency },
]

/** The limits of an address: of all its requests, and of long reads where these have their own. */
export const limitKinds: readonly {
  readonly title: string
  readonly metric: (figure: string) => string
  readonly help: string
  readonly of: (state: Omit<MountState, 'address'>) => LimitState | undefined
}[] = [
  {
    title: '',
    metric: (figure) => (figure.startsWith('latency') ? figure : `requests_${figure}`),
    help: 'Requests to the address',
    of: (state) => state,
  },
  {
    title: 'Long reads: ',
    metric: (figure) => `long_reads_${figure}`,
    help: 'READs of long reads',
    of: ({ longReads }) => longReads,
  },
]

/** A limit's figures as text, in the order of `limitFigures`; what is not known is blank. */
export const printedLimit = (limit: LimitState | undefined): string[] =>
  limitFigures.map(({ key, print }) => {
    const value = limit?.[key]
    return value === undefined ? '' : print(value)
  })

/** The same for programs: null for what is not known. */
export const limitJson = (limit: LimitState | undefined): { readonly [figure in keyof LimitState]-?: number | null } =>
  Object.fromEntries(limitFigures.map(({ key }) => [key, limit?.[key] ?? null])) as {
    [figure in keyof LimitState]-?: number | null
  }
