import type { ObservedInstance } from './compute-port.ts'
import type { Priority, ScaleSetSettings } from './settings.ts'

/** How long machines have been there, all together, from what was seen of them. */
export class MachineHours {
  readonly #lives = new Map<string, { readonly priority: Priority; readonly fromMs: number; toMs: number }>()

  see(instances: readonly ObservedInstance[], priority: Priority, nowMs: number): void {
    for (const { name, createdAtMs } of instances) {
      // Numbers begin again with each set, so a name alone tells machines of two sets not apart.
      const key = `${name} ${createdAtMs ?? ''}`
      const life = this.#lives.get(key) ?? { priority, fromMs: Math.min(createdAtMs ?? nowMs, nowMs), toMs: nowMs }
      life.toMs = nowMs
      this.#lives.set(key, life)
    }
  }

  /** Of all machines since the last reset, those that are gone included. */
  get spentMs(): number {
    let sum = 0
    for (const { fromMs, toMs } of this.#lives.values()) sum += toMs - fromMs
    return sum
  }

  /** Of the machines of one priority. */
  spentMsOf(priority: Priority): number {
    let sum = 0
    for (const life of this.#lives.values()) if (life.priority === priority) sum += life.toMs - life.fromMs
    return sum
  }

  reset(): void {
    this.#lives.clear()
  }
}

/** What the machines cost so far, disks and traffic left out. */
export interface Cost {
  readonly dollars: number
  /** `price`: by `pricePerHour`. `limit`: at most, by `maxPrice`, above which Azure takes the machines back. */
  readonly basis: 'price' | 'limit'
}

/** `undefined` where the price of a machine is unknown, such as regular ones that stood in for Spot machines. */
export function costOf(
  hours: MachineHours,
  { pricePerHour, maxPrice, candidates }: Pick<ScaleSetSettings, 'pricePerHour' | 'maxPrice' | 'candidates'>,
): Cost | undefined {
  const spentHours = hours.spentMs / 3_600_000
  if (pricePerHour === undefined) {
    // Settings with a limit have no regular machines.
    return maxPrice === -1 ? undefined : { dollars: spentHours * maxPrice, basis: 'limit' }
  }
  const others = hours.spentMs - hours.spentMsOf(candidates[0].priority)
  return others > 0 ? undefined : { dollars: spentHours * pricePerHour, basis: 'price' }
}
