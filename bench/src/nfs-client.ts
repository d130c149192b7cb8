import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { workerNodeOptions } from '@cachewarmer/service/cli/worker-node-options'
import { type AdaptiveLimit, adaptiveLimit, nfsMount, walk } from '@cachewarmer/walker'

/*
 * One walk in a process of its own, with the worker's options of V8: CPU time and memory are the client's alone, its
 * compiler's and collector's included. `nfs-client.ts WALK`, a walk as JSON, prints what it measured as JSON.
 */

export interface ClientWalk {
  readonly hosts: readonly string[]
  readonly exportPath: string
  readonly nfsPort: number
  readonly mountPort: number
  readonly paths?: readonly string[]
  readonly through?: 'each' | 'spread'
  /** Reads in flight an address at the most; how many there are is found out. Default 4,096, as of a worker. */
  readonly maxInFlight?: number
}

export interface ClientWalked {
  readonly files: number
  readonly elapsedMs: number
  readonly cpuMs: number
  /** Calls sent, by procedure. */
  readonly calls: Readonly<Record<string, number>>
  /** Each tenth of a second: reads allowed in flight, the median of their latencies, files read. */
  readonly limits: readonly number[]
  readonly latencies: readonly number[]
  readonly progress: readonly number[]
  /** Bytes of resident memory at the most. */
  readonly rss: number
  readonly bytesThrough: readonly number[]
  readonly failures: readonly string[]
}

/** Runs the walk in a process of its own, on one core where that is given. Throws if it missed a file. */
export async function runClient(wanted: ClientWalk, files: number, core?: number): Promise<ClientWalked> {
  const command = [process.execPath, ...workerNodeOptions, fileURLToPath(import.meta.url), JSON.stringify(wanted)]
  const [program = '', ...args] = core === undefined ? command : ['taskset', '-c', String(core), ...command]
  const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 2 ** 28 })
  const walked = JSON.parse(stdout) as ClientWalked
  if (walked.files !== files)
    throw new Error(`${walked.files} of ${files} files were read; ${walked.failures.join('; ')}`)
  return walked
}

async function measure(wanted: ClientWalk): Promise<ClientWalked> {
  const { hosts, exportPath, nfsPort, mountPort, paths = ['/'], through = 'each', maxInFlight = 4_096 } = wanted
  const limiters: AdaptiveLimit[] = []
  const calls: Record<string, number> = {}
  const mounts = await Promise.all(
    hosts.map(async (host) => {
      const limiter = adaptiveLimit({ max: maxInFlight })
      limiters.push(limiter)
      const observer = {
        ...observerOf(limiter),
        latency(ms: number, procedure: string) {
          calls[procedure] = (calls[procedure] ?? 0) + 1
          limiter.latency(ms, procedure)
        },
      }
      return await nfsMount({
        export: { host, exportPath, nfsPort, mountPort, observer },
        name: host,
        limiter,
        maxInFlight,
      })
    }),
  )
  const [limits, latencies, progress] = [[] as number[], [] as number[], [] as number[]]
  let rss = 0
  const cpu = process.cpuUsage()
  const startedAtMs = performance.now()
  const walking = walk(mounts, {
    parts: paths.map((path) => ({ kind: 'tree', path })),
    entries: 'none',
    // As a worker walks.
    order: 'any',
    headBytes: Number.POSITIVE_INFINITY,
    through,
    concurrency: maxInFlight * hosts.length,
  })
  const look = (): void => {
    limits.push(limiters.reduce((sum, { state }) => sum + state.limit, 0))
    latencies.push(limiters[0]?.state.p50Ms ?? 0)
    progress.push(walking.counters.files)
    rss = Math.max(rss, process.memoryUsage.rss())
  }
  const looking = setInterval(look, 100)
  await walking.done
  clearInterval(looking)
  const elapsedMs = performance.now() - startedAtMs
  const { user, system } = process.cpuUsage(cpu)
  look()
  for (const mount of mounts) await mount.close()
  return {
    files: walking.counters.files,
    elapsedMs,
    cpuMs: (user + system) / 1_000,
    calls,
    limits,
    latencies,
    progress,
    rss,
    bytesThrough: hosts.map((host) => walking.counters.mounts[host]?.bytes ?? 0),
    failures: walking
      .takeFailures()
      .slice(0, 3)
      .map(({ message }) => message),
  }
}

const observerOf = (limiter: AdaptiveLimit) => ({
  jukebox: () => limiter.jukebox(),
  timeout: () => limiter.timeout(),
  reconnect: () => limiter.reconnect(),
})

const [program = '', wanted] = process.argv.slice(1)
if (program === fileURLToPath(import.meta.url) && wanted !== undefined)
  console.log(JSON.stringify(await measure(JSON.parse(wanted) as ClientWalk)))
