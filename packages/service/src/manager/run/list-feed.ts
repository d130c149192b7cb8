import { decodeListChunk, encodeItem, encodeListChunk, isCoreError, type ListChunk, listItem } from '@cachewarmer/core'
import { isQueueError, type Lease, orIfAbsent, type Queue, sleep } from '@cachewarmer/queue'
import { keepPoison } from '../../poison.ts'
import type { Ledger, RunRecord } from '../ledger/ledger.ts'
import type { ManagerPorts, ManagerSettings } from '../ports.ts'
import { patiently } from '../upkeep/patience.ts'

/** Chunks that wait in the work queue at the most, for each worker that there may be. */
const chunksAWorker = 32
const lookMs = 200
/** An empty list queue is believed when it was seen this often: its depth may come late. */
const emptyLooks = 2
/** A chunk not seen for this many lease periods is lost, not merely leased by a dead manager. */
const leasesWithout = 3

/**
 * Brings the chunks of a job's list from the queue that the submitter left to the work queue, in the list's order and
 * never far ahead of the workers. Each becomes the item of its number, which the ledger has announced already: a chunk
 * that is moved twice, because a manager died in between, counts once. A chunk that is moved goes back to the end of its
 * queue, so that the list is whole until the run is over: for a run that starts over, and for a manager that knows
 * nothing of this run.
 */
export class ListFeed {
  readonly #ports: ManagerPorts
  readonly #settings: ManagerSettings
  readonly #run: string
  readonly #list: string
  readonly #chunks: number
  #moved: MovedChunks
  #emptyLooks = 0
  /** For how long no chunk has come that is to be moved. */
  #withoutMs = 0

  /** `undefined` for a job that has no list. */
  static of(ports: ManagerPorts, settings: ManagerSettings, record: RunRecord): ListFeed | undefined {
    return record.job.list === undefined ? undefined : new ListFeed(ports, settings, record, record.job.list)
  }

  constructor(
    ports: ManagerPorts,
    settings: ManagerSettings,
    { run, generation }: RunRecord,
    { id, chunks }: { readonly id: string; readonly chunks: number },
  ) {
    this.#ports = ports
    this.#settings = settings
    this.#run = run
    this.#list = id
    this.#chunks = chunks
    this.#moved = new MovedChunks(ports.ledger, run, generation, chunks)
  }

  /** Chunks that have not been moved; those of a list that `isThrough` are in no queue any more. */
  get left(): number {
    return this.#moved.left
  }

  /** Whether no chunk is to be had that has not been moved. */
  get isThrough(): boolean {
    const { leaseMs } = this.#settings
    return this.left === 0 || this.#emptyLooks >= emptyLooks || this.#withoutMs > leasesWithout * leaseMs
  }

  /** Moves the whole list once more, as items of another generation. */
  startOver(generation: number): void {
    this.#moved = new MovedChunks(this.#ports.ledger, this.#run, generation, this.#chunks)
    this.#emptyLooks = 0
    this.#withoutMs = 0
  }

