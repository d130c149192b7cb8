import type { Filer } from './filer.ts'
import type { Life } from './life.ts'
import type { Dice } from './seeded.ts'
import type { SimClock } from './sim-clock.ts'

export interface Way {
  readonly address: string
  readonly filer: Filer
  readonly sim: SimClock
  /** Who asks. */
  readonly life: Life
  readonly dice: Dice
  readonly latencyMs: number
  /** The error if the address does not answer. */
  readonly away: (code: 'MOUNT_DOWN' | 'TIMEOUT', path: string) => Error
}

/** Time that a caller of an absent address waits before the error. */
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
