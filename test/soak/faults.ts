import { readFileSync } from 'node:fs'
import { between, shuffled } from '@cachewarmer/core/testing'
import type { Ganesha } from '../support/ganesha.ts'
import { pause, type Running } from '../support/lab.ts'
import type { RpcProxy } from '../support/rpc-proxy.ts'
import type { Mark } from './plot.ts'

export interface FaultPorts {
  readonly random: () => number
  readonly addresses: readonly RpcProxy[]
  readonly filer: Ganesha
  readonly queue: { stop(): Promise<void>; start(): Promise<void> }
  /** Lives from the beginning to the end: it may be stalled and is never killed, so that it shows what it holds. */
  readonly manager: Running
  /** So do these. */
  readonly workers: readonly Running[]
  /**
   * A manager of the same prefix, on another machine as it were: it leads where the lasting one does not, and is
   * killed.
   */
  readonly startRival: () => Running
  readonly log: (line: string) => void
}

const leads = (manager: Running): number => manager.log().split('"leading"').length - 1
const alive = ({ process: { exitCode, signalCode } }: Running): boolean => exitCode === null && signalCode === null

/** One fault after the other, each for a while, while managers also take over from each other. */
export class Faults {
  readonly marks: Mark[] = []
  readonly #ports: FaultPorts
  #rival: Running

  constructor(ports: FaultPorts) {
    this.#ports = ports
    this.#rival = ports.startRival()
  }

  /** Number of times that each fault was caused. */
  get summary(): string {
    const counts = Map.groupBy(this.marks, ({ what }) => what)
    return [...counts].map(([what, marks]) => `${what} ${marks.length} times`).join(', ')
  }

  async bringAbout(stop: AbortSignal): Promise<void> {
    await Promise.all([this.#breakThings(stop), this.#changeLeaders(stop)])
  }

  async #breakThings(stop: AbortSignal): Promise<void> {
    const { random } = this.#ports
    const faults = [
      () => this.#killWorker(),
      () => this.#killWorker(),
      () => this.#evictWorker(),
      () => this.#stallWorker(),
      () => this.#addressAway(),
      () => this.#answersLost(),
      () => this.#answersSlow(),
      () => this.#filerAway(),
      () => this.#queueAway(),
    ]
    let left: typeof faults = []
    while (!stop.aborted) {
      await pause(between(random, 5_000, 15_000))
      // Dealt like cards, so that a short soak sees each of them too.
      if (left.length === 0) left = shuffled(random, faults)
      await left.pop()?.()
    }
  }

  /** The leader sleeps past its lease, its rival takes over, and is killed or told to stop once the leader is awake. */
  async #changeLeaders(stop: AbortSignal): Promise<void> {
    const { random, manager, startRival } = this.#ports
    while (!stop.aborted) {
      await pause(between(random, 45_000, 120_000))
      if (stop.aborted) return
      // One that is started while the queues are away says so and ends.
      if (!alive(this.#rival)) this.#rival = startRival()
      this.#mark('manager', 'manager stalled')
      const before = leads(this.#rival)
      manager.process.kill('SIGSTOP')
      const untilMs = performance.now() + 90_000
      while (leads(this.#rival) === before && performance.now() < untilMs) await pause(500)
      manager.process.kill('SIGCONT')
      await pause(between(random, 5_000, 25_000))
      const killed = random() < 0.6
      this.#mark('manager', killed ? 'leader killed' : 'leader stopped')
      this.#rival.process.kill(killed ? 'SIGKILL' : 'SIGTERM')
      await this.#rival.finished
      this.#rival = startRival()
    }
  }

  #mark(at: Mark['at'], what: string): void {
    this.marks.push({ atMs: Date.now(), at, what })
    this.#ports.log(`soak: ${what}`)
  }

  /** A worker that a manager has started. */
  #mortal(): number | undefined {
    const children = [this.#ports.manager, this.#rival].filter(alive).flatMap(({ process: { pid } }) =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
        .split(' ')
        .map(Number)
        .filter((child) => child > 0),
    )
    return shuffled(this.#ports.random, children)[0]
  }

  #signal(what: string, signal: NodeJS.Signals): void {
    const pid = this.#mortal()
    if (pid === undefined) return
    try {
      process.kill(pid, signal)
      this.#mark('worker', what)
    } catch {
      // It ended by itself in between.
    }
  }

  async #killWorker(): Promise<void> {
    this.#signal('worker killed', 'SIGKILL')
  }

  /** As a machine does that is taken away with notice. */
  async #evictWorker(): Promise<void> {
    this.#signal('worker evicted', 'SIGTERM')
  }

  /** For less than its leases last, or for longer. */
  async #stallWorker(): Promise<void> {
    const [worker] = shuffled(this.#ports.random, this.#ports.workers)
    this.#mark('worker', 'worker stalled')
    worker?.process.kill('SIGSTOP')
    await pause(between(this.#ports.random, 3_000, 35_000))
    worker?.process.kill('SIGCONT')
  }

  #address(): RpcProxy {
    const { random, addresses } = this.#ports
    const [address] = shuffled(random, addresses)
    if (address === undefined) throw new Error('there is no address')
    return address
  }

  async #addressAway(): Promise<void> {
    const address = this.#address()
    this.#mark('filer', 'address away')
    await address.close()
    await pause(between(this.#ports.random, 2_000, 15_000))
    await address.open()
  }

  async #answersLost(): Promise<void> {
    const { weather } = this.#address()
    this.#mark('filer', 'answers lost')
    weather.lost = 0.5
    await pause(between(this.#ports.random, 2_000, 10_000))
    weather.lost = 0
  }

  async #answersSlow(): Promise<void> {
    const { weather } = this.#address()
    this.#mark('filer', 'answers slow')
    weather.delayMs = between(this.#ports.random, 50, 2_000)
    await pause(between(this.#ports.random, 2_000, 10_000))
    weather.delayMs = 0
  }

  async #filerAway(): Promise<void> {
    this.#mark('filer', 'filer away')
    await this.#ports.filer.kill()
    await pause(between(this.#ports.random, 1_000, 10_000))
    await this.#ports.filer.restart()
  }

  async #queueAway(): Promise<void> {
    this.#mark('queue', 'queue away')
    await this.#ports.queue.stop()
    await pause(between(this.#ports.random, 3_000, 15_000))
    await this.#ports.queue.start()
  }
}
