import type { Ledger } from '@cachewarmer/manager'
import { type Logger, memoryService, type QueueService, sleep, withRetry } from '@cachewarmer/queue'
import { resolveScaleSet, type ScaleSetSettings } from '@cachewarmer/vmss'
import { aScaleSet } from '@cachewarmer/vmss/testing'
import { type Mount, WalkError, watchedMount } from '@cachewarmer/walker'
import { Machine, runWorker } from '@cachewarmer/worker'
import { addressesOf, type Extras, noExtras } from './extras.ts'
import { Filer, type SimExport } from './filer.ts'
import { LedgerFiles } from './ledger-file.ts'
import { Life } from './life.ts'
import { type Ending, Monitor } from './monitor.ts'
import { drawNames, type SimNames, unknownBeside } from './names.ts'
import { networkTo } from './network.ts'
import { ReadRecord } from './read-record.ts'
import { type Scenario, within } from './scenario.ts'
import type { Dice } from './seeded.ts'
import { SimClock } from './sim-clock.ts'
import { SimCompute, type SimMachine } from './sim-compute.ts'
import { simMount } from './sim-mount.ts'
import { simNfsMount } from './sim-nfs.ts'
import { Tally } from './tally.ts'

export const prefix = 'sim'

/** A worker process, wherever it runs. */
export interface SimWorker {
  readonly life: Life
  /** The first call asks it to hand back, the second one to drop what it has. */
  readonly stop: (reason: string) => void
  readonly stopping: () => boolean
}

/** Calls of a ledger that write; the others are made many times a second. */
const writing: ReadonlySet<string> = new Set<keyof Ledger>([
  'addRun',
  'update',
  'startOver',
  'noteMoved',
  'fold',
  'noteWarmed',
  'endRun',
  'forgetBefore',
  'noteCancelled',
])

interface WorldOptions {
  readonly logger: Logger
  readonly ended: (ending: Ending) => void
  readonly extras?: Extras
  /** What names are drawn from; default: there are none. */
  readonly names?: Dice
}

/** The parts of a simulation, and how a process reaches them. */
export class World {
  readonly dice: Dice
  readonly scenario: Scenario
  readonly extras: Extras
  /** Undefined where jobs name addresses alone. */
  readonly names: SimNames | undefined
  readonly logger: Logger
  readonly sim = new SimClock()
  readonly tally = new Tally()
  readonly reads = new ReadRecord(
    () => this.sim.nowMs,
    (life, of) => this.monitor.heard.sawRead(life, of.path),
  )
  readonly filer: Filer = new Filer(this.sim)
  readonly monitor: Monitor
  /** The queues themselves, without the network; only the simulation reaches them. */
  readonly service: QueueService
  readonly compute: SimCompute
  readonly scaleSet: ScaleSetSettings
  readonly workers = new Set<SimWorker>()
  readonly ledgerFiles = new LedgerFiles()
  /** Every ledger there ever was, also those that were lost. */
  readonly #ledgers: string[] = []
  readonly #lives: Life[] = []
  readonly #ledgerDice: Dice
  #names = 0

  constructor(dice: Dice, scenario: Scenario, { logger, ended, extras = noExtras, names }: WorldOptions) {
    this.dice = dice
    this.scenario = scenario
    this.extras = extras
    this.#ledgerDice = extras.dice.fork()
    this.logger = logger
    const { sim, tally } = this
    const { faultsUntilMs } = scenario
    this.names =
      names && drawNames(names, addressesOf(scenario.addresses), { elapsedMs: () => sim.elapsedMs, faultsUntilMs })
    if (this.names !== undefined) tally.count(`seeds with names: ${this.names.kind}`)
    if (this.names?.hasUnknown) this.filer.away.set(unknownBeside, [{ fromMs: 0, toMs: Number.POSITIVE_INFINITY }])
    const storeDice = dice.fork()
    this.service = memoryService({
      clock: { now: () => sim.nowMs, setTimer: (ms, run) => sim.after(ms, run) },
      random: () => storeDice.next(),
      deletionMs: 30_000,
    })
    const { leaseMs, maxWorkers, faults, managers, sharedLedger } = scenario
    const keepsLedger = !faults.has('ledger lost') && (managers === 1 || sharedLedger)
    this.monitor = new Monitor({ sim, tally, prefix, leaseMs, maxWorkers, keepsLedger, ended })
    this.compute = new SimCompute({
      sim,
      dice: dice.fork(),
      scenario,
      tally,
      boot: (machine) => this.startWorker(machine).life,
    })
    this.scaleSet = resolveScaleSet(aScaleSet({ prefix, count: 4, fallbackSizes: ['Standard_D4s_v3'] }))
  }

  newLedger(): string {
    const file = this.ledgerFiles.newFile()
    this.#ledgers.push(file)
    return file
  }

  /** The ledger as a manager has it open, who may die at any call of it. */
  openLedger(file: string, life: Life): Ledger {
    const { ledgerDeaths } = this.extras
    const dice = this.#ledgerDice
    return this.ledgerFiles.open(file, life, (method) => {
      if (ledgerDeaths === 0 || this.sim.elapsedMs >= this.scenario.faultsUntilMs) return undefined
      if (!dice.chance(writing.has(method) ? ledgerDeaths : ledgerDeaths / 50)) return undefined
      this.tally.count('killed at a ledger call')
      return dice.below(5)
    })
  }

