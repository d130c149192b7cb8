import type { Measured } from '../measure/measure.ts'
import { type Interval, wilson } from './interval.ts'

/** How warm what lies below one directory is, through all addresses together. */
export interface DirectoryWarmth extends Interval {
  readonly path: string
  readonly sampled: number
}

/** What can be said of single directories, and of how many the sample says too little. */
export interface DirectoryShares {
  readonly directories: readonly DirectoryWarmth[]
  readonly tooFew: number
}

/** Below this many sampled files an interval would be wider than anybody can use. */
const DIRECTORY_SAMPLE = 100

interface Tally {
  sampled: number
  slow: number
}

/**
 * Groups the sample by directory right below `root`, the coldest first. A directory with fewer than `DIRECTORY_SAMPLE`
 * sampled files is only counted. Reads slower than the address's line are cold, and a hundredth of the warm ones pass
 * for cold, too: the shares lie a little low.
 */
export function byDirectory(
  root: string,
  parts: readonly { readonly measured: Measured; readonly thresholdMs: number }[],
): DirectoryShares {
  const tallies = new Map<string, Tally>()
  const add = (path: string, slow: boolean): void => {
    const directory = directoryBelow(root, path)
    const tally = tallies.get(directory) ?? { sampled: 0, slow: 0 }
    tally.sampled++
    if (slow) tally.slow++
    tallies.set(directory, tally)
  }
  for (const { measured, thresholdMs } of parts) {
    for (const [at, { path }] of measured.files.entries()) add(path, (measured.firstMs[at] ?? 0) > thresholdMs)
    for (const { path } of measured.failures) add(path, true)
  }
  const directories = [...tallies]
    .filter(([, { sampled }]) => sampled >= DIRECTORY_SAMPLE)
    .map(([path, { sampled, slow }]) => ({ path, sampled, ...wilson(sampled - slow, sampled) }))
    .sort((a, b) => a.share - b.share || (a.path < b.path ? -1 : 1))
  return { directories, tooFew: tallies.size - directories.length }
}

/** The directory right below `root` that holds the path; `root` for files in it. */
function directoryBelow(root: string, path: string): string {
  const base = root === '/' ? '/' : `${root}/`
  const end = path.indexOf('/', base.length)
  return end < 0 ? root : path.slice(0, end)
}
