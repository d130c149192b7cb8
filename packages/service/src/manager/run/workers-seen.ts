import {
  type FileUnderWay,
  type Heartbeat,
  type HeldAttempt,
  type ItemResult,
  limitsTogether,
  type MountState,
  type Waiting,
} from '@cachewarmer/core'
import type { WorkerView } from '../../report/page/index.ts'

/** Rates are means over this long at most. */
const windowMs = 10_000
/** Samples are no closer to each other than this: a worker with many short items says something all the time. */
const sampleMs = 1_000
const mostLargest = 3

interface Read {
  readonly files: number
  readonly bytes: number
}

interface Sample extends Read {
  readonly atMs: number
}

/** An attempt under way, or those that a heartbeat had no room to name, added up. */
export type Live = Pick<HeldAttempt, 'counts' | 'bytesArrived' | 'bytesInFlight' | 'frontier'>

interface HeardAttempt {
  readonly held: HeldAttempt
  readonly atMs: number
}

interface SeenWorker {
  seenAtMs: number
  /** Read in attempts whose results count. */
  done: Read
  /** The attempts under way, by item. */
  readonly attempts: Map<string, HeardAttempt>
  /** The last one; what it says besides its attempts holds while one of them is under way. */
  heartbeat: Heartbeat | undefined
  samples: Sample[]
}

/**
 * The workers of one run as their heartbeats and results show them. Only shown: nothing is decided by it but who is
 * admitted, and how many machines the tail of the work needs.
 */
export class WorkersSeen {
  readonly #workers = new Map<string, SeenWorker>()
  /** By item: the worker whose attempt is shown. */
  readonly #holders = new Map<string, string>()

  get size(): number {
    return this.#workers.size
  }

  /** Their names, the one that was seen first coming first. */
  get names(): string[] {
    return [...this.#workers.keys()]
  }

  /** Workers that hold items. */
  get holders(): string[] {
    return this.#busy().map(([name]) => name)
  }

  /** Items that are held. */
  get items(): number {
    return this.#busy().reduce(
      (sum, [, { attempts, heartbeat }]) => sum + attempts.size + (heartbeat?.others?.items ?? 0),
      0,
    )
  }

  /** At least as many as there are attempts under way, without a look at them: it is asked for each of them. */
  get most(): number {
    return this.#holders.size + this.#workers.size
  }

  /** What is under way. */
  get live(): Live[] {
    return this.#busy().flatMap(([, worker]) => liveOf(worker))
  }

  /** The addresses as each worker describes them that holds items. */
  get limits(): MountState[] {
    return this.#busy().flatMap(([, { heartbeat }]) => heartbeat?.limits ?? [])
  }

  get largest(): FileUnderWay[] {
    const files = this.#busy().flatMap(([, { heartbeat }]) => heartbeat?.largest ?? [])
    return files.sort((a, b) => (b.size ?? b.bytes) - (a.size ?? a.bytes)).slice(0, mostLargest)
  }

  /** What any of them waits for. */
  get waitsFor(): Waiting | undefined {
    const waits = this.#busy().flatMap(([, { heartbeat }]) => heartbeat?.waitsFor ?? [])
    const addresses = [...new Set(waits.flatMap((wait) => wait.addresses ?? []))].sort().slice(0, 64)
    const ceiling = waits.some((wait) => wait.ceiling)
    if (!ceiling && addresses.length === 0) return undefined
    return { ...(ceiling ? { ceiling } : {}), ...(addresses.length === 0 ? {} : { addresses }) }
  }

  /** The attempt at an item that is shown. */
  holding(item: string): HeldAttempt | undefined {
    return this.#workers.get(this.#holders.get(item) ?? '')?.attempts.get(item)?.held
  }

  /** `attempts`: those of the heartbeat that are to be shown. */
  heartbeat(heartbeat: Heartbeat, attempts: readonly HeldAttempt[], nowMs: number): void {
    const worker = this.#seen(heartbeat.worker, nowMs)
    worker.heartbeat = heartbeat
    for (const held of attempts) {
      this.#drop(held.item)
      worker.attempts.set(held.item, { held, atMs: nowMs })
      this.#holders.set(held.item, heartbeat.worker)
    }
    sample(worker, nowMs)
  }

