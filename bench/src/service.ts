import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeJob, type RunStatus } from '@cachewarmer/core'
import { type QueueService, systemClock } from '@cachewarmer/queue'
import { openSqliteService } from '@cachewarmer/queue/sqlite'
import { submitJob, watchJob } from '@cachewarmer/submit'

const prefix = 'bench'
const ticksPerSecond = 100

interface ServiceOptions {
  readonly workers: number
  readonly concurrency?: number
  readonly arguments?: readonly string[]
  /** The workers speak NFS to the addresses; else they find links to folders. */
  readonly direct?: boolean
}

const serviceArguments = (place: string, queue: string, options: ServiceOptions): string[] => {
  const settings = {
    queue: `sqlite:${queue}`,
    'queue-name-prefix': prefix,
    workers: options.workers,
    ...(options.direct ? {} : { folder: `${place}/mounts/{address}{export}`, concurrency: options.concurrency ?? 64 }),
    'idle-ms': 3_600_000,
  }
  return [
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    // They are links.
    ...(options.direct ? [] : ['--folder-links']),
    ...(options.arguments ?? []),
  ]
}

/** The installed service: a manager and its workers, running and idle before anything is timed. */
export class BenchService implements AsyncDisposable {
  readonly #place: string
  readonly #queues: QueueService
  readonly #manager: ChildProcess

  constructor(place: string, queues: QueueService, manager: ChildProcess) {
    this.#place = place
    this.#queues = queues
    this.#manager = manager
  }

  static async start(options: ServiceOptions): Promise<BenchService> {
    const place = await mkdtemp(join(tmpdir(), 'cachewarmer-bench-'))
    const queue = join(place, 'queue.db')
    const program = join(
      dirname(fileURLToPath(import.meta.resolve('@cachewarmer/manager/package.json'))),
      'dist/bin.js',
    )
    const manager = spawn(process.execPath, [program, ...serviceArguments(place, queue, options)], {
      stdio: ['ignore', 'ignore', process.env['DEBUG'] === undefined ? 'ignore' : 'inherit'],
    })
    const service = new BenchService(place, openSqliteService({ file: queue, clock: systemClock }), manager)
    return service
  }

  /** From submit to done, in milliseconds, with the CPU that all processes of the service spent meanwhile. */
  async warm(
    folder: string,
    addresses: readonly string[] = ['cache-1'],
    served?: string,
    paths: readonly string[] = ['/'],
  ): Promise<{ elapsedMs: number; cpuMs: number; status: RunStatus }> {
    const exportPath = served ?? (await this.#linked(folder, addresses))
    const cpuBefore = this.cpuMs()
    const startedAtMs = performance.now()
    const { job } = makeJob({ addresses: [...addresses], exportPath, paths: [...paths] })
    const { messageId } = await submitJob(this.#queues, prefix, job)
    let last: RunStatus | undefined
    for await (const status of watchJob(this.#queues, prefix, { messageId }, { clock: systemClock, intervalMs: 20 }))
      last = status
    const elapsedMs = performance.now() - startedAtMs
    if (last?.outcome !== 'warmed') throw new Error(`the job of ${folder} ended as ${last?.outcome}: ${last?.problem}`)
    return { elapsedMs, cpuMs: this.cpuMs() - cpuBefore, status: last }
  }

  /** Each folder is an export of its own, so that workers, which keep their mounts open, never see one turn into another. */
  async #linked(folder: string, addresses: readonly string[]): Promise<string> {
    const exportPath = `/${basename(folder)}`
    for (const address of addresses) {
      await mkdir(join(this.#place, 'mounts', address), { recursive: true })
      const at = join(this.#place, 'mounts', address, exportPath)
      await rm(at, { force: true })
      await symlink(folder, at)
    }
    return exportPath
  }

  /** CPU time so far of the manager and its workers. */
  cpuMs(): number {
    return this.#processes().reduce((sum, pid) => sum + cpuOf(pid), 0)
  }

  /** Resident memory of the largest of the service's processes, in bytes. */
  largestRss(): number {
    const sizes = this.#processes().map((pid) => {
      const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
      return Number(match?.[1] ?? 0) * 1_024
    })
    return Math.max(...sizes)
  }

  /** The most resident memory that the manager, and then each worker, held so far, in bytes. */
  peaks(): number[] {
    return this.#processes().map(peakRss)
  }

  /** For a program that is to reach its queues. */
  get queueArguments(): readonly string[] {
    return ['--queue', `sqlite:${join(this.#place, 'queue.db')}`, '--queue-name-prefix', prefix]
  }

  #processes(): number[] {
    const manager = this.#manager.pid ?? 0
    const children = readFileSync(`/proc/${manager}/task/${manager}/children`, 'utf8').trim().split(' ')
    return [manager, ...children.filter((pid) => pid !== '').map(Number)]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#manager.kill('SIGTERM')
    await new Promise((resolve) => this.#manager.once('exit', resolve))
    await this.#queues.close()
    await rm(this.#place, { recursive: true, force: true })
  }
}

/** The most resident memory that a process held so far, in bytes; 0 for one that is gone. */
export function peakRss(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024
  } catch {
    return 0
  }
}

function cpuOf(pid: number): number {
  try {
    // The fields behind the program's name, which may hold blanks: utime and stime are the 12th and 13th of them.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond
  } catch {
    return 0
  }
}
