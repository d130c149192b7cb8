import type { CallOptions, ComputePort, ObservedInstance, ObservedSet } from './compute-port.ts'

/** Whether the machines that were just seen fit the set that was seen before. */
export type WillDo = (set: ObservedSet, instances: readonly ObservedInstance[]) => boolean

/** What was last seen of a scale set. Looks no closer than it has to: Azure counts reads. */
export class Watch {
  readonly #port: ComputePort
  readonly #name: string
  #set: ObservedSet | undefined
  #instances: readonly ObservedInstance[] = []
  #seenAtMs = Number.NEGATIVE_INFINITY
  #stale = true
  #age = 0

  constructor(port: ComputePort, name: string) {
    this.#port = port
    this.#name = name
  }

  get set(): ObservedSet | undefined {
    return this.#set
  }

  get instances(): readonly ObservedInstance[] {
    return this.#instances
  }

  get seenAtMs(): number {
    return this.#seenAtMs
  }

  /** Something was done since, so that what was seen is no ground to act on. */
  get stale(): boolean {
    return this.#stale
  }

  /** Also spoils a look that is under way: it may have seen the state before or after. */
  invalidate(): void {
    this.#stale = true
    this.#age += 1
  }

  /**
   * Looks at the machines alone while that will do, one request a page, and at the set besides when not.
   * Says whether a set that was there is gone.
   */
  async look(nowMs: number, willDo: WillDo, options: CallOptions): Promise<'gone' | 'seen'> {
    const age = this.#age
    const before = this.#set
    if (!this.#stale && before !== undefined) {
      const instances = await this.#port.instances(this.#name, options)
      if (instances && willDo(before, instances)) return this.#saw(before, instances, nowMs, age)
    }
    const set = await this.#port.find(this.#name, options)
    const instances = set && (await this.#port.instances(this.#name, options))
    this.#saw(instances && set, instances ?? [], nowMs, age)
    return before !== undefined && this.#set === undefined ? 'gone' : 'seen'
  }

  #saw(set: ObservedSet | undefined, instances: readonly ObservedInstance[], nowMs: number, age: number): 'seen' {
    this.#set = set
    this.#instances = instances
    this.#seenAtMs = nowMs
    this.#stale = age !== this.#age
    return 'seen'
  }
}

/** Tells when the same thing is about to be done on the same sight again, so that it had no effect. */
export class RepeatGuard {
  #last: { readonly deed: string; readonly sight: string } | undefined

  /** True the second time; the third time is a first one again. */
  isRepeat(deed: unknown, sight: unknown): boolean {
    const now = { deed: JSON.stringify(deed), sight: JSON.stringify(sight) }
    const again = now.deed === this.#last?.deed && now.sight === this.#last.sight
    this.#last = again ? undefined : now
    return again
  }

  /** What is seen has changed meanwhile, or not. */
  saw(sight: unknown): void {
    if (JSON.stringify(sight) !== this.#last?.sight) this.forget()
  }

  forget(): void {
    this.#last = undefined
  }
}