  /** The ledger that knows a run, as it is on disk. */
  ledgerOf(run: string): Ledger | undefined {
    this.#read ??= this.#ledgers.map((file) => this.ledgerFiles.read(file))
    return this.#read.find((ledger) => ledger.run(run) !== undefined)
  }
  #read: Ledger[] | undefined

  /** When something last went wrong for any process. */
  get troubledAtMs(): number {
    return this.#lives.reduce((latest, { troubledAtMs }) => Math.max(latest, troubledAtMs), 0)
  }

  newLife(kind: string): Life {
    this.#names += 1
    const disagrees = this.scenario.faults.has('clocks disagree')
    if (disagrees) this.tally.count('clocks disagree')
    const aheadMs = disagrees ? this.dice.between(-3_600_000, 3_600_000) : 0
    const life = new Life(`${kind}-${this.#names}`, this.sim, aheadMs)
    this.#lives.push(life)
    return life
  }

  /** The ports that every process has: queues, time and chance of its own. */
  portsOf(life: Life) {
    const { sim, scenario, monitor, tally } = this
    const own = this.dice.fork()
    const random = (): number => own.next()
    const reach = networkTo(this.service, { sim, life, dice: this.dice.fork(), scenario, monitor, tally })
    return { service: withRetry(reach, { clock: life.clock, random }), clock: life.clock, random, logger: this.logger }
  }

  startWorker(machine?: SimMachine): SimWorker {
    const { scenario } = this
    const life = this.newLife('worker')
    const stopTaking = new AbortController()
    const abortWork = new AbortController()
    const stop = (reason: string): void => {
      const why = new Error(reason)
      if (stopTaking.signal.aborted) abortWork.abort(why)
      else stopTaking.abort(why)
    }
    const worker: SimWorker = { life, stop, stopping: () => stopTaking.signal.aborted }
    this.workers.add(worker)
    life.onDeath(() => this.workers.delete(worker))
    const ports = this.portsOf(life)
    const watcher =
      machine === undefined
        ? undefined
        : new Machine(
            {
              metadata: this.compute.metadata(machine, life),
              service: ports.service,
              clock: life.clock,
              logger: this.logger,
              powerOff: () => Promise.resolve(),
              fetch: this.compute.fetch(machine),
            },
            { prefix, abandonedAfterMs: scenario.abandonedAfterMs },
            { stopTaking: stopTaking.signal, stop },
          )
    if (machine !== undefined) life.onDeath(() => this.#restartOn(machine, life))
    const dice = this.dice.fork()
    const run = async (): Promise<void> => {
      try {
        await runWorker(
          {
            ...ports,
            service: watcher?.service ?? ports.service,
            openMount: (address, exportPath, { signal }) => this.#openMount(life, dice, address, exportPath, signal),
          },
          {
            prefix,
            name: life.name,
            slots: scenario.slots,
            concurrency: scenario.concurrency,
            budgetMs: scenario.budgetMs,
            leaseMs: scenario.leaseMs,
          },
          { stopTaking: stopTaking.signal, abortWork: abortWork.signal },
        )
      } catch (error) {
        this.monitor.violate(`${life.name} failed: ${String(error)}`)
      }
      await watcher?.finish()
      this.workers.delete(worker)
      this.expectNoTimers(life)
    }
    void run()
    return worker
  }

  /** A process that ended by itself leaves no timer behind. */
  expectNoTimers(life: Life): void {
    this.sim.after(120_000, () => {
      if (!life.dead && life.timers > 0)
        this.monitor.violate(`${life.name} ended and left ${life.timers} timers behind`)
    })
  }

  /** The machine's service manager starts a dead service again. */
  #restartOn(machine: SimMachine, life: Life): void {
    this.sim.after(4_000, () => {
      if (machine.state !== 'running' || machine.life !== life || !this.compute.machines.includes(machine)) return
      machine.life = this.startWorker(machine).life
    })
  }

  async #openMount(life: Life, dice: Dice, address: string, exportPath: string, signal: AbortSignal): Promise<Mount> {
    const { filer, sim, reads, scenario, extras } = this
    const of: SimExport | undefined = filer.exports.get(exportPath)
    await sleep(life.clock, 1 + dice.next() * 2 * scenario.readMs, signal)
    if (filer.isAway(address)) throw new WalkError('MOUNT_DOWN', `${address} does not answer`)
    if (within(extras.openTimeouts.get(address) ?? [], sim.elapsedMs)) {
      this.tally.count('opening times out')
      await sleep(life.clock, 4_000, signal)
      throw new WalkError('TIMEOUT', `${address} does not answer`)
    }
    const refusal = extras.refusing.get(address)
    if (refusal !== undefined) throw new WalkError(refusal, `${address} refuses to be opened`)
    if (of === undefined) throw new WalkError('NOT_FOUND', `${address}:${exportPath}: no such export`)
    const { readMs: latencyMs, pageSize, resumable, handles } = scenario
    const options = { address, of, filer, sim, life, dice, reads, latencyMs, pageSize, resumable, handles }
    const mount = extras.nfs === undefined ? simMount(options) : await simNfsMount(options, extras.nfs)
    return watchedMount(mount, { clock: life.clock })
  }
}
