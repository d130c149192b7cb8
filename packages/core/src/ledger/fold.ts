import type { Counts } from '../messages/counts.ts'
import type { Failure, FailurePart, ItemResult } from '../messages/result.ts'

/*
 * The ledger decides when a run is done. It is a fold of results over rows:
 *
 * announced  the item exists: the manager began the run with it, or an accepted result of its parent names its family
 * done       an announced item has an accepted result; later ones change nothing
 * waiting    a result is kept aside: its item is not announced yet, or failure parts are still to come
 *
 * A worker may die after it has sent children and before it sent its result, or two may work on the same item. Attempts
 * name their children differently, so those of an attempt whose result was not accepted are never announced and never
 * counted: the totals are exact although messages come late, twice, and in any order.
 */

/** `waiting`: not announced, and a result of it is kept aside. */
export type ItemState = 'unknown' | 'announced' | 'done' | 'waiting'

/** A family is one row however many children it has: a message of a few bytes may announce a million of them. */
export interface FamilyState {
  /** Children that are announced: `<family>.0` up to `<family>.<count - 1>`. 0 for a family that is not announced. */
  readonly count: number
  /** Children with a result that counts. Once all of them have one, the family stays as it is. */
  readonly done: number
}

/** What `fold` asks the rows. */
export interface LedgerView {
  item(id: string): ItemState
  family(name: string): FamilyState
  /** The result kept aside for an item, announced or not. */
  waiting(id: string): ItemResult | undefined
  /** The results kept aside for children of a family with ordinals from `from` up to below `to`. */
  waitingOf(family: string, from: number, to: number): readonly ItemResult[]
  /** How many different failure parts of an attempt are stored. */
  partsHeld(item: string, attempt: string): number
  /** Whether this very failure part is stored, so that a part that comes twice is counted once. */
  holdsPart(item: string, attempt: string, part: number): boolean
}

export type LedgerChange =
  /** The manager begins a run with this item. */
  | { readonly change: 'begin'; readonly item: string }
  /** The family has `count` children from now on; those beyond its earlier count are outstanding. */
  | { readonly change: 'announce'; readonly family: string; readonly count: number }
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
  const announced = new Map<string, number>()
  for (let result = accepted.pop(); result !== undefined; result = accepted.pop()) {
    const { item, attempt, children } = result
    if (view.waiting(item) !== undefined) changes.push({ change: 'unwait', item })
    changes.push({ change: 'done', item, attempt, result })
    for (const [family, count] of largestOf(children)) {
      const known = view.family(family)
      const from = announced.get(family) ?? known.count
      if (count <= from || (known.count > 0 && known.done >= known.count)) continue
      announced.set(family, count)
      changes.push({ change: 'announce', family, count })
      const complete = (kept: ItemResult): boolean => view.partsHeld(kept.item, kept.attempt) >= kept.failureParts
      accepted.push(...view.waitingOf(family, from, count).filter(complete))
    }
  }
  return changes
}

/** A message may name a family many times: it is looked up once. */
function largestOf(children: ItemResult['children']): ReadonlyMap<string, number> {
  const largest = new Map<string, number>()
  for (const { family, count } of children) largest.set(family, Math.max(count, largest.get(family) ?? 0))
  return largest
}

/** A run is done when it has begun and no announced item is without a result. */
export const isDone = (ledger: { announcedItems(): number; outstanding(): number }): boolean =>
  ledger.announcedItems() > 0 && ledger.outstanding() === 0
