import { addCounts, type Counts, emptyCounts } from './counts.ts'
import type { ItemState, LedgerChange, LedgerRows } from './ledger.ts'
import type { Failure, FailurePart, ItemResult } from './result.ts'

/** Rows, and what is read off them. */
export interface Ledger extends LedgerRows {
  /** Sum over the results that count. */
  readonly counts: Counts
  announcedItems(): number
  doneItems(): number
  /** Announced items without a result that counts. */
  outstanding(): number
  /** Every failure of the attempts that count, in no promised order. */
  failures(): Iterable<Failure>
}

/** The reference implementation, in memory. */
export function memoryLedger(): Ledger {
  const announced = new Set<string>()
  /** The attempt that counts, by item. */
  const done = new Map<string, string>()
  const waiting = new Map<string, ItemResult>()
  const parts = new Map<string, Map<number, FailurePart>>()
  let counts = emptyCounts()

  const attemptKey = (item: string, attempt: string): string => `${item} ${attempt}`

  const applyOne = (change: LedgerChange): void => {
    switch (change.change) {
      case 'announce':
        for (const item of change.items) announced.add(item)
        return
      case 'done':
        done.set(change.item, change.attempt)
        counts = addCounts(counts, change.result.counts)
        return
      case 'wait':
        waiting.set(change.result.item, change.result)
        return
      case 'unwait':
        waiting.delete(change.item)
        return
      case 'parts': {
        const key = attemptKey(change.part.item, change.part.attempt)
        const held = parts.get(key) ?? new Map<number, FailurePart>()
        parts.set(key, held.set(change.part.part, change.part))
      }
    }
  }

  return {
    item: (id): ItemState => {
      if (done.has(id)) return 'done'
      if (announced.has(id)) return 'announced'
      return waiting.has(id) ? 'waiting' : 'unknown'
    },
    waiting: (id) => waiting.get(id),
    partsHeld: (item, attempt) => parts.get(attemptKey(item, attempt))?.size ?? 0,
    holdsPart: (item, attempt, part) => parts.get(attemptKey(item, attempt))?.has(part) ?? false,
    apply: (changes) => {
      for (const change of changes) applyOne(change)
    },
    get counts() {
      return counts
    },
    announcedItems: () => announced.size,
    doneItems: () => done.size,
    outstanding: () => announced.size - done.size,
    *failures() {
      for (const [item, attempt] of done) {
        for (const part of parts.get(attemptKey(item, attempt))?.values() ?? []) yield* part.failures
      }
    },
  }
}
