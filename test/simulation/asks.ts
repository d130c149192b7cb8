import { encodeControl } from '@cachewarmer/core'
import type { SimJob } from './expectations.ts'
import type { Filer } from './filer.ts'
import type { Life } from './life.ts'
import type { Dice } from './seeded.ts'
import type { SimClock } from './sim-clock.ts'
import type { World } from './world.ts'

/** How long a person waits for a pause to show before resuming all the same. */
const patienceMs = 600_000

/** A person at the first job: pauses it, sees that it rests and that nothing is paid for, resumes it; or cancels it. */
export function beginAsks(world: World, jobs: readonly SimJob[]): void {
  const { sim, extras, monitor, service, tally } = world
  const [job] = jobs
  if (job === undefined) return
  const { pause, cancelAtMs } = extras.asks
  const { label } = job
  const ask = (command: 'pause' | 'resume' | 'cancel'): void => {
    tally.count(`asked: ${command}`)
    void service.queue(monitor.names.control).send(encodeControl({ v: 1, command, target: label }))
  }
  const resume = (): void => {
    seeNothingPaidFor(world, jobs)
    // Nobody knows whether it was heard.
    for (const ms of [0, 60_000, 300_000]) sim.after(ms, () => ask('resume'))
  }
  if (pause !== undefined)
    sim.after(pause.atMs, () => {
      ask('pause')
      const askedAtMs = sim.nowMs
      const look = (): void => {
        const sinceMs = monitor.heard.restsSinceMs(label)
        const rested = sinceMs !== undefined && sim.nowMs - sinceMs >= pause.forMs
        if (rested || sim.nowMs - askedAtMs > patienceMs) resume()
        else sim.after(1_000, look)
      }
      look()
    })
  if (cancelAtMs !== undefined) sim.after(cancelAtMs, () => ask('cancel'))
}

/** A machine takes this long to go. */
const goneMs = 60_000

/** While every job rests, and has rested for long enough, no worker runs. */
function seeNothingPaidFor(world: World, jobs: readonly SimJob[]): void {
  const { sim, scenario, monitor, workers, compute } = world
  const rested = jobs.map(({ label }) => monitor.heard.restsSinceMs(label) ?? Number.POSITIVE_INFINITY)
  const sinceMs = Math.max(...rested, world.troubledAtMs)
  if (sim.nowMs - sinceMs < scenario.idleMs + scenario.leaseMs + goneMs) return
  if (workers.size > 0 || compute.machines.length > 0)
    monitor.violate(`${workers.size} workers and ${compute.machines.length} machines run while every job rests`)
}

export interface Way {
  readonly address: string
  readonly filer: Filer
  readonly sim: SimClock
  /** Who asks. */
  readonly life: Life
  readonly dice: Dice
  readonly latencyMs: number
  /** What is thrown where the address does not answer. */
  readonly away: (code: 'MOUNT_DOWN' | 'TIMEOUT', path: string) => Error
}

/** How long who asks an address that is away waits before it says so. */
const timeoutMs = 4_000

export type Ask = <T>(signal: AbortSignal | undefined, path: string, answer: () => T) => Promise<T>

/** A request travels to an address, the filer answers, and the answer travels back, each with its own delay. */
export function askingOver({ address, filer, sim, life, dice, latencyMs, away }: Way): Ask {
  return <T>(signal: AbortSignal | undefined, path: string, answer: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      if (life.dead) return
      if (signal?.aborted) return reject(signal.reason as Error)
      let over = false
      const settle = (act: () => void): void => {
        if (over) return
        over = true
        signal?.removeEventListener('abort', abort)
        act()
      }
      const abort = (): void => settle(() => reject(signal?.reason as Error))
      signal?.addEventListener('abort', abort, { once: true })
      const tell = (ms: number, act: () => void): void => void sim.after(ms, () => life.hear(() => settle(act)))
      const isAway = (code: 'MOUNT_DOWN' | 'TIMEOUT', ms: number): void => tell(ms, () => reject(away(code, path)))
      sim.after(dice.next() * latencyMs, () => {
        if (filer.isAway(address)) {
          if (dice.chance(0.5)) isAway('MOUNT_DOWN', 5)
          else isAway('TIMEOUT', timeoutMs)
          return
        }
        try {
          const value = answer()
          // It may go away between the request and the answer.
          sim.after(dice.next() * latencyMs, () => {
            if (filer.isAway(address)) isAway('TIMEOUT', timeoutMs)
            else life.hear(() => settle(() => resolve(value)))
          })
        } catch (error) {
          tell(dice.next() * latencyMs, () => reject(error as Error))
        }
      })
    })
}