  /** Moves chunks until the signal ends it. `whenThrough` is called again and again while there is none left to move. */
  async execute(signal: AbortSignal, whenThrough: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      const moved = this.#moved
      if (moved.left > 0 && (await patiently(this.#ports, signal, () => this.#step(moved, signal))) === 'some') continue
      if (this.isThrough) await patiently(this.#ports, signal, whenThrough)
      await sleep(this.#ports.clock, lookMs, signal)
    }
  }

  async #step(moved: MovedChunks, signal: AbortSignal): Promise<'some' | 'none'> {
    const most = chunksAWorker * Math.max(1, this.#settings.maxWorkers)
    const room = most - (await this.#work.approximateDepth({ signal }))
    if (room <= 0) return 'none'
    const leases = await this.#receive(Math.min(room, this.#ports.service.limits.maxReceive), signal)
    if (await this.#move(leases, moved, signal)) {
      this.#withoutMs = 0
      return 'some'
    }
    this.#emptyLooks = (await this.#depth(signal)) === 0 ? this.#emptyLooks + 1 : 0
    this.#withoutMs += lookMs
    return 'none'
  }

  get #queue(): Queue {
    return this.#ports.service.queue(this.#settings.prefix.list(this.#list))
  }

  get #work(): Queue {
    return this.#ports.service.queue(this.#settings.prefix.runWork(this.#run))
  }

  #depth(signal: AbortSignal): Promise<number> {
    return orIfAbsent(this.#queue.approximateDepth({ signal }), 0)
  }

  #receive(max: number, signal: AbortSignal): Promise<readonly Lease[]> {
    const { leaseMs } = this.#settings
    return orIfAbsent(this.#queue.receive({ max, leaseMs, signal }), [])
  }

  /**
   * The item first, then the note of it, then the chunk goes to the end of its queue: a crash in between moves it twice or
   * keeps it twice, never not at all. Tells whether one was moved.
   */
  async #move(leases: readonly Lease[], moved: MovedChunks, signal: AbortSignal): Promise<boolean> {
    const { leaseMs } = this.#settings
    const others: (() => Promise<void>)[] = []
    const taken = new Map<Lease, ReadChunk>()
    for (const lease of leases) {
      const chunk = await this.#read(lease, moved.generation, signal)
      if (chunk === undefined) others.push(() => quietly(() => lease.complete({ signal })))
      // Out of the way for a while of those that were not moved yet.
      else if (moved.has(chunk.number)) others.push(() => quietly(() => lease.giveBack(leaseMs, { signal })))
      else {
        await this.#work.send(chunk.item, { signal })
        taken.set(lease, chunk)
      }
    }
    if (taken.size > 0) moved.add([...taken.values()].map(({ number }) => number))
    await Promise.all([
      ...others.map((other) => other()),
      ...[...taken].map(([lease, { body }]) => this.#keep(lease, body, signal)),
    ])
    return taken.size > 0
  }

  async #keep(lease: Lease, body: string, signal: AbortSignal): Promise<void> {
    // Without the queue, another manager has ended the job.
    await orIfAbsent(this.#queue.send(body, { signal }), undefined)
    await quietly(() => lease.complete({ signal }))
  }

  /** Throws `TOO_LARGE` for a chunk that another program filled so far that its item does not fit. */
  #encode(chunk: ListChunk, generation: number): ReadChunk {
    const item = listItem(chunk.chunk, generation)
    return {
      number: chunk.chunk,
      item: encodeItem({ v: 1, run: this.#run, item, strikes: 0, parts: chunk.parts }),
      body: encodeListChunk(chunk),
    }
  }

  /** `undefined` for what is no chunk of this list; that is among the poison by then. */
  async #read(lease: Lease, generation: number, signal: AbortSignal): Promise<ReadChunk | undefined> {
    let reason: string
    try {
      const chunk = decodeListChunk(lease.body)
      if (chunk.list === this.#list && chunk.chunk < this.#chunks) return this.#encode(chunk, generation)
      reason = `chunk ${chunk.chunk} of list ${chunk.list}, expected one of the ${this.#chunks} of ${this.#list}`
    } catch (error) {
      if (!isCoreError(error)) throw error
      reason = error.message
    }
    // Its item stays outstanding, and the run ends as lost: its content is unknown.
    this.#ports.logger.warn('a chunk of a list could not be read', { run: this.#run, error: reason })
    await keepPoison(this.#ports, this.#settings, { reason, body: lease.body }, signal)
    return undefined
  }
}

/** A chunk of the list, as the messages that it becomes. */
interface ReadChunk {
  readonly number: number
  /** For the workers. */
  readonly item: string
  /** For the end of the list's queue: another program may have written it in characters that no queue takes from us. */
  readonly body: string
}

/** A message that can't be changed now comes again. */
async function quietly(action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (!isQueueError(error)) throw error
  }
}

/** Which chunks of a list one generation of a run has sent to its workers: in the ledger, and here as one byte each. */
export class MovedChunks {
  readonly generation: number
  readonly #ledger: Ledger
  readonly #run: string
  readonly #moved: Uint8Array
  #left: number

  constructor(ledger: Ledger, run: string, generation: number, chunks: number) {
    this.#ledger = ledger
    this.#run = run
    this.generation = generation
    this.#moved = new Uint8Array(chunks)
    this.#left = chunks
    this.#mark(ledger.movedChunks(run, generation))
  }

  /** How many have not been sent. */
  get left(): number {
    return this.#left
  }

  has(chunk: number): boolean {
    return this.#moved[chunk] === 1
  }

  /** Nothing is remembered where the ledger can't keep it. */
  add(chunks: readonly number[]): void {
    this.#ledger.noteMoved(this.#run, this.generation, chunks)
    this.#mark(chunks)
  }

  #mark(chunks: readonly number[]): void {
    for (const chunk of chunks) {
      if (this.has(chunk)) continue
      this.#moved[chunk] = 1
      this.#left -= 1
    }
  }
}
