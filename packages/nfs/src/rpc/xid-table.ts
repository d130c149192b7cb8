const SLOT_BITS = 16
/** Calls that can be out at a time. */
export const MAX_CALLS: number = 1 << SLOT_BITS
const SLOT_MASK = MAX_CALLS - 1

/**
 * Calls by xid. The lower half of an xid is a slot of an array, the upper half counts how often the slot was used: a
 * look-up is an index and a comparison, and a reply that comes after its call was given up finds nobody.
 */
export class XidTable<T extends { xid: number }> {
  private readonly slots: (T | undefined)[] = []
  private readonly free: number[] = []
  /** The xid that each slot's next user gets. */
  private readonly next: number[] = []
  private readonly firstGeneration: number

  /** `random` in [0, 1): two processes must not begin with the same xids, or a server's reply cache takes one for the other. */
  constructor(random: () => number) {
    this.firstGeneration = Math.floor(random() * MAX_CALLS)
  }

  get size(): number {
    return this.slots.length - this.free.length
  }

  /** Gives the item its xid. There must be room. */
  add(item: T): void {
    const slot = this.free.pop() ?? this.slots.length
    const xid = this.next[slot] ?? ((this.firstGeneration << SLOT_BITS) | slot) >>> 0
    this.next[slot] = (xid + MAX_CALLS) >>> 0
    item.xid = xid
    this.slots[slot] = item
  }

  get(xid: number): T | undefined {
    const item = this.slots[xid & SLOT_MASK]
    return item?.xid === xid ? item : undefined
  }

  /** False if the item is not in the table. */
  remove(item: T): boolean {
    const slot = item.xid & SLOT_MASK
    if (this.slots[slot] !== item) return false
    this.slots[slot] = undefined
    this.free.push(slot)
    return true
  }

  /** A copy, so that the table may change meanwhile. */
  items(): T[] {
    return this.slots.filter((item) => item !== undefined)
  }
}
