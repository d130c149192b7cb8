import type { Clock } from '@cachewarmer/nfs'
import pLimit from 'p-limit'
import { isComplete, type Mount } from '../mounts/mount.ts'
import { hashPath } from '../paths.ts'

/** A file up to this size costs a round trip or two, and the number of such files counts. The manager divides them the same way. */
const smallBytes = 65_535

export interface SampledFile {
  readonly path: string
  /** Bytes. */
  readonly size: number
}

interface Candidate extends SampledFile {
  readonly hash: number
}

/**
 * A few of the files that a walk finds, the same ones in any order: those with the lowest hashes of their paths,
 * which are spread over the tree. One large file for four small ones, as far as there are any.
 */
export class FileSample {
  private readonly small: Candidate[] = []
  private readonly large: Candidate[] = []
  private readonly most: number

  constructor(most: number) {
    this.most = most
  }

  /** All of them, the small ones first. */
  get files(): readonly SampledFile[] {
    return [...this.small, ...this.large].map(({ path, size }) => ({ path, size }))
  }

  offer(path: string, size: number): void {
    if (size <= smallBytes) insert(this.small, this.most, path, size)
    else insert(this.large, Math.ceil(this.most / 4), path, size)
  }
}

/** Keeps the list in order, with at most `most` files. */
function insert(list: Candidate[], most: number, path: string, size: number): void {
  const hash = hashPath(path)
  if (list.length === most && hash >= (list.at(-1)?.hash ?? 0)) return
  const at = list.findIndex((other) => other.hash > hash)
  list.splice(at === -1 ? list.length : at, 0, { path, size, hash })
  list.length = Math.min(list.length, most)
}

/** What reading a few files took. Milliseconds are those of every read, added up; whole, as counts are. */
export interface Measured {
  /** Small files that were read whole. */
  files: number
  filesMs: number
  /** Bytes of the large ones, of each the first few MiB. */
  bytes: number
  bytesMs: number
}

export interface MeasureOptions {
  readonly clock: Clock
  /** Ends the measuring; what was read until then counts. */
  readonly signal: AbortSignal
  /** Reads in flight. Default 8. */
  readonly concurrency?: number | undefined
}

/** As the manager counts on where it makes an estimate of what was measured. */
const measuredAtOnce = 8
const largeReadBytes = 4 * 1024 * 1024
const longestMs = 20_000

/**
 * Reads a few files, each through the mount that a walk would read it through first, and says how long that took. Files
 * that can't be read are left out. It takes 20 seconds at most.
 */
export async function measureReads(
  mounts: readonly Mount[],
  files: readonly SampledFile[],
  { clock, signal, concurrency = measuredAtOnce }: MeasureOptions,
): Promise<Measured> {
  const measured: Measured = { files: 0, filesMs: 0, bytes: 0, bytesMs: 0 }
  const late = new AbortController()
  const stopTimer = clock.setTimer(longestMs, () => late.abort(new Error('measuring took too long')))
  const ended = AbortSignal.any([signal, late.signal])
  const readOne = async ({ path, size }: SampledFile): Promise<void> => {
    const mount = mounts[hashPath(path) % mounts.length]
    if (mount === undefined || ended.aborted) return
    const startedAtMs = clock.now()
    const outcome = await mount.read({ path }, { offset: 0, length: largeReadBytes, size, signal: ended })
    const tookMs = clock.now() - startedAtMs
    if (!isComplete(outcome, largeReadBytes)) return
    const { bytes } = outcome
    if (size <= smallBytes) {
      measured.files += 1
      measured.filesMs += tookMs
    } else {
      measured.bytes += bytes
      measured.bytesMs += tookMs
    }
  }
  const limit = pLimit(concurrency)
  await Promise.allSettled(files.map((file) => limit(readOne, file)))
  stopTimer()
  return { ...measured, filesMs: Math.round(measured.filesMs), bytesMs: Math.round(measured.bytesMs) }
}