  accepted({ worker: name, item, counts }: ItemResult, nowMs: number): void {
    this.#drop(item)
    const worker = this.#seen(name, nowMs)
    worker.done = { files: worker.done.files + counts.files, bytes: worker.done.bytes + counts.bytes }
    sample(worker, nowMs)
  }

  dropSilent(nowMs: number, silentMs: number): void {
    for (const [name, { seenAtMs, attempts }] of this.#workers) {
      for (const [item, { atMs }] of attempts) if (nowMs - atMs > silentMs) this.#drop(item)
      if (nowMs - seenAtMs > silentMs) this.#workers.delete(name)
    }
  }

  /** Nothing is under way any more. */
  end(): void {
    for (const item of this.#holders.keys()) this.#drop(item)
    for (const worker of this.#workers.values()) worker.heartbeat = undefined
  }

  view(nowMs: number): WorkerView[] {
    return [...this.#workers].map(([name, { seenAtMs, attempts, heartbeat, samples }]) => ({
      name,
      seenAtMs,
      ratesPerSecond: rates(samples, nowMs),
      work: [...attempts.values()].map(({ held: { item, path, counts, bytesInFlight, frontier } }) => ({
        run: heartbeat?.run ?? '',
        item,
        ...(path === undefined ? {} : { path }),
        files: counts.files,
        bytes: counts.bytes + bytesInFlight,
        frontier,
        revision: heartbeat?.revision ?? 0,
      })),
    }))
  }

  #busy(): [string, SeenWorker][] {
    return [...this.#workers].filter(([, { attempts }]) => attempts.size > 0)
  }

  #drop(item: string): void {
    this.#workers.get(this.#holders.get(item) ?? '')?.attempts.delete(item)
    this.#holders.delete(item)
  }

  #seen(name: string, nowMs: number): SeenWorker {
    let worker = this.#workers.get(name)
    if (worker === undefined) {
      const done = { files: 0, bytes: 0 }
      worker = { seenAtMs: nowMs, done, attempts: new Map(), heartbeat: undefined, samples: [] }
      this.#workers.set(name, worker)
    }
    worker.seenAtMs = nowMs
    return worker
  }
}

const liveOf = ({ attempts, heartbeat }: SeenWorker): Live[] => [
  ...[...attempts.values()].map(({ held }) => held),
  ...(heartbeat?.others === undefined ? [] : [heartbeat.others]),
]

function sample(worker: SeenWorker, atMs: number): void {
  const last = worker.samples.at(-1)
  if (last !== undefined && atMs - last.atMs < sampleMs) return
  let { files, bytes } = worker.done
  for (const { counts, bytesInFlight } of liveOf(worker)) {
    files += counts.files
    bytes += counts.bytes + bytesInFlight
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

/** How each address of a run does, as all workers together see it, and did when it was last reported. */
export class AddressesSeen {
  readonly #last = new Map<string, MountState>()

  /**
   * `limits`: what workers say now, each address at most once per worker. An address without readers keeps its last figures,
   * with nothing in flight: so the report of a run that ended shows it, too.
   */
  look(limits: readonly MountState[]): MountState[] {
    const live = [...Map.groupBy(limits, ({ address }) => address)].map(([address, states]) =>
      together(address, states),
    )
    for (const mount of live) this.#last.set(mount.address, atRest(mount))
    const addresses = new Set(live.map(({ address }) => address))
    return [...live, ...[...this.#last.values()].filter(({ address }) => !addresses.has(address))]
  }
}

const atRest = ({ longReads, ...mount }: MountState): MountState => ({
  ...mount,
  inFlight: 0,
  ...(longReads === undefined ? {} : { longReads: { ...longReads, inFlight: 0 } }),
})

/** One address as many workers see it: down where one of them finds it down. */
function together(address: string, states: readonly MountState[]): MountState {
  const longReads = states.flatMap((state) => state.longReads ?? [])
  const down = states.filter(({ state }) => state === 'down')
  const note = [...down, ...states].find((state) => state.note !== undefined)?.note
  return {
    address,
    state: down.length > 0 ? 'down' : 'up',
    ...(note === undefined ? {} : { note }),
    ...limitsTogether(states),
    ...(longReads.length === 0 ? {} : { longReads: limitsTogether(longReads) }),
  }
}
