import { type ChildProcess, spawn } from 'node:child_process'
import type { FleetStatus } from '@cachewarmer/core'
import type { Clock, Logger } from '@cachewarmer/queue'
import { accessOptions } from '../../cli/access-options.ts'
import { type Environment, isFileQueue, type QueueSettings, queueVariables } from '../../cli/index.ts'
import type { Fleet } from '../ports.ts'

export interface LocalFleetOptions {
  /** The worker program and its arguments, started as they are, without a shell. */
  readonly command: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly logger: Logger
  /** How long a worker may take to hand back its work before it is killed. Default 30,000. */
  readonly drainMs?: number | undefined
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
    const kill = (): void => void worker.process.kill('SIGKILL')
    void worker.gone.then(this.#options.clock.setTimer(this.#options.drainMs ?? 30_000, kill))
  }
}

/** What any program may need: where programs, homes and temporary files are, the language, and what Node itself looks at. */
const ofPrograms = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'TZ',
  'LANG',
  'LC_ALL',
  'NODE_OPTIONS',
  'UV_THREADPOOL_SIZE',
  // The journal takes standard error, and a service has a folder of its own.
  'JOURNAL_STREAM',
  'RUNTIME_DIRECTORY',
]

/** How a queue on another machine is reached. A proxy's URL may hold a password. */
const ofNetwork = [
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'NODE_USE_ENV_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]

const ofWorkers = Object.values(accessOptions).flatMap(({ envVar }) => (envVar === undefined ? [] : [envVar]))

/**
 * The environment of a worker process of this machine. A worker reads what hostile filers send, so it gets what it needs for
 * its queue and no other secret of the manager: variables that are not named here stay behind.
 */
export function workerEnvironment(config: QueueSettings, own: Environment): Record<string, string> {
  const network = isFileQueue(config.queue) ? [] : ofNetwork
  const names = [...ofPrograms, ...ofWorkers, ...network, ...queueVariables(config, own)]
  const kept = names.map((name) => [name, own[name]] as const)
  const given = [
    ['CACHEWARMER_QUEUE', config.queue !== undefined && mayHoldSecret(config.queue) ? config.queue : undefined],
    ['STORAGE_KEY', isFileQueue(config.queue) ? undefined : config.storageKey],
    ['AZURE_CLIENT_ID', config.azureClientId],
    ['AZURE_AUTHORITY_HOST', config.azureAuthorityHost],
  ] as const
  const all = [...kept, ...given].flatMap(([name, value]) => (value ? [[name, value] as const] : []))
  return Object.fromEntries(all)
}

/** A URL of a storage account may hold a signature; everybody can list the arguments of a process. */
export const mayHoldSecret = (queue: string): boolean => !queue.startsWith('sqlite:') && /[?@]/.test(queue)
