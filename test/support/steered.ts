import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ganesha, startGanesha } from './ganesha.ts'
import { Lab, pause, type Running } from './lab.ts'
import { type RpcProxy, startRpcProxy } from './rpc-proxy.ts'

/** Work of each worker per second: calls in all, and reads for each of the two jobs. */
export interface Rates {
  readonly calls: readonly number[]
  readonly night: readonly number[]
  readonly day: readonly number[]
}

/** Effects on the job `night` that are visible on all workers. */
type Sight = (rates: Rates) => boolean

/** Far from standing still, far below what a worker can do. */
const some = 20
/** More than any ceiling that is set here leaves to a worker. */
const many = 100

const sum = (rates: readonly number[]): number => rates.reduce((total, rate) => total + rate, 0)

export const allRead: Sight = ({ night }) => night.every((rate) => rate > some)
export const nothingIsRead: Sight = ({ night }) => night.every((rate) => rate === 0)
export const nothingHolds: Sight = ({ calls }) => calls.every((rate) => rate > many)
export const oneReads: Sight = ({ night }) =>
  night.filter((rate) => rate > some).length === 1 && night.filter((rate) => rate === 0).length === night.length - 1

/** About this many calls per second, shared equally. */
export const callsAreAbout =
  (perSecond: number): Sight =>
  ({ calls }) =>
    calls.every((rate) => isNear(rate, perSecond / calls.length))

/** About this many reads per second, shared equally. */
export const readsAreAbout =
  (perSecond: number): Sight =>
  ({ night }) =>
    night.every((rate) => isNear(rate, perSecond / night.length))

/** Every worker is at work, and about so large a share of all that they do together is for the job. */
export const shareIsAbout =
  (share: number): Sight =>
  ({ night, day }) =>
    night.every((rate, at) => rate + (day[at] ?? 0) > some) &&
    Math.abs(sum(night) / (sum(night) + sum(day)) - share) < 0.12

const isNear = (rate: number, wanted: number): boolean => rate > wanted * 0.7 && rate < wanted * 1.2

/** Jobs of directories of their own. All files of a job have the same size, which identifies the answers to its reads. */
const sizes = { night: 4_096, day: 2_048 } as const
type SteeredJob = keyof typeof sizes
export const fileBytes = (job: SteeredJob): number => sizes[job]

const jobs = Object.keys(sizes) as SteeredJob[]
const filesEach = 100
/** Bound of the bytes beside the data in an answer to a READ (RFC 1813, section 3.3.6). */
const answerBytes = 256
const delayMs = 50
/** Reads in flight a worker: with the delay, what it reads in a second is bounded. */
const concurrency = 8
const sampleMs = 50
const giveUpMs = 60_000

type Counts = { readonly [K in keyof Rates]: number[] }

interface Sample {
  readonly atMs: number
  readonly counts: Counts
}

interface SteeredOptions {
  readonly workers?: number
  /** Of each job. Default 80: with two workers good for half a minute. */
  readonly hundredsOfFiles?: number
}

/**
 * A manager and workers, each a process of its own, at jobs on nfs-ganesha. Every worker has a network of its own, where
 * its reads are counted: the figures here come from the network, not from the programs.
 */
export class Steered implements AsyncDisposable {
  readonly lab: Lab
  readonly #ganesha: Ganesha
  readonly #networks: RpcProxy[] = []
  readonly #counts: Counts = { calls: [], night: [], day: [] }
  readonly #samples: Sample[] = []
  readonly #sampler: NodeJS.Timeout

  constructor(lab: Lab, ganesha: Ganesha) {
    this.lab = lab
    this.#ganesha = ganesha
    this.#sampler = setInterval(() => this.#sample(), sampleMs)
  }

