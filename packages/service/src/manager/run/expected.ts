import {
  type Counts,
  type EarlierRun,
  type Estimate,
  estimate,
  type Job,
  type LevelCounts,
  largestCount,
  type Progress,
} from '@cachewarmer/core'

type Expected = NonNullable<Progress['expected']>

/** Files and bytes that an earlier run of the same job read. */
export interface EarlierTotals {
  readonly files: number
  readonly bytes: number
}

/** Sums a moment ago. */
interface Moment extends Done {
  readonly atMs: number
}

/** What is behind the run. */
interface Done {
  readonly files: number
  readonly bytes: number
}

/** The rate is that of the last third of the time so far: the start of a fleet is forgotten, a pause for breath is not believed. */
const rateShare = 1 / 3
const rateMs = 10_000
const firstStepMs = 1_000
const maxMoments = 240

/**
 * What a run will come to, and when. Where the last run of the same job is known, its totals are believed until they are
 * passed or the walk has found everything. Else the total is reckoned from the walk itself, depth by depth: a directory
 * that is known and not listed yet is expected to hold what those of its depth held on the average, with what lies below
 * it. That is exact where directories of one depth are alike, and for every tree as soon as all of it is listed. A list
 * says itself how many paths it has. Where sizes are known, bytes are expected in the same way; the run is then as far as
 * the smaller of both shares says, and takes as long as the slower of both needs: one huge file among many small ones
 * is neither forgotten nor thought to be all.
 */
export class Expectation {
  readonly #job: Pick<Job, 'paths' | 'through' | 'list'>
  readonly #earlier: EarlierTotals | undefined
  #moments: Moment[] = []
  #stepMs = firstStepMs

  constructor(job: Pick<Job, 'paths' | 'through' | 'list'>, earlier?: EarlierTotals) {
    this.#job = job
    this.#earlier = earlier
  }

  /** The run stood still on purpose: that time says nothing about what is to come. */
  restart(): void {
    this.#moments = []
    this.#stepMs = firstStepMs
  }

