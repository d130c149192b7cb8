import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Job, makeJob, type RunStatus } from '@cachewarmer/core'
import { between, seededRandom, shuffled } from '@cachewarmer/core/testing'
import { ganeshaMissing, startGanesha } from '@cachewarmer/nfs/testing'
import { isQueueError, type QueueService, systemClock, withRetry } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'
import { startAzurite } from '@cachewarmer/queue/testing'
import { submitJob, watchJob } from '@cachewarmer/submit'
import { type RpcProxy, startRpcProxy } from '../chaos/rpc-proxy.ts'
import { Lab, pause } from '../end-to-end/lab.ts'
import { type MadeTree, makeTree } from '../end-to-end/tree.ts'
import type { Mark } from './plot.ts'

export interface SoakOptions {
  readonly minutes: number
  readonly seed: number
  readonly samplesFile: string
  readonly log: (line: string) => void
}

export interface SoakSeen {
  readonly beganAtMs: number
  readonly jobs: number
  readonly files: number
  readonly faults: string
  readonly marks: Mark[]
  /** What must not be: a job that ended badly, a count that can't be. */
  readonly problems: string[]
}

const hosts = ['127.0.0.11', '127.0.0.12', '127.0.0.13']

/** Jobs one after the other in two lanes, a tree that changes all the while, and one fault after the other. */
export async function soak({ minutes, seed, samplesFile, log }: SoakOptions): Promise<SoakSeen> {
  const missing = ganeshaMissing()
  if (missing !== undefined) throw new Error(`a soak needs a real NFS server, and ${missing}`)
  const random = seededRandom(seed)
  await using place = new Lab()
  const azuriteFolder = join(place.folder, 'azurite')
  mkdirSync(azuriteFolder)
  const queues = { azurite: await startAzurite({ folder: azuriteFolder }) }
  const port = Number(new URL(queues.azurite.url).port)
  const lab = new Lab({
    CACHEWARMER_QUEUE: queues.azurite.url,
    STORAGE_KEY: queues.azurite.accountKey,
    NODE_OPTIONS: `--import=${import.meta.resolve('./probe.ts')}`,
    SOAK_SAMPLES: samplesFile,
  })
  const stable = makeTree(join(lab.exportFolder, 'stable'), 60, 40, 2_000)
  makeTree(join(lab.exportFolder, 'changing'), 40, 30)
  const ganesha = await startGanesha({ folder: lab.exportFolder })
  if (ganesha === undefined) throw new Error('nfs-ganesha did not start')
  const addresses: RpcProxy[] = []
  for (const host of hosts) {
    const samePort = addresses[0]?.port
    addresses.push(
      await startRpcProxy({ targetPort: ganesha.nfsPort, random, host, ...(samePort && { port: samePort }) }),
    )
  }
  const service = withRetry(
    await openService(queues.azurite.url, { accountKey: queues.azurite.accountKey, clock: systemClock }),
    { clock: systemClock, random: Math.random },
  )
  const direct = [
    '--access',
    'direct',
    '--nfs-port',
    String(addresses[0]?.port),
    '--mount-port',
    `${ganesha.mountPort}`,
  ]
  const manager = lab.start('manager', [
    '--ledger',
    join(lab.folder, 'ledger.db'),
    '--workers',
    '3',
    '--lease-ms',
    '60000',
    '--idle-ms',
    '600000',
    '--nfs-timeout-ms',
    '5000',
    ...direct,
  ])
  const beganAtMs = Date.now()
  const stop = AbortSignal.timeout(minutes * 60_000)
  const watch = new Watch(lab.exportFolder, stable)
  const faults = new Faults(random, manager.process.pid ?? 0, addresses, {
    stop: () => queues.azurite.stop('SIGTERM'),
    start: async () => {
      queues.azurite = await startAzurite({ folder: azuriteFolder, port })
    },
  })
  try {
    await Promise.all([
      watch.lane(service, '/stable', stop, log),
      watch.lane(service, '/changing', stop, log),
      changeTree(join(lab.exportFolder, 'changing'), random, stop),
      faults.bringAbout(stop, log),
    ])
    if (manager.process.exitCode !== null) watch.problems.push(`the manager ended: ${manager.log().slice(-2_000)}`)
  } finally {
    await lab[Symbol.asyncDispose]()
    await service.close()
    for (const address of addresses) await address[Symbol.asyncDispose]()
    await ganesha.stop()
    await queues.azurite.stop()
  }
  const { jobs, files, problems } = watch
  return { beganAtMs, jobs, files, problems, marks: faults.marks, faults: faults.summary }
}

/** Submits jobs one after the other and looks at what each says in the end. */
class Watch {
  jobs = 0
  files = 0
  readonly problems: string[] = []
  readonly #exportPath: string
  readonly #stable: MadeTree

  constructor(exportPath: string, stable: MadeTree) {
    this.#exportPath = exportPath
    this.#stable = stable
  }

