import { coldShareAt, type Lines } from './cold-share.ts'
import type { Measured } from './measure.ts'
import type { Interval } from './statistics.ts'
import { isTooWide, untold, type Verdict, warmOf } from './warmth.ts'

/** How warm the files below one directory are, over all addresses. */
export type DirectoryWarmth = Verdict & {
  readonly path: string
  readonly sampled: number
}

/** Directories with enough sampled files, and the number of those with too few. */
export interface DirectoryShares {
  /** The coldest first; those that can't be told last. */
  readonly directories: readonly DirectoryWarmth[]
  readonly tooFew: number
}

/** Below this many sampled files an interval is too wide to be of use. */
const directorySample = 100

/** The sample of one address, and the lines that it was judged by; undefined where it can't be told. */
export interface JudgedSample {
  readonly measured: Measured
  readonly lines: Lines | undefined
}

/** What one address measured of one directory. */
interface Share {
  readonly sampled: number
  readonly cold: Interval | undefined
}

/**
 * Groups the sample by directory right below `root`. A directory with fewer than `directorySample` sampled files is only
 * counted. Each address is judged by its own lines; a directory has a verdict only where every address has.
 */
export function byDirectory(root: string, parts: readonly JudgedSample[]): DirectoryShares {
  const shares = new Map<string, Share[]>()
  for (const part of parts) {
    for (const [path, share] of sharesOf(root, part)) shares.set(path, [...(shares.get(path) ?? []), share])
  }
  const isTold = parts.every(({ lines }) => lines !== undefined)
  const sampledOf = (of: readonly Share[]): number => of.reduce((sum, { sampled }) => sum + sampled, 0)
  const directories = [...shares]
    .map(([path, of]) => ({ path, sampled: sampledOf(of), ...(isTold ? together(of) : untold) }))
    .filter(({ sampled }) => sampled >= directorySample)
    .sort((a, b) => (a.share ?? 2) - (b.share ?? 2) || (a.path < b.path ? -1 : 1))
  return { directories, tooFew: shares.size - directories.length }
}

/** The mean, weighted by sampled files. */
function together(of: readonly Share[]): Verdict {
  const sampled = of.reduce((sum, share) => sum + share.sampled, 0)
  const mean = (key: keyof Interval): number =>
    of.reduce((sum, share) => sum + (share.sampled * (share.cold?.[key] ?? 0)) / sampled, 0)
  const cold = { share: mean('share'), low: mean('low'), high: mean('high') }
  return isTooWide(cold) ? untold : warmOf(cold)
}

interface Group {
  readonly at: number[]
  failed: number
}

function sharesOf(root: string, { measured, lines }: JudgedSample): Map<string, Share> {
  const groups = new Map<string, Group>()
  const groupOf = (path: string): Group => {
    const directory = directoryBelow(root, path)
    const group = groups.get(directory) ?? { at: [], failed: 0 }
    groups.set(directory, group)
    return group
  }
  for (const [at, { path }] of measured.files.entries()) groupOf(path).at.push(at)
  for (const { path } of measured.failures) groupOf(path).failed++
  const shareOf = ({ at, failed }: Group): Share => ({
    sampled: at.length + failed,
    cold: lines && coldShareAt(partOf(measured, at, failed), lines),
  })
  return new Map([...groups].map(([path, group]) => [path, shareOf(group)]))
}

/** The population of a directory is unknown, so nothing is taken off for what was drawn of it. */
const partOf = ({ firstMs, againMs, floorMs }: Measured, at: readonly number[], failed: number) => ({
  firstMs: at.map((index) => firstMs[index] ?? 0),
  againMs: at.map((index) => againMs[index] ?? 0),
  floorMs: at.map((index) => floorMs[index % floorMs.length] ?? 0),
  failed,
  population: Number.POSITIVE_INFINITY,
})

/** The directory right below `root` that holds the path; `root` for files in it. */
function directoryBelow(root: string, path: string): string {
  const base = root === '/' ? '/' : `${root}/`
  const end = path.indexOf('/', base.length)
  return end < 0 ? root : path.slice(0, end)
}