  /** `nowMs` never goes back. `inFlight`: bytes among those of the counts whose files are not complete. */
  look(counts: Counts, nowMs: number, inFlight = 0): Pick<Progress, 'expected' | 'timeLeftMs'> {
    const done = { files: handledFiles(counts, this.#job.through), bytes: readBytes(counts, this.#job.through) }
    this.#note({ atMs: nowMs, ...done })
    const known = this.#expected(counts, done, inFlight)
    if (known === undefined) return {}
    const { expected, bytesToCome } = known
    const rate = this.#ratesPerMs(nowMs)
    const left = [
      ...(rate.files > 0 ? [Math.max(0, expected.files - done.files) / rate.files] : []),
      ...(rate.bytes > 0 && bytesToCome !== undefined ? [bytesToCome / rate.bytes] : []),
    ]
    return { expected, ...(left.length === 0 ? {} : { timeLeftMs: Math.round(Math.max(...left)) }) }
  }

  /** `bytesToCome`: undefined where sizes are not known well enough to go by. */
  #expected(
    counts: Counts,
    done: Done,
    inFlight: number,
  ): { expected: Expected; bytesToCome: number | undefined } | undefined {
    const walk = totalsOfWalk(counts, this.#job.paths)
    // Paths of a list are files, nearly all of them; the walk continues from there.
    const listed = this.#job.list?.paths ?? 0
    const earlier = this.#earlier
    const believed = earlier !== undefined && done.files <= earlier.files && walk.pendingDirectories > 0
    const files = Math.max(done.files, believed ? earlier.files : listed + walk.files)
    // Before anything was listed, the total is unknown.
    if (files === 0 || (!believed && listed === 0 && walk.listed === 0)) return undefined
    const mean = counts.files === 0 ? 0 : (counts.bytes - inFlight) / counts.files
    // Less was found than read: listings did not tell sizes, or not all of them.
    const known = believed || (listed === 0 && done.bytes > 0 && walk.foundBytes >= done.bytes)
    const bytes = Math.round(believed ? earlier.bytes : known ? walk.bytes : mean * files)
    // What failed will not come.
    const coming = known ? (bytes * Math.max(0, files - totalFailures(counts))) / files : 0
    const ofBytes = coming > 0 && done.bytes > 0 ? done.bytes / coming : 1
    // Files that are not complete count as far as their bytes have arrived.
    const incomplete = coming - (done.bytes - inFlight)
    const begun = incomplete > 0 ? Math.min(1, inFlight / incomplete) : 0
    const share = Math.min(1, (done.files + (files - done.files) * begun) / files, ofBytes)
    const from = believed ? 'earlier run' : 'walk'
    return {
      expected: { files: Math.min(largestCount, Math.round(files)), bytes: Math.min(largestCount, bytes), share, from },
      bytesToCome: coming > 0 ? Math.max(0, coming - done.bytes) : undefined,
    }
  }

  /** A bounded number of moments: whenever they become too many, every second one goes. */
  #note(moment: Moment): void {
    const last = this.#moments.at(-1)
    if (last !== undefined && moment.atMs - last.atMs < this.#stepMs) return
    this.#moments.push(moment)
    if (this.#moments.length <= maxMoments) return
    this.#moments = this.#moments.filter((_, at) => at % 2 === 0)
    this.#stepMs *= 2
  }

  #ratesPerMs(nowMs: number): Done {
    const [first, last] = [this.#moments[0], this.#moments.at(-1)]
    if (first === undefined || last === undefined) return { files: 0, bytes: 0 }
    const fromMs = nowMs - Math.max(rateMs, (nowMs - first.atMs) * rateShare)
    const from = this.#moments.findLast(({ atMs }) => atMs <= fromMs) ?? first
    const ms = last.atMs - from.atMs
    if (ms <= 0) return { files: 0, bytes: 0 }
    return { files: Math.max(0, last.files - from.files) / ms, bytes: Math.max(0, last.bytes - from.bytes) / ms }
  }
}

const totalFailures = ({ failures }: Counts): number => Object.values(failures).reduce((sum, count) => sum + count, 0)

/** Files that are behind the run, read or failed. Where each is read through every address, the one that is ahead tells. */
function handledFiles(counts: Counts, through: Job['through']): number {
  const { files, mounts } = counts
  if (through === 'spread') return files + totalFailures(counts)
  return Math.max(files, ...Object.values(mounts).map((mount) => mount.files + mount.failures))
}

/** The same of bytes. */
const readBytes = ({ bytes, mounts }: Counts, through: Job['through']): number =>
  through === 'spread' ? bytes : Math.max(bytes, ...Object.values(mounts).map((mount) => mount.bytes))

/** What the walk has found, and what is to be expected of the directories that it has not listed. */
export function totalsOfWalk(
  { levels = {} }: Counts,
  paths: readonly string[],
): { files: number; bytes: number; foundBytes: number; listed: number; pendingDirectories: number } {
  const roots = paths.map(depthOf)
  const deepest = Math.max(0, ...Object.keys(levels).map(Number), ...roots)
  const all = Object.values(levels)
  const listed = all.reduce((sum, level) => sum + level.listed, 0)
  const foundFiles = all.reduce((sum, level) => sum + level.files, 0)
  const foundBytes = all.reduce((sum, level) => sum + (level.bytes ?? 0), 0)
  // A depth without any listing is taken to be like the others; whether there is more below it is unknown.
  const usual = listed === 0 ? { files: 0, bytes: 0 } : { files: foundFiles / listed, bytes: foundBytes / listed }
  let below = usual
  let [files, bytes] = [foundFiles, foundBytes]
  let pendingDirectories = 0
  for (let depth = deepest + 1; depth >= 0; depth -= 1) {
    const level = levels[depth]
    const each = level === undefined || level.listed === 0 ? usual : meanOf(level, below)
    const known = (levels[depth - 1]?.directories ?? 0) + roots.filter((root) => root === depth).length
    const pending = Math.max(0, known - (level?.listed ?? 0))
    pendingDirectories += pending
    files += pending * each.files
    bytes += pending * each.bytes
    below = each
  }
  return { files, bytes, foundBytes, listed, pendingDirectories }
}

/** What a directory of this depth holds on the average, with what lies below it. */
const meanOf = ({ listed, directories, files, bytes = 0 }: LevelCounts, below: Done): Done => ({
  files: (files + directories * below.files) / listed,
  bytes: (bytes + directories * below.bytes) / listed,
})

const depthOf = (path: string): number => (path === '/' ? 0 : path.split('/').length - 1)

/** Files that each root item of an estimate reads where no earlier run tells how fast that goes. */
export const sampleFiles = 16
/** As many reads in flight as a worker has while it measures; see `measureReads` of the walker. */
const readsAtOnce = 8
export interface MachinePrice {
  /** US dollars. */
  readonly dollarsAnHour: number
}

/** What warming would take by what is known; undefined where nothing was measured yet. */
export function warmingEstimate(
  job: Job,
  counts: Counts,
  known: {
    readonly earlier: EarlierRun | undefined
    readonly maxWorkers: number
    readonly price: MachinePrice | undefined
  },
): Estimate | undefined {
  const workers = Math.max(1, Math.min(known.maxWorkers, job.maxWorkers ?? known.maxWorkers))
  return estimate({ counts, earlier: known.earlier, workers, readsAtOnce, dollarsAnHour: known.price?.dollarsAnHour })
}
