import type { FamilyState, ItemState, Ledger, LedgerChange } from '../ledger/fold.ts'
import { addCounts, emptyCounts, saturatingSum } from '../messages/counts.ts'
import type { FailurePart, ItemResult } from '../messages/result.ts'
import { childOf } from '../names/names.ts'

/** The reference implementation, in memory. */
export function memoryLedger(): Ledger {
  const begun = new Set<string>()
  const families = new Map<string, { count: number; done: number }>()
  /** The attempt that counts, by item. */
  const done = new Map<string, string>()
  const waiting = new Map<string, ItemResult>()
  const parts = new Map<string, Map<number, FailurePart>>()
  let counts = emptyCounts()

  const attemptKey = (item: string, attempt: string): string => `${item} ${attempt}`
  const family = (name: string): FamilyState => families.get(name) ?? { count: 0, done: 0 }
  const isAnnounced = (item: string): boolean => {
    const child = childOf(item)
    return begun.has(item) || (child !== undefined && child.ordinal < family(child.family).count)
  }
  const announcedItems = (): number =>
    [...families.values()].reduce((sum, { count }) => saturatingSum(sum, count), begun.size)

  const applyOne = (change: LedgerChange): void => {
    switch (change.change) {
      case 'begin':
        begun.add(change.item)
        return
      case 'announce':
        families.set(change.family, { ...family(change.family), count: change.count })
        return
      case 'done': {
        done.set(change.item, change.attempt)
        const child = childOf(change.item)
        const siblings = child === undefined ? undefined : families.get(child.family)
        if (siblings !== undefined) siblings.done += 1
        counts = addCounts(counts, change.result.counts)
        return
      }
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
      if (isAnnounced(id)) return 'announced'
      return waiting.has(id) ? 'waiting' : 'unknown'
    },
    family,
    waiting: (id) => waiting.get(id),
    waitingOf: (name, from, to) =>
      [...waiting.values()].filter(({ item }) => {
        const child = childOf(item)
        return child?.family === name && child.ordinal >= from && child.ordinal < to
      }),
    partsHeld: (item, attempt) => parts.get(attemptKey(item, attempt))?.size ?? 0,
    holdsPart: (item, attempt, part) => parts.get(attemptKey(item, attempt))?.has(part) ?? false,
    apply: (changes) => {
      for (const change of changes) applyOne(change)
    },
    get counts() {
      return counts
    },
    announcedItems,
    doneItems: () => done.size,
    outstanding: () => announcedItems() - done.size,
    *failures() {
      for (const [item, attempt] of done) {
        for (const part of parts.get(attemptKey(item, attempt))?.values() ?? []) yield* part.failures
      }
    },
  }
}
