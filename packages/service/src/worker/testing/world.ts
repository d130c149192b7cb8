import {
  decodeResult,
  encodeItem,
  encodeStatus,
  type Item,
  type ItemResult,
  type Job,
  Prefix,
  type ResultMessage,
  type RunStatus,
} from '@cachewarmer/core'
import { aJob, anItem, aRunId, aStatus, seededRandom } from '@cachewarmer/core/testing'
import { type Logger, memoryService, type QueueService, type SentMessage, sleep } from '@cachewarmer/queue'
import { type FakeClock, type FaultyCall, fakeClock, faultyService } from '@cachewarmer/queue/testing'
import { type Mount, WalkError } from '@cachewarmer/walker'
import { type MemoryMountOptions, memoryMount, memoryTree, type TreeLiteral } from '@cachewarmer/walker/testing'
import type { WorkerOptions, WorkerPorts } from '../ports.ts'
import { runWorker, type WorkerSummary } from '../run-worker.ts'

export const prefix = 'studio'
export const names: Prefix = new Prefix(prefix)
export const run = aRunId
export const workQueue: string = names.runWork(run)
export const resultsQueue: string = names.runResults(run)

/** A result of an item, as opposed to heartbeats and parts of failures. */
export const isResult = (message: ResultMessage): message is ItemResult => message.kind === 'result'

const quiet = (): void => undefined
const silentLogger: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => silentLogger }

export interface StartedWorker {
  /** As SIGTERM does: takes nothing more. */
  stop(): void
  readonly ended: Promise<WorkerSummary>
}

/** Queues, mounts and time, all in memory; `calls` has every call to a queue in its order. */
export class World {
  readonly clock: FakeClock = fakeClock()
  readonly calls: string[] = []
  readonly service: QueueService
  readonly opened: string[] = []
  logger: Logger = silentLogger
  /** False for a manager of an earlier version. */
  asksForHeartbeats = true
  readonly #random = seededRandom(1)
  readonly #mounts = new Map<string, Mount | WalkError>()
  readonly #statuses = new Map<string, SentMessage>()

  constructor() {
    this.service = faultyService(memoryService({ clock: this.clock }), (call: FaultyCall, queue) => {
      this.calls.push(`${call} ${queue}`)
      return undefined
    })
  }

  get ports(): WorkerPorts {
    return {
      service: this.service,
      clock: this.clock,
      random: this.#random,
      logger: this.logger,
      openMount: this.#open,
    }
  }

  /** What an address of the export shows; an error is why it can't be opened. */
  serve(address: string, tree: TreeLiteral | WalkError, options: Partial<MemoryMountOptions> = {}): Mount | WalkError {
    const served =
      tree instanceof WalkError
        ? tree
        : memoryMount({ name: address, tree: memoryTree(tree), clock: this.clock, ...options })
    this.#mounts.set(address, served)
    return served
  }

  serveMount(mount: Mount): void {
    this.#mounts.set(mount.name, mount)
  }

  /** What a manager does before it sends the root: queues, and a status with the job. */
  async announce(job: Partial<Job> = {}, status: Partial<RunStatus> = {}): Promise<void> {
    const id = status.run ?? run
    for (const name of [names.runWork(id), names.runResults(id), names.runStatus(id), names.poison])
      await this.service.create(name)
    await this.post({ job: aJob({ addresses: ['cache-1'], paths: ['/'], ...job }), ...status })
  }

  async post(given: Partial<RunStatus>): Promise<void> {
    const status = aStatus({ ...(this.asksForHeartbeats ? { wantsHeartbeats: true } : {}), ...given })
    const before = this.#statuses.get(status.run)
    if (before !== undefined) return before.update(encodeStatus(status), { leaseMs: 0 })
    this.#statuses.set(status.run, await this.service.queue(names.runStatus(status.run)).send(encodeStatus(status)))
  }

  async send(given: Partial<Item> = {}): Promise<void> {
    const item = anItem({ parts: [{ kind: 'tree', path: '/' }], ...given })
    await this.service.queue(names.runWork(item.run)).send(encodeItem(item))
  }

