import { CoreError, problem } from '../errors.ts'
import { type Part, partBytes } from '../messages/item.ts'
import { toWire, wireBytes } from '../wire/text.ts'

/**
 * Fewer pending units (directories, names, ranges) than this are not worth a split: a worker keeps them, and a manager
 * counts them as the tail of the work, for which no more workers are needed.
 */
export const minSplitUnits = 32

/** Nor is an attempt that has hardly begun, however long its budget. */
const minElapsedMs = 100
/** Children of one split: their sends take a while, and the first of them split again where more are needed. */
const mostWays = 128

/** An attempt and the work queue, at the moment of the decision. */
export interface SplitSituation {
  /** Messages in the work queue, those that workers hold included. */
  readonly depth: number
  /** Items that all workers together could hold. */
  readonly capacity: number
  /** Units (directories, names, ranges) that this attempt has not begun. */
  readonly pending: number
  readonly elapsedMs: number
  /** An attempt longer than this splits, so that its lease and its loss stay small. In milliseconds. */
  readonly budgetMs: number
  /** The attempt has finished something: its rest is smaller than what it was given. */
  readonly progressed: boolean
  /** The attempt can't end now without losing a listing; parts can be handed away while it continues. */
  readonly takeable: boolean
}

/** `stop`: the attempt ends, and its rest goes away in `ways` groups. `take`: what is pending does, and it continues. */
export type SplitDecision = { readonly action: 'go-on' } | { readonly action: 'stop' | 'take'; readonly ways: number }

/**
 * Whether to hand the rest away now, how, and in how many groups. The less is queued, the sooner: where this says `go-on`
 * with nothing queued, the work queue need not be asked.
 *
 * Every attempt decides by itself, and all of them see the same queue. Each therefore makes its own share of what is missing:
 * so a round of splits makes about as many items as there are places, however many workers there are.
 */
export function decideSplit(now: SplitSituation): SplitDecision {
  const dry = othersRunDry(now)
  // Its time is no reason to hand away in passing: a long listing would do so at each look, a few names at a time.
  if (!dry && (now.takeable || !isOver(now))) return { action: 'go-on' }
  const attempts = Math.max(1, Math.min(now.depth, now.capacity))
  const share = Math.ceil((now.capacity + reserve(now) - now.depth) / attempts)
  const ways = Math.max(2, Math.min(mostWays, 1 + share))
  return { action: now.takeable ? 'take' : 'stop', ways }
}

/** Items beside those that are held, for whoever is ready next: a split takes a few calls until its children are there. */
const reserve = ({ capacity }: SplitSituation): number => Math.max(1, capacity / 2)

/**
 * Once something is finished this does not depend on what is pending: in a chain of directories the only one that is known
 * is always under way. Before that a small rest would be just what the attempt was given, for ever.
 */
const isOver = ({ elapsedMs, budgetMs, progressed, pending }: SplitSituation): boolean =>
  elapsedMs >= budgetMs && (progressed || pending >= minSplitUnits)

const othersRunDry = (now: SplitSituation): boolean =>
  now.depth < now.capacity + reserve(now) / 2 && now.pending >= minSplitUnits && now.elapsedMs >= minElapsedMs

export interface DivideOptions {
  /** Most that the parts of a group take up in a message, in bytes. Default 56,000, which leaves room for the envelope. */
  readonly maxBytes?: number | undefined
  /** Most file names in a group. Default 1,000. */
  readonly maxNames?: number | undefined
}

type FilesPart = Extract<Part, { kind: 'files' }>

/** A part that stays whole, with the room that it takes. */
interface Piece {
  readonly part: Part
  readonly bytes: number
  readonly names: number
}

/**
 * Deals parts into groups, each the size of one item: every part, and every name of a `files` part, is in exactly one.
 * Makes at least `ways` groups where there are that many units, more where the sizes ask for it, and none of nothing.
 * Neighbours go to different groups, as what lies together is often of one size. Throws `TOO_LARGE` for a part that no
 * message can carry and `OPTION_INVALID` for nonsense.
 */
export function divide(parts: readonly Part[], ways: number, options: DivideOptions = {}): Part[][] {
  const maxBytes = wholeOption('maxBytes', options.maxBytes ?? 56_000)
  const maxNames = wholeOption('maxNames', options.maxNames ?? 1_000)
  const units = unitsOf(parts)
  const slots = Math.min(wholeOption('ways', ways), units)
  if (slots === 0) return []
  const namesEach = Math.min(maxNames, Math.floor(units / slots))
  const groups = Array.from({ length: slots }, () => new Group(maxBytes, maxNames))
  let turn = 0
  for (const piece of pieces(parts, namesEach, maxBytes)) {
    groups[turn]?.add(piece)
    turn = (turn + 1) % slots
  }
  return groups.flatMap((group) => group.closed())
}

/** What parts weigh when they are dealt: each name of a `files` part, and every other part, is one. */
export const unitsOf = (parts: readonly Part[]): number =>
  parts.reduce((sum, part) => sum + (part.kind === 'files' ? part.names.length : 1), 0)

function wholeOption(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new CoreError('OPTION_INVALID', [problem(field, value, 'a whole number, 1 or more')])
}

/** Kind by kind, so that each kind is spread evenly; a directory may hold more than any batch of names. */
function* pieces(parts: readonly Part[], namesEach: number, maxBytes: number): Generator<Piece> {
  for (const kind of ['tree', 'listing', 'range', 'files']) {
    for (const part of parts) {
      if (part.kind !== kind) continue
      if (part.kind === 'files') yield* cut(part, namesEach, maxBytes)
      else yield fitting({ part, bytes: partBytes(part), names: 0 }, maxBytes)
    }
  }
}

/** Batches of at most `namesEach` names that fit, all of about the same length. */
function* cut(part: FilesPart, namesEach: number, maxBytes: number): Generator<Piece> {
  const batches = Math.ceil(part.names.length / namesEach)
  const most = Math.ceil(part.names.length / batches)
  const empty = partBytes({ ...part, names: [] })
  let names: string[] = []
  let bytes = empty
  for (const name of part.names) {
    const more = wireBytes(toWire(name)) + 1
    if (names.length > 0 && (names.length === most || bytes + more > maxBytes)) {
      yield { part: { ...part, names }, bytes, names: names.length }
      names = []
      bytes = empty
    }
    names.push(name)
    bytes += more
  }
  if (names.length > 0) yield fitting({ part: { ...part, names }, bytes, names: names.length }, maxBytes)
}

function fitting(piece: Piece, maxBytes: number): Piece {
  if (piece.bytes <= maxBytes) return piece
  throw new CoreError('TOO_LARGE', [problem('part', `${piece.bytes} bytes`, `at most ${maxBytes} bytes`)])
}

/** One slot of the deal: a list of groups; only the last one is open. */
class Group {
  readonly #maxBytes: number
  readonly #maxNames: number
  readonly #groups: Part[][] = []
  #bytes = 0
  #names = 0

  constructor(maxBytes: number, maxNames: number) {
    this.#maxBytes = maxBytes
    this.#maxNames = maxNames
  }

  add({ part, bytes, names }: Piece): void {
    const fits = this.#bytes + 1 + bytes <= this.#maxBytes && this.#names + names <= this.#maxNames
    if (this.#groups.length === 0 || !fits) {
      this.#groups.push([])
      this.#bytes = 0
      this.#names = 0
    }
    this.#groups.at(-1)?.push(part)
    this.#bytes += bytes + 1
    this.#names += names
  }

  closed(): Part[][] {
    return this.#groups
  }
}
