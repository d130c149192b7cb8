import type { ObservedInstance } from './compute-port.ts'
import type { Priority } from './settings.ts'

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
