import type { Interval } from './interval.ts'

/** The share of warm files with its bounds, in [0, 1]. The true share lies between them at least 95 times in 100. */
export interface Told {
  readonly conclusive: true
  readonly share: number
  readonly low: number
  readonly high: number
}

/** The measurement can't tell. No number stands for "unknown", so that none can be taken for a result. */
export interface Untold {
  readonly conclusive: false
  readonly share: null
  readonly low: null
  readonly high: null
}

/** What is known of a share of warm files, in one form at every level: address, directory, whole. */
export type Verdict = Told | Untold

export const untold: Untold = { conclusive: false, share: null, low: null, high: null }

/** The verdict on what is warm, from the share that is cold. */
export const warmOf = ({ share, low, high }: Interval): Told => ({
  conclusive: true,
  share: 1 - share,
  low: 1 - high,
  high: 1 - low,
})

/**
 * The mean over the addresses, which all serve the same files; untold as soon as one of them is. Bounds are averaged, as what
 * is unknown of cold reads may be wrong at all addresses in the same direction.
 */
export function wholeOf(addresses: readonly Verdict[]): Verdict {
  const told = addresses.filter((address) => address.conclusive)
  if (told.length === 0 || told.length < addresses.length) return untold
  const mean = (of: (address: Told) => number): number =>
    told.reduce((sum, address) => sum + of(address), 0) / told.length
  return {
    conclusive: true,
    share: mean(({ share }) => share),
    low: mean(({ low }) => low),
    high: mean(({ high }) => high),
  }
}
