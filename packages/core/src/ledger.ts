import { childItem } from './ids.ts'
import type { FailurePart, ItemResult } from './result.ts'

/*
 * The ledger decides when a run is done. It is a fold of results over rows:
 *
 * announced  the item exists: the root because the manager says so, every other by an accepted result of its parent
 * done       an announced item has an accepted result; there is one, whatever comes later
 * waiting    a result is kept aside: of an item that nobody has announced, or with failure parts still to come
 *
 * A worker may die after it has sent children and before it sent its result, or two may work on the same item. Attempts
 * name their children differently, so those of an attempt whose result was not accepted are never announced and never
 * counted: the totals are exact although messages come late, twice, and in any order.
 */

/** `waiting`: not announced, and a result of it is kept aside. */
export type ItemState = 'unknown' | 'announced' | 'done' | 'waiting'

/** What `fold` asks the rows. */
export interface LedgerView {
  item(id: string): ItemState
  /** The result kept aside for an item, announced or not. */
  waiting(id: string): ItemResult | undefined
  /** How many different failure parts of an attempt are stored. */
  partsHeld(item: string, attempt: string): number
  /** Whether this very failure part is stored, so that a part that comes twice is counted once. */
  holdsPart(item: string, attempt: string, part: number): boolean
}

export type LedgerChange =
  /** These items exist from now on and are outstanding. */
  | { readonly change: 'announce'; readonly items: readonly string[] }
  /** This result counts, and with it the failure parts of its attempt. */
  | { readonly change: 'done'; readonly item: string; readonly attempt: string; readonly result: ItemResult }
  | { readonly change: 'wait'; readonly result: ItemResult }
  | { readonly change: 'parts'; readonly part: FailurePart }
  /** Forget the result kept aside for this item. Comes right before the `done` that uses it or another one. */
  | { readonly change: 'unwait'; readonly item: string }

/** Rows that changes are applied to, all of one fold in one transaction. */
export interface LedgerRows extends LedgerView {
  apply(changes: readonly LedgerChange[]): void
}

/**
 * What a message changes; nothing when it came before. Changes are in the order in which they must be applied. A result
 * counts once its item is announced and all its failure parts are held; the first such result of an item counts, and
 * its children may bring further results that wait for them. Pure.
 */
export function fold(view: LedgerView, message: ItemResult | FailurePart): LedgerChange[] {
  return message.kind === 'result' ? foldResult(view, message) : foldPart(view, message)
}

function foldResult(view: LedgerView, result: ItemResult): LedgerChange[] {
  const state = view.item(result.item)
  if (state === 'done') return []
  const held = view.partsHeld(result.item, result.attempt)
  if (state === 'announced' && held >= result.failureParts) return accept(view, result)
  // The first is kept: its failure parts were sent before it, so they are on their way.
  return view.waiting(result.item) === undefined ? [{ change: 'wait', result }] : []
}

function foldPart(view: LedgerView, part: FailurePart): LedgerChange[] {
  const { item, attempt } = part
  if (view.item(item) === 'done' || view.holdsPart(item, attempt, part.part)) return []
  const stored: LedgerChange = { change: 'parts', part }
  const result = view.waiting(item)
  if (view.item(item) !== 'announced' || result?.attempt !== attempt) return [stored]
  return view.partsHeld(item, attempt) + 1 < result.failureParts ? [stored] : [stored, ...accept(view, result)]
}

/** Accepts a result, and every waiting one that becomes complete by what it announces. A loop: trees may be deep. */
function accept(view: LedgerView, first: ItemResult): LedgerChange[] {
  const changes: LedgerChange[] = []
  const accepted = [first]
  const announced = new Set<string>()
  for (let result = accepted.pop(); result !== undefined; result = accepted.pop()) {
    const { item, attempt } = result
    if (view.waiting(item) !== undefined) changes.push({ change: 'unwait', item })
    changes.push({ change: 'done', item, attempt, result })
    const items: string[] = []
    for (const child of childrenOf(result)) {
      const state = view.item(child)
      if (announced.has(child) || state === 'announced' || state === 'done') continue
      announced.add(child)
      items.push(child)
      const kept = state === 'waiting' ? view.waiting(child) : undefined
      if (kept !== undefined && view.partsHeld(child, kept.attempt) >= kept.failureParts) accepted.push(kept)
    }
    if (items.length > 0) changes.push({ change: 'announce', items })
  }
  return changes
}

function* childrenOf(result: ItemResult): Generator<string> {
  for (const { family, count } of result.children) {
    for (let ordinal = 0; ordinal < count; ordinal++) yield childItem(family, ordinal)
  }
}

/** A run is done when it has begun and no announced item is without a result. */
export const isDone = (ledger: { announcedItems(): number; outstanding(): number }): boolean =>
  ledger.announcedItems() > 0 && ledger.outstanding() === 0