  start(options: Partial<WorkerOptions> = {}, ports: WorkerPorts = this.ports): StartedWorker {
    const stop = new AbortController()
    const ended = runWorker(
      ports,
      { prefix, name: 'worker-1', ...options },
      { stopTaking: stop.signal, abortWork: new AbortController().signal },
    )
    return { stop: () => stop.abort(new Error('stopped by a test')), ended }
  }

  /** Runs one worker until `check` holds, at most an hour of its time, then stops it. */
  async workUntil(check: () => Promise<boolean>, options: Partial<WorkerOptions> = {}): Promise<WorkerSummary> {
    const worker = this.start(options)
    await this.until(check)
    worker.stop()
    return this.clock.run(worker.ended)
  }

  async until(check: () => Promise<boolean>): Promise<void> {
    const look = async (): Promise<void> => {
      while (!(await check())) await sleep(this.clock, 50)
    }
    await this.clock.run(look(), 3_600_000)
  }

  /** For `workUntil`: nothing is left in the queue, leased messages included. */
  readonly empty =
    (queue: string = workQueue) =>
    async (): Promise<boolean> =>
      (await this.service.queue(queue).approximateDepth()) === 0

  /** What the manager would find now. Leaves the messages where they are. */
  async results(): Promise<ResultMessage[]> {
    return (await this.bodies(resultsQueue)).map(decodeResult)
  }

  /** Results and parts of failures, without what is only shown. */
  async reported(): Promise<ResultMessage[]> {
    return (await this.results()).filter(({ kind }) => kind !== 'heartbeat')
  }

  /** Takes the results of items out of the queue, however many heartbeats lie before them. */
  async allResults(): Promise<ItemResult[]> {
    const found: ItemResult[] = []
    for (;;) {
      const leases = await this.service.queue(resultsQueue).receive({ max: 32, leaseMs: 60_000 })
      if (leases.length === 0) return found
      found.push(...leases.map(({ body }) => decodeResult(body)).filter(isResult))
    }
  }

  async bodies(queue: string): Promise<string[]> {
    return (await this.service.queue(queue).peek({ max: 32 })).map(({ body }) => body)
  }

  /** The notes in the poison queue. */
  async poison(): Promise<{ reason: string; message: string; by: string }[]> {
    return (await this.bodies(names.poison)).map(
      (body) => JSON.parse(body) as { reason: string; message: string; by: string },
    )
  }

  readonly #open = async (address: string, exportPath: string): Promise<Mount> => {
    this.opened.push(`${address}${exportPath}`)
    const served = this.#mounts.get(address) ?? new WalkError('NOT_FOUND', `${address} serves nothing`)
    if (served instanceof WalkError) throw served
    return served
  }
}

/** A mount that notes what is read of it, as `path` or `path@offset+length`, and holds reads back on request. */
export function notingMount(
  name: string,
  tree: TreeLiteral,
  options: { held?: boolean } & Partial<MemoryMountOptions> = {},
): Mount & { readonly reads: string[]; release(): void } {
  const inner = memoryMount({ name, tree: memoryTree(tree), ...options })
  const reads: string[] = []
  const { promise: gate, resolve: release } = Promise.withResolvers<void>()
  if (options.held !== true) release()
  return {
    name,
    maxInFlight: inner.maxInFlight,
    list: (directory, options) => inner.list(directory, options),
    stat: (path, options) => inner.stat(path, options),
    readLink: (path, options) => inner.readLink?.(path, options) ?? Promise.reject(new Error('no links here')),
    close: () => inner.close(),
    async read(file, range) {
      const whole = range.offset === 0 && range.length === Number.POSITIVE_INFINITY
      reads.push(whole ? file.path : `${file.path}@${range.offset}+${range.length}`)
      await new Promise<void>((resolve, reject) => {
        range.signal.addEventListener('abort', () => reject(range.signal.reason as Error), { once: true })
        void gate.then(resolve)
      })
      return inner.read(file, range)
    },
    reads,
    release,
  }
}
