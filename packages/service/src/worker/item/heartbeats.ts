import {
  emptyCounts,
  encodeResult,
  type FileUnderWay,
  type Heartbeat,
  type HeldAttempt,
  isCoreError,
  largestCount,
  type MountState,
  type RunStatus,
} from '@cachewarmer/core'
import { isQueueError } from '@cachewarmer/queue'
import type { Walk } from '@cachewarmer/walker'
import type { OpenedMounts } from '../access/mount-pool.ts'
import type { WorkerPorts, WorkerSettings } from '../ports.ts'
import type { RunCeilings } from '../runs/limits.ts'
import { type Attempt, countsOf, mountStates, noted } from './attempt.ts'

interface LiveAttempt {
  readonly attempt: Attempt
  readonly walk: Walk
  readonly noteOn: NoteOn
}

type NoteOn = OpenedMounts['noteOn']

/** More runs than this are not remembered once they are over. */
const maxRuns = 64
const maxLargest = 3

/**
 * What this worker tells a manager while it works: one message per run and interval, for all attempts at its items. A
 * manager that does not ask for heartbeats, because it is older, gets none. Heartbeats are only shown: one that can't be
 * sent is dropped, as the next one says it all again.
 */
export class Heartbeats {
  readonly #ports: WorkerPorts
  readonly #settings: WorkerSettings
  readonly #ceilings: RunCeilings
  /** Oldest attempt first. */
  readonly #live = new Map<string, Set<LiveAttempt>>()
  readonly #sentAtMs = new Map<string, number>()

  constructor(ports: WorkerPorts, settings: WorkerSettings, ceilings: RunCeilings) {
    this.#ports = ports
    this.#settings = settings
    this.#ceilings = ceilings
  }

  /** From now on heartbeats tell of this attempt, until the function that is returned is called. */
  begin(attempt: Attempt, walk: Walk, noteOn: NoteOn): () => void {
    const { run } = attempt
    const live = this.#live.get(run) ?? new Set()
    // An attempt shorter than an interval sends its result alone.
    if (live.size === 0 && this.#isDue(run)) this.#sentAtMs.set(run, this.#ports.clock.now())
    this.#live.set(run, live)
    const one = { attempt, walk, noteOn }
    live.add(one)
    return () => {
      live.delete(one)
      if (live.size > 0) return
      this.#live.delete(run)
      if (this.#sentAtMs.size > maxRuns) for (const known of this.#sentAtMs.keys()) this.#forget(known)
    }
  }

  /** Sends the run's heartbeat where the last one is an interval ago. Throws where the run's queue is gone. */
  async sendIfDue(status: RunStatus, signal: AbortSignal): Promise<void> {
    if (!this.#isDue(status.run)) return
    const live = [...(this.#live.get(status.run) ?? [])]
    const walks = live.map(({ walk }) => walk)
    const addresses = [...new Set(walks.flatMap(({ awaited }) => awaited))]
    const ceiling = this.#ceilings.holdUp(status.run)
    const largest = largestOf(walks)
    await this.#send(
      {
        ...this.#head(status),
        attempts: live.map((one) => heldAttempt(one, status)),
        limits: statesTogether(live),
        ...(largest.length === 0 ? {} : { largest }),
        ...(addresses.length === 0 && !ceiling
          ? {}
          : {
              waitsFor: { ...(ceiling ? { ceiling } : {}), ...(addresses.length === 0 ? {} : { addresses }) },
            }),
      },
      status,
      signal,
    )
  }

  /** Tells that no address answers an attempt, which holds `frontier` parts and gives them back. */
  async sendWaiting(
    status: RunStatus,
    { attempt, frontier, noteOn }: { readonly attempt: Attempt; readonly frontier: number; readonly noteOn: NoteOn },
    signal: AbortSignal,
  ): Promise<void> {
    const { addresses } = status.job ?? { addresses: [] }
    if (!this.#isDue(status.run)) return
    const held = { item: attempt.item, attempt: attempt.id, path: attempt.path, counts: emptyCounts(), frontier }
    await this.#send(
      {
        ...this.#head(status),
        attempts: [{ ...held, bytesArrived: 0, bytesInFlight: 0 }],
        limits: addresses.map((address) => ({
          address,
          state: 'down',
          ...noted(noteOn(address)),
          inFlight: 0,
          limit: 0,
        })),
        waitsFor: { addresses },
      },
      status,
      signal,
    )
  }

  #head({ run, revision }: RunStatus): Pick<Heartbeat, 'v' | 'kind' | 'run' | 'worker' | 'revision'> {
    return { v: 1, kind: 'heartbeat', run, worker: this.#settings.name, revision }
  }

  async #send(heartbeat: Heartbeat, status: RunStatus, signal: AbortSignal): Promise<void> {
    const { service, clock, logger } = this.#ports
    this.#sentAtMs.set(status.run, clock.now())
    if (status.wantsHeartbeats !== true) return
    try {
      const queue = service.queue(this.#settings.prefix.runResults(status.run))
      await queue.send(encodeResult(heartbeat), { signal })
    } catch (error) {
      // Figures that add up to more than a message can carry are no reason to drop the work, either.
      const isQueueAway = isQueueError(error) && error.code !== 'QUEUE_NOT_FOUND'
      if (!isQueueAway && !isCoreError(error)) throw error
      logger.debug('a heartbeat was not sent', { run: status.run, error: error.message })
    }
  }

  #isDue(run: string): boolean {
    const sentAtMs = this.#sentAtMs.get(run)
    return sentAtMs === undefined || this.#ports.clock.now() - sentAtMs >= this.#settings.heartbeatMs
  }

  #forget(run: string): void {
    if (!this.#live.has(run) && this.#isDue(run)) this.#sentAtMs.delete(run)
  }
}

function heldAttempt({ attempt, walk }: LiveAttempt, { wantsHeartbeats, wantsReach }: RunStatus): HeldAttempt {
  const { bytesArrived, bytesInFlight } = walk.counters
  return {
    item: attempt.item,
    attempt: attempt.id,
    path: attempt.path,
    counts: countsOf(walk, { bytesFound: wantsHeartbeats, reach: wantsReach }),
    bytesArrived: Math.min(largestCount, bytesArrived),
    bytesInFlight: Math.min(largestCount, bytesInFlight),
    frontier: walk.pending,
  }
}

function largestOf(walks: readonly Walk[]): FileUnderWay[] {
  const files = walks.flatMap(({ largest }) => largest)
  return files
    .sort((a, b) => (b.size ?? b.bytes) - (a.size ?? a.bytes))
    .slice(0, maxLargest)
    .map(({ path, bytes, size }) => ({
      path,
      bytes: Math.min(largestCount, bytes),
      ...(size === undefined ? {} : { size: Math.min(largestCount, size) }),
    }))
}

/** Each address once: what is in flight added up, its limits as they are, for all walks share them. */
function statesTogether(live: readonly LiveAttempt[]): MountState[] {
  const together = new Map<string, MountState>()
  for (const state of live.flatMap(({ walk, noteOn }) => mountStates(walk, noteOn))) {
    const known = together.get(state.address)
    if (known === undefined) together.set(state.address, state)
    else {
      known.inFlight += state.inFlight
      if (state.state === 'down') known.state = 'down'
    }
  }
  return [...together.values()]
}
