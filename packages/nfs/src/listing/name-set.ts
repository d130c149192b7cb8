/** Slots at first; they double while three quarters are taken. */
const firstSlots = 64

let high = 0
let low = 0

/** 64 bits of a name, in `high` and `low`: two multiplicative hashes of 32 bits over its UTF-16 units. Never both 0. */
function hashName(name: string): void {
  let a = 0x811c9dc5
  let b = 0x5bd1e995
  for (let at = 0; at < name.length; at++) {
    const unit = name.charCodeAt(at)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul((b << 13) | (b >>> 19), 0x27d4eb2f) ^ Math.imul(unit + 1, 0x165667b1)
  }
  a = Math.imul(a ^ (a >>> 16), 0x7feb352d)
  b = Math.imul(b ^ (b >>> 15), 0x2c1b3c6d)
  high = a ^ (a >>> 15)
  low = b ^ (b >>> 16) || 1
}

/** The same 64 bits as text, for messages: 16 hexadecimal digits. */
export function nameKey(name: string): string {
  hashName(name)
  const digits = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')
  return digits(high) + digits(low)
}

/** Names that several listings may hold together. */
export interface NameBudget {
  left: number
}

/**
 * The names of one listing so far, as 64 bits each: a million take 16 MiB, and two of them are taken for one with a
 * probability of 3e-8. Every name takes one from the budget; once that is empty the set is given up, and every name is new.
 */
export class NameSet {
  private readonly budget: NameBudget
  /** None before there is a name. */
  private slots = new Int32Array(0)
  private mask = firstSlots - 1
  private held = 0
  /** Every name so far is held. */
  complete = true

  constructor(budget: NameBudget) {
    this.budget = budget
  }

  /** True for a name that is new, as far as is known. */
  add(name: string): boolean {
    if (!this.complete) return true
    if (this.slots.length === 0) this.slots = new Int32Array(2 * firstSlots)
    hashName(name)
    const at = this.find(high, low)
    if (this.slots[at + 1] !== 0) return false
    if (this.budget.left <= 0) {
      this.release()
      return true
    }
    this.slots[at] = high
    this.slots[at + 1] = low
    this.budget.left--
    if (++this.held > 0.75 * (this.mask + 1)) this.grow()
    return true
  }

  /** Gives the names back to the budget. */
  release(): void {
    this.complete = false
    this.budget.left += this.held
    this.held = 0
    this.slots = new Int32Array(0)
  }

  /** Where the pair is, or would be. */
  private find(first: number, second: number): number {
    for (let slot = second & this.mask; ; slot = (slot + 1) & this.mask) {
      const found = this.slots[2 * slot + 1]
      if (found === 0 || (found === second && this.slots[2 * slot] === first)) return 2 * slot
    }
  }

  private grow(): void {
    const old = this.slots
    this.slots = new Int32Array(2 * old.length)
    this.mask = 2 * this.mask + 1
    for (let at = 0; at < old.length; at += 2) {
      const second = old[at + 1] as number
      if (second === 0) continue
      const to = this.find(old[at] as number, second)
      this.slots[to] = old[at] as number
      this.slots[to + 1] = second
    }
  }
}
