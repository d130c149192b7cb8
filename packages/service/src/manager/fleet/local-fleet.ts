import { type ChildProcess, spawn } from 'node:child_process'
import type { FleetStatus } from '@cachewarmer/core'
import type { Clock, Logger } from '@cachewarmer/queue'
import type { Fleet } from './fleet.ts'

export interface LocalFleetOptions {
  /** The worker program and its arguments, started as they are, without a shell. */
  readonly command: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly logger: Logger
  /** How long a worker may take to hand back its work before it is killed. Default 30,000. */
  readonly drainMs?: number
}

/** A worker that dies is started again after this long, twice as long after each death in a row. */
const firstRestartMs = 200
const lastRestartMs = 30_000
/** A worker that lived this long did not die of how it was started. */
const healthyMs = 10_000

interface Worker {
  readonly process: ChildProcess
  readonly startedAtMs: number
  readonly gone: Promise<void>
  stopping: boolean
}

/**
 * Worker processes on this machine. Each has a pipe as its standard input and stops when that ends, so that workers
 * never outlive a manager that was killed. They write their logs to this process's standard error.
 */
export function localFleet(options: LocalFleetOptions): Fleet {
  return new LocalFleet(options)
}

class LocalFleet implements Fleet {
  readonly #options: LocalFleetOptions
  readonly #workers = new Set<Worker>()
  #wanted = 0
  #deathsInARow = 0
  #restartAtMs = Number.NEGATIVE_INFINITY
  #notes: string[] = []

  constructor(options: LocalFleetOptions) {
    this.#options = options
  }

  want(workers: number): void {
    this.#wanted = workers
    const alive = [...this.#workers].filter(({ stopping }) => !stopping)
    for (const worker of alive.slice(workers)) this.#stopWorker(worker)
    if (this.#options.clock.now() < this.#restartAtMs) return
    for (let missing = workers - alive.length; missing > 0; missing -= 1) this.#startWorker()
  }

  observe(): FleetStatus {
    const running = [...this.#workers].filter(({ stopping }) => !stopping).length
    return { kind: 'local', wanted: this.#wanted, running, notes: this.#notes }
  }

  async stop(): Promise<void> {
    this.#wanted = 0
    const workers = [...this.#workers]
    for (const worker of workers) this.#stopWorker(worker)
    await Promise.all(workers.map(({ gone }) => gone))
  }

  #startWorker(): void {
    const [program, ...args] = this.#options.command
    const { clock, logger } = this.#options
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'], env: this.#options.environment })
    // A pipe to a process that just died is no failure of ours: its exit is what counts.
    child.stdin?.on('error', () => undefined)
    const gone = new Promise<void>((resolve) => {
      child.once('error', (error) => {
        this.#died(worker, error.message)
        resolve()
      })
      child.once('exit', (code, signal) => {
        this.#died(worker, signal ?? `exit code ${code}`)
        resolve()
      })
    })
    const worker: Worker = { process: child, startedAtMs: clock.now(), gone, stopping: false }
    this.#workers.add(worker)
    logger.debug('worker process started', { pid: child.pid })
  }

  #died(worker: Worker, reason: string): void {
    if (!this.#workers.delete(worker) || worker.stopping) return
    const { clock, logger } = this.#options
    const now = clock.now()
    this.#deathsInARow = now - worker.startedAtMs >= healthyMs ? 1 : this.#deathsInARow + 1
    this.#restartAtMs = now + Math.min(lastRestartMs, firstRestartMs * 2 ** (this.#deathsInARow - 1))
    const note = `worker process ${worker.process.pid ?? ''} ended: ${reason}`
    this.#notes = [...this.#notes.slice(-9), note]
    logger.warn(note)
  }

  #stopWorker(worker: Worker): void {
    if (worker.stopping) return
    worker.stopping = true
    worker.process.kill('SIGTERM')
    const killer = new AbortController()
    void worker.gone.then(() => killer.abort())
    this.#options.clock.sleep(this.#options.drainMs ?? 30_000, killer.signal).then(
      () => worker.process.kill('SIGKILL'),
      () => undefined,
    )
  }
}