  static async start({ workers = 2, hundredsOfFiles = 80 }: SteeredOptions = {}): Promise<Steered> {
    const lab = new Lab()
    for (const job of jobs) makeFiles(join(lab.exportFolder, job), hundredsOfFiles, sizes[job])
    const ganesha = await startGanesha({ folder: lab.exportFolder })
    if (ganesha === undefined)
      throw new Error('nfs-ganesha is needed: apt-get install nfs-ganesha nfs-ganesha-vfs (as root)')
    const steered = new Steered(lab, ganesha)
    lab.start('manager', ['--fleet', 'none', '--ledger', join(lab.folder, 'ledger.db'), '--status-listen', 'none'])
    for (let worker = 0; worker < workers; worker += 1) await steered.#startWorker(worker)
    return steered
  }

  async #startWorker(worker: number): Promise<void> {
    for (const counts of Object.values(this.#counts)) counts.push(0)
    const network = await startRpcProxy({
      targetPort: this.#ganesha.nfsPort,
      random: () => 1,
      onPassed: (record) => this.#count(worker, record.length),
    })
    network.weather.delayMs = delayMs
    this.#networks.push(network)
    const options = {
      name: `worker-${worker}`,
      access: 'direct',
      'nfs-port': network.port,
      'mount-port': this.#ganesha.mountPort,
      concurrency,
    }
    this.lab.start('worker', [
      '--exit-with-parent',
      ...Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)]),
    ])
  }

  submit(job: SteeredJob, ...args: readonly string[]): Running {
    const { exportFolder } = this.lab
    const what = ['--addresses', '127.0.0.11', '--export', exportFolder, '--path', `/${job}`, '--job-id', job]
    return this.lab.start('submit', [...what, '--wait', '--json', ...args])
  }

  /** Asks for something as a person does. */
  tell(command: 'pause' | 'resume' | 'cancel' | 'change', job: SteeredJob, ...args: readonly string[]): Promise<void> {
    return this.lab.told(command, job, ...args)
  }

  /** The state that a job is in, as people see it. */
  async state(job: SteeredJob): Promise<string> {
    const { stdout } = await this.lab.run('submit', ['status', job, '--json'])
    return (JSON.parse(stdout) as { state: string }).state
  }

  /**
   * Waits until what the workers read in a second holds for as long as `windowMs`; gives when that time began, by
   * `performance.now()`. Throws after a minute, with what was last seen.
   */
  async until(windowMs: number, holds: (rates: Rates) => boolean): Promise<number> {
    const beganMs = performance.now()
    for (;;) {
      const begin = this.#samples.findLast(({ atMs }) => atMs <= performance.now() - windowMs && atMs >= beganMs)
      const rates = begin === undefined ? undefined : this.#since(begin)
      if (begin !== undefined && rates !== undefined && holds(rates)) return begin.atMs
      if (performance.now() - beganMs > giveUpMs)
        throw new Error(`not within ${giveUpMs} ms: ${String(holds)}; last: ${JSON.stringify(rates)}`)
      await pause(sampleMs)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sampler)
    await this.lab[Symbol.asyncDispose]()
    for (const network of this.#networks) await network[Symbol.asyncDispose]()
    await this.#ganesha.stop()
  }

  #count(worker: number, length: number): void {
    const add = (to: number[]): void => {
      to[worker] = (to[worker] ?? 0) + 1
    }
    add(this.#counts.calls)
    for (const job of jobs) {
      const beside = length - sizes[job]
      if (beside > 0 && beside < answerBytes) add(this.#counts[job])
    }
  }

  #sample(): void {
    const { calls, night, day } = this.#counts
    this.#samples.push({ atMs: performance.now(), counts: { calls: [...calls], night: [...night], day: [...day] } })
  }

  #since({ atMs, counts }: Sample): Rates {
    const seconds = (performance.now() - atMs) / 1_000
    const of = (what: keyof Rates): number[] =>
      this.#counts[what].map((count, worker) => (count - (counts[what][worker] ?? 0)) / seconds)
    return { calls: of('calls'), night: of('night'), day: of('day') }
  }
}

function makeFiles(folder: string, directories: number, bytes: number): void {
  const content = Buffer.alloc(bytes, 'warm')
  for (let at = 0; at < directories; at += 1) {
    const inside = join(folder, `d${at}`)
    mkdirSync(inside, { recursive: true })
    for (let n = 0; n < filesEach; n += 1) writeFileSync(join(inside, `f${n}`), content)
  }
}
