import { encodeControl } from '@cachewarmer/core'
import { addressesOf } from './extras.ts'
import { changeTree } from './filer.ts'
import type { Life } from './life.ts'
import type { ManagerHost } from './manager-host.ts'
import type { FaultKind } from './scenario.ts'
import type { Dice } from './seeded.ts'
import type { World } from './world.ts'

/** Deals the blows of a scenario, one after the other, until its faults are over. */
export class Chaos {
  readonly #world: World
  readonly #hosts: readonly ManagerHost[]
  readonly #dice: Dice

  constructor(world: World, hosts: readonly ManagerHost[]) {
    this.#world = world
    this.#hosts = hosts
    this.#dice = world.dice.fork()
  }

  begin(labels: readonly string[]): void {
    const { sim, scenario, filer } = this.#world
    const { faults, faultsUntilMs, blowMs, abandonedAtMs } = scenario
    if (faults.has('address away')) this.#sendAway()
    if (faults.has('tree changes')) {
      const pauseMs = this.#dice.between(50, 3_000)
      this.#repeat(
        () => this.#dice.next() * 2 * pauseMs,
        () => {
          const of = this.#dice.pick([...filer.exports.values()])
          this.#world.tally.count(`tree changes: ${changeTree(this.#dice, of)}`)
        },
      )
    }
    const blows: readonly FaultKind[] = [
      'worker killed',
      'manager killed',
      'manager stopped',
      'worker stalled',
      'manager stalled',
      'clock leaps',
      'eviction with notice',
      'eviction without notice',
    ]
    const mine = blows.filter((blow) => faults.has(blow))
    if (mine.length > 0)
      this.#repeat(
        () => -Math.log(1 - this.#dice.next()) * blowMs,
        () => this.#deal(this.#dice.pick(mine)),
      )
    if (abandonedAtMs !== undefined)
      sim.after(abandonedAtMs, () => {
        for (const host of this.#hosts) host.abandon()
      })
    if (scenario.pauses) for (const label of labels) this.#pause(label, faultsUntilMs)
    const cancelled = scenario.cancels ? labels[0] : undefined
    if (cancelled !== undefined) sim.after(this.#dice.next() * faultsUntilMs, () => this.#control('cancel', cancelled))
  }

  #repeat(pauseMs: () => number, act: () => void): void {
    const { sim, scenario } = this.#world
    const next = (): void => {
      sim.after(pauseMs(), () => {
        if (sim.elapsedMs >= scenario.faultsUntilMs) return
        act()
        next()
      })
    }
    next()
  }

  #deal(blow: FaultKind): void {
    const dice = this.#dice
    const { workers, tally, compute, scenario } = this.#world
    const worker = workers.size === 0 ? undefined : dice.pick([...workers])
    const host = dice.pick(this.#hosts)
    if (blow === 'worker killed') {
      if (worker === undefined) return
      worker.life.kill()
    } else if (blow === 'worker stalled') {
      if (worker === undefined) return
      this.#stall(worker.life)
    } else if (blow === 'manager killed') {
      // One that dies all the time would never get anything done; nor would it anywhere else.
      if (!host.up || dice.chance(0.5)) return
      const keepLedger = !scenario.faults.has('ledger lost') || dice.chance(0.6)
      if (!keepLedger) tally.count('ledger lost')
      host.kill(dice.between(500, dice.pick([4_000, 40_000])), keepLedger)
    } else if (blow === 'manager stopped') {
      if (!host.up || dice.chance(0.7)) return
      host.stop(dice.between(500, 10_000))
    } else if (blow === 'manager stalled') {
      if (!host.up) return
      this.#stall(host.life)
    } else if (blow === 'clock leaps') {
      const life = worker !== undefined && dice.chance(0.5) ? worker.life : host.life
      life.leap(dice.between(0, dice.pick([2_000, 60_000, 3_600_000])))
    } else {
      const running = compute.machines.filter(({ state }) => state === 'running')
      if (running.length > 0) compute.evict(dice.pick(running), blow === 'eviction with notice')
      return
    }
    tally.count(blow)
  }

  /** It does nothing for a while, in many cases for longer than its leases last, and then resumes where it was. */
  #stall(life: Life): void {
    const dice = this.#dice
    if (life.stalled) return
    life.stall()
    this.#world.sim.after(dice.between(200, 3 * this.#world.scenario.leaseMs), () =>
      life.wake((list) => {
        for (let last = list.length - 1; last > 0; last -= 1) {
          const other = dice.below(last + 1)
          const kept = list[last] as () => void
          list[last] = list[other] as () => void
          list[other] = kept
        }
      }),
    )
  }

  #sendAway(): void {
    const { filer, scenario, tally } = this.#world
    const together = this.#dice.chance(0.3)
    for (let spell = 1 + this.#dice.below(3); spell > 0; spell -= 1) {
      const fromMs = this.#dice.next() * scenario.faultsUntilMs
      const toMs = Math.min(scenario.faultsUntilMs, fromMs + this.#dice.between(500, this.#dice.pick([8_000, 90_000])))
      const all = addressesOf(scenario.addresses)
      for (const address of together ? all : [this.#dice.pick(all)]) {
        tally.count('address away')
        filer.away.set(address, [...(filer.away.get(address) ?? []), { fromMs, toMs }])
      }
    }
  }

  #pause(label: string, untilMs: number): void {
    const { sim } = this.#world
    const fromMs = this.#dice.next() * untilMs
    sim.after(fromMs, () => this.#control('pause', label))
    // It is unknown whether it was received, so a person asks for the resume until it happens.
    for (const ms of [10_000, 60_000, 300_000]) sim.after(fromMs + ms, () => this.#control('resume', label))
  }

  #control(command: 'pause' | 'resume' | 'cancel', target: string): void {
    const { service, monitor, tally } = this.#world
    tally.count(`control: ${command}`)
    service
      .queue(monitor.names.control)
      .send(encodeControl({ v: 1, command, target }))
      .catch(() => undefined)
  }
}
