import type { Beat, ItemResult } from '@cachewarmer/core'
import type { WorkerView } from '@cachewarmer/status-page'

/** Rates are means over this long at most. */
const windowMs = 10_000
/** Samples are no closer to each other than this: a worker with many short items says something all the time. */
const sampleMs = 1_000

interface Read {
  readonly files: number
  readonly bytes: number
}

interface Sample extends Read {
  readonly atMs: number
}

interface SeenWorker {
  seenAtMs: number
  /** Read in attempts whose results count. */
  done: Read
  /** The attempts under way, by item. */
  readonly live: Map<string, Beat>
  samples: Sample[]
}

/** The workers of one run as their beats and results show them. Only shown: nothing is decided by it but who is admitted. */
export class WorkersSeen {
  readonly #workers = new Map<string, SeenWorker>()

  get size(): number {
    return this.#workers.size
  }

  /** Their names, the one that was seen first coming first. */
  get names(): string[] {
    return [...this.#workers.keys()]
  }

  beat(beat: Beat, nowMs: number): void {
    const worker = this.#seen(beat.worker, nowMs)
    worker.live.set(beat.item, beat)
    sample(worker, nowMs)
  }

  accepted({ worker: name, item, counts }: ItemResult, nowMs: number): void {
    const worker = this.#seen(name, nowMs)
    worker.live.delete(item)
    worker.done = { files: worker.done.files + counts.files, bytes: worker.done.bytes + counts.bytes }
    sample(worker, nowMs)
  }

  /** The attempt is no longer believed in: its worker went silent, or another attempt at the item is ahead. */
  drop({ worker, item, attempt }: Beat): void {
    const live = this.#workers.get(worker)?.live
    if (live?.get(item)?.attempt === attempt) live.delete(item)
  }

  dropSilent(nowMs: number, silentMs: number): void {
    for (const [name, { seenAtMs }] of this.#workers) if (nowMs - seenAtMs > silentMs) this.#workers.delete(name)
  }

  view(nowMs: number): WorkerView[] {
    return [...this.#workers].map(([name, { seenAtMs, live, samples }]) => ({
      name,
      seenAtMs,
      ratesPerSecond: rates(samples, nowMs),
      work: [...live.values()].map(({ run, item, path, counts, frontier, revision }) => ({
        run,
        item,
        ...(path === undefined ? {} : { path }),
        files: counts.files,
        bytes: counts.bytes,
        frontier,
        revision,
      })),
    }))
  }

  #seen(name: string, nowMs: number): SeenWorker {
    let worker = this.#workers.get(name)
    if (worker === undefined) {
      worker = { seenAtMs: nowMs, done: { files: 0, bytes: 0 }, live: new Map(), samples: [] }
      this.#workers.set(name, worker)
    }
    worker.seenAtMs = nowMs
    return worker
  }
}

function sample(worker: SeenWorker, atMs: number): void {
  const last = worker.samples.at(-1)
  if (last !== undefined && atMs - last.atMs < sampleMs) return
  let { files, bytes } = worker.done
  for (const { counts } of worker.live.values()) {
    files += counts.files
    bytes += counts.bytes
  }
  worker.samples = [...worker.samples.filter((one) => atMs - one.atMs <= windowMs), { atMs, files, bytes }]
}

function rates(samples: readonly Sample[], nowMs: number): Read {
  const recent = samples.filter(({ atMs }) => nowMs - atMs <= windowMs)
  const [first, last] = [recent[0], recent.at(-1)]
  const seconds = first === undefined || last === undefined ? 0 : (last.atMs - first.atMs) / 1_000
  if (first === undefined || last === undefined || seconds <= 0) return { files: 0, bytes: 0 }
  return {
    files: Math.max(0, last.files - first.files) / seconds,
    bytes: Math.max(0, last.bytes - first.bytes) / seconds,
  }
}