  async lane(service: QueueService, path: string, stop: AbortSignal, log: (line: string) => void): Promise<void> {
    while (!stop.aborted) {
      const { job } = makeJob({ addresses: hosts, exportPath: this.#exportPath, paths: [path] })
      const messageId = await this.#submit(service, { ...job, maxRequestsPerSecond: 2_000 }, stop)
      if (messageId === undefined) return
      let last: RunStatus | undefined
      const options = { clock: systemClock, reached: true }
      for await (const status of watchJob(service, 'lab', { messageId }, options)) last = status
      this.jobs += 1
      if (last === undefined) this.problems.push(`${path}: job ${messageId} left no status`)
      else this.#check(path, last)
      if (this.jobs % 20 === 0) log(`soak: ${this.jobs} jobs, ${this.files} files, ${this.problems.length} wrong`)
    }
  }

  /** Tried until the queue service is there; a job that was sent and not answered for runs unwatched. */
  async #submit(service: QueueService, job: Job, stop: AbortSignal): Promise<string | undefined> {
    while (!stop.aborted) {
      try {
        return (await submitJob(service, 'lab', job)).messageId
      } catch (error) {
        if (!isQueueError(error)) throw error
        await pause(1_000)
      }
    }
    return undefined
  }

  #check(path: string, { run, outcome, progress, problem }: RunStatus): void {
    const { files, bytes, failures } = progress.counts
    this.files += files
    const failed = Object.values(failures).reduce((sum, count) => sum + count, 0)
    const said = `${path}: run ${run}: ${outcome}, ${files} files, ${bytes} bytes, ${JSON.stringify(failures)} ${problem ?? ''}`
    if (outcome !== 'warmed' && outcome !== 'completed with failures') this.problems.push(said)
    else if ((outcome === 'warmed') !== (failed === 0)) this.problems.push(said)
    else if (path === '/stable') {
      const exact = files === this.#stable.files && bytes === this.#stable.bytes
      if (outcome === 'warmed' ? !exact : files > this.#stable.files) this.problems.push(said)
    }
  }
}

interface Outage {
  stop(): Promise<void>
  start(): Promise<void>
}

/** One fault after the other, each of which passes. Killed is the youngest worker, so that old ones show what they hold. */
class Faults {
  readonly marks: Mark[] = []
  readonly #random: () => number
  readonly #manager: number
  readonly #addresses: readonly RpcProxy[]
  readonly #queue: Outage

  constructor(random: () => number, manager: number, addresses: readonly RpcProxy[], queue: Outage) {
    this.#random = random
    this.#manager = manager
    this.#addresses = addresses
    this.#queue = queue
  }

  get summary(): string {
    const count = (what: Mark['what']): number => this.marks.filter((mark) => mark.what === what).length
    return `${count('kill')} workers killed, ${count('address away')} addresses away, ${count('queue away')} times no queue`
  }

  async bringAbout(stop: AbortSignal, log: (line: string) => void): Promise<void> {
    while (!stop.aborted) {
      await pause(between(this.#random, 8_000, 20_000))
      const drawn = this.#random()
      const what = drawn < 0.4 ? 'kill' : drawn < 0.85 ? 'address away' : 'queue away'
      this.marks.push({ atMs: Date.now(), what })
      if (what === 'kill') this.#killYoungest()
      else if (what === 'address away') await this.#addressAway()
      else {
        log('soak: the queue service goes away')
        await this.#queue.stop()
        await pause(between(this.#random, 3_000, 15_000))
        await this.#queue.start()
      }
    }
  }

  #killYoungest(): void {
    const children = readFileSync(`/proc/${this.#manager}/task/${this.#manager}/children`, 'utf8')
    const youngest = children
      .trim()
      .split(' ')
      .map(Number)
      .toSorted((a, b) => b - a)[0]
    if (youngest !== undefined && youngest > 0) process.kill(youngest, 'SIGKILL')
  }

  async #addressAway(): Promise<void> {
    const [address] = shuffled(this.#random, this.#addresses)
    await address?.close()
    await pause(between(this.#random, 2_000, 15_000))
    await address?.open()
  }
}

/** Writes, removes and renames files and directories, for as long as it may. */
async function changeTree(folder: string, random: () => number, stop: AbortSignal): Promise<void> {
  for (let made = 0; !stop.aborted; made += 1) {
    await pause(50)
    const group = join(folder, `group-${between(random, 0, 9)}`)
    const [below] = shuffled(random, readdirSync(group))
    const target = join(group, below ?? '')
    const act = between(random, 0, 9)
    if (act === 0) renameSync(target, join(group, `d-renamed-${made}`))
    else if (act <= 5) writeFileSync(join(target, `new-${made}.dat`), Buffer.alloc(between(random, 0, 40_000)))
    else {
      const [file] = shuffled(random, readdirSync(target))
      if (file !== undefined) rmSync(join(target, file), { recursive: true })
    }
  }
}
