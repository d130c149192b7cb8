import { type Counts, type Job, MOST, type Progress } from '@cachewarmer/core'

type Expected = NonNullable<Progress['expected']>

/** Files and bytes that an earlier run of the same job read. */
export interface EarlierTotals {
  readonly files: number
  readonly bytes: number
}

/** Sums a moment ago. */
interface Moment {
  readonly atMs: number
  readonly handled: number
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
 * says itself how many paths it has.
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

  /** `nowMs` never goes back. */
  look(counts: Counts, nowMs: number): Pick<Progress, 'expected' | 'timeLeftMs'> {
    const handled = handledFiles(counts, this.#job.through)
    this.#note({ atMs: nowMs, handled })
    const expected = this.#expected(counts, handled)
    if (expected === undefined) return {}
    const rate = this.#ratePerMs(nowMs)
    const left = Math.max(0, expected.files - handled)
    return { expected, ...(rate > 0 ? { timeLeftMs: Math.round(left / rate) } : {}) }
  }

  #expected(counts: Counts, handled: number): Expected | undefined {
    const walk = filesOfWalk(counts, this.#job.paths)
    // Paths of a list are files, nearly all of them; the walk goes on from there.
    const listed = this.#job.list?.paths ?? 0
    const earlier = this.#earlier
    const believed = earlier !== undefined && handled <= earlier.files && walk.pendingDirectories > 0
    const files = Math.max(handled, believed ? earlier.files : listed + walk.files)
    // Before anything was listed, nobody can tell.
    if (files === 0 || (!believed && listed === 0 && walk.listed === 0)) return undefined
    const bytes = believed ? earlier.bytes : Math.round(counts.files === 0 ? 0 : (counts.bytes / counts.files) * files)
    const share = Math.min(1, handled / files)
    return {
      files: Math.min(MOST, Math.round(files)),
      bytes: Math.min(MOST, bytes),
      share,
      from: believed ? 'earlier run' : 'walk',
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

  #ratePerMs(nowMs: number): number {
    const [first, last] = [this.#moments[0], this.#moments.at(-1)]
    if (first === undefined || last === undefined) return 0
    const fromMs = nowMs - Math.max(rateMs, (nowMs - first.atMs) * rateShare)
    const from = this.#moments.findLast(({ atMs }) => atMs <= fromMs) ?? first
    return last.atMs > from.atMs ? Math.max(0, last.handled - from.handled) / (last.atMs - from.atMs) : 0
  }
}

/** Files that are behind the run, read or failed. Where each is read through every address, the one that is ahead tells. */
function handledFiles({ files, failures, mounts }: Counts, through: Job['through']): number {
  if (through === 'spread') return files + Object.values(failures).reduce((sum, count) => sum + count, 0)
  return Math.max(files, ...Object.values(mounts).map((mount) => mount.files + mount.failures))
}

/** What the walk has found, and what is to be expected of the directories that it has not listed. */
export function filesOfWalk(
  { levels = {} }: Counts,
  paths: readonly string[],
): { files: number; listed: number; pendingDirectories: number } {
  const roots = paths.map(depthOf)
  const deepest = Math.max(0, ...Object.keys(levels).map(Number), ...roots)
  const all = Object.values(levels)
  const listed = all.reduce((sum, level) => sum + level.listed, 0)
  const found = all.reduce((sum, level) => sum + level.files, 0)
  // Of a depth where nothing was listed yet, the others have to tell; that there is more below it, nobody knows.
  const usual = listed === 0 ? 0 : found / listed
  let below = usual
  let files = found
  let pendingDirectories = 0
  for (let depth = deepest + 1; depth >= 0; depth -= 1) {
    const level = levels[depth]
    const each =
      level === undefined || level.listed === 0 ? usual : (level.files + level.directories * below) / level.listed
    const known = (levels[depth - 1]?.directories ?? 0) + roots.filter((root) => root === depth).length
    const pending = Math.max(0, known - (level?.listed ?? 0))
    pendingDirectories += pending
    files += pending * each
    below = each
  }
  return { files, listed, pendingDirectories }
}

const depthOf = (path: string): number => (path === '/' ? 0 : path.split('/').length - 1)
