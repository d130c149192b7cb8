import { type Fleet, runManager, scaleSetOfLeader } from '@cachewarmer/manager'
import * as vmss from '@cachewarmer/vmss'
import type { Life } from './life.ts'
import { prefix, type SimWorker, type World } from './world.ts'

/**
 * A machine that one manager runs on, and the ledger file on its disk. Something there starts the manager again when it
 * dies.
 */
export class ManagerHost {
  readonly #world: World
  /** The file. */
  #ledger: string
  #life: Life
  #stop = new AbortController()
  #restartMs: number | undefined
  /** Nothing starts it again any more. */
  #closed = false

  constructor(world: World, ledger: string) {
    this.#world = world
    this.#ledger = ledger
    this.#life = this.#start()
  }

  get life(): Life {
    return this.#life
  }

  get up(): boolean {
    return !this.#life.dead && !this.#stop.signal.aborted
  }

  /** Kills it; it starts again after this time, with its ledger file or without it. */
  kill(backInMs: number, keepLedger: boolean): void {
    if (!keepLedger) this.#ledger = this.#world.newLedger()
    this.#restartMs = backInMs
    this.#life.kill()
  }

  /** Stops the service as a person does: it ends in its own time, and starts again after this time. */
  stop(backInMs: number): void {
    this.#restartMs = backInMs
    this.#stop.abort(new Error('the manager is stopped'))
  }

  /** From now on it is not started again. */
  abandon(): void {
    this.#closed = true
    this.#life.kill()
  }

  close(): void {
    this.#closed = true
    this.#stop.abort(new Error('the simulation is over'))
  }

  #startLater(): void {
    if (this.#closed) return
    const ms = this.#restartMs ?? 3_000
    this.#restartMs = undefined
    this.#world.sim.after(ms, () => {
      if (!this.#closed) this.#life = this.#start()
    })
  }

  #start(): Life {
    const world = this.#world
    const { scenario } = world
    const life = world.newLife('manager')
    const stop = new AbortController()
    this.#stop = stop
    life.onDeath(() => this.#startLater())
    const hurry = new AbortController()
    stop.signal.addEventListener('abort', () => {
      life.clock.setTimer(30_000, () => hurry.abort(new Error('the manager has waited long enough')))
    })
    const ledger = world.openLedger(this.#ledger, life)
    const ports = {
      ...world.portsOf(life),
      ledger,
      fleet: this.#openFleet(life, hurry.signal),
      resolveName: world.names?.resolverOf(life),
    }
    const { maxWorkers, idleMs, leaseMs } = scenario
    runManager(ports, { prefix, name: life.name, maxWorkers, idleMs, leaseMs }, { stop: stop.signal })
      .catch((error: unknown) => {
        if (life.dead) return
        world.tally.count('managers that failed')
        world.logger.warn('the manager failed', { manager: life.name, error })
      })
      .finally(() => {
        if (life.dead) return
        world.expectNoTimers(life)
        this.#startLater()
      })
    return life
  }

  #openFleet(life: Life, hurry: AbortSignal): Fleet {
    const { scenario, compute, scaleSet, logger } = this.#world
    if (scenario.fleet === 'processes') return this.#processes(life)
    const { clock } = life
    const opened = vmss.openScaleSet(compute.port(life), scaleSet, { clock, logger })
    const fleet = scaleSetOfLeader(vmss, opened, { clock, logger, hurry, graceMs: scenario.idleMs })
    return {
      ...fleet,
      want: (count, working) => {
        this.#world.monitor.wanted(life, count, fleet.observe().wanted)
        fleet.want(count, working)
      },
    }
  }

  /** Workers as children of the manager: they hear of its death, or die with it. */
  #processes(life: Life): Fleet {
    const world = this.#world
    const mine = new Set<SimWorker>()
    let wanted = 0
    const dieTogether = world.dice.chance(0.3)
    life.onDeath(() => {
      for (const worker of mine) {
        if (dieTogether) worker.life.kill()
        else worker.stop('the manager is gone')
      }
    })
    const want = (count: number): void => {
      // Killed between two awaits, it may still get here, and would start workers that no program stops.
      if (life.dead) return
      world.monitor.wanted(life, count, wanted)
      wanted = count
      for (const worker of mine) if (!world.workers.has(worker)) mine.delete(worker)
      const alive = [...mine].filter((worker) => !worker.stopping())
      for (const worker of alive.slice(count)) worker.stop('scaled in')
      for (let missing = count - alive.length; missing > 0; missing -= 1) mine.add(world.startWorker())
    }
    return {
      want,
      observe: () => ({ kind: 'local', wanted, running: mine.size, notes: [] }),
      stop: () => {
        want(0)
        return Promise.resolve()
      },
    }
  }
}
