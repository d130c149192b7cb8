import { CoreError, problem } from '../errors.ts'
import { type Part, partBytes } from '../messages/item.ts'
import { toWire, wireBytes } from '../wire/text.ts'

/** When an attempt hands its rest to others. Times in milliseconds. */
export interface SplitPolicy {
  /** An attempt longer than this splits, so that its lease and its loss stay small. */
  readonly budgetMs: number
  /** Fewer pending units than this are not worth a split for the sake of idle workers. */
  readonly minPending: number
  /** Nor is an attempt that has hardly begun. */
  readonly minElapsedMs: number
}

export const DEFAULT_SPLIT_POLICY: SplitPolicy = Object.freeze({ budgetMs: 90_000, minPending: 64, minElapsedMs: 250 })

export interface SplitSituation {
  /** Messages that a peek of the work queue shows, at most as many as it was asked for. */
  readonly visible: number
  /** Items that all workers together could hold. */
  readonly capacity: number
  /** Units (directories, names, ranges) that this attempt has not begun. */
  readonly pending: number
  readonly elapsedMs: number
  /** The worker was told to stop. */
  readonly stopping: boolean
}

/** `idle`: others could use the rest. `budget`: the attempt took long enough. `stop`: the worker must go. */
export type SplitDecision = 'go-on' | 'idle' | 'budget' | 'stop'

/**
 * Whether to hand the rest away now, and why. Once the time is over that does not depend on what is pending: in a chain of
 * directories the only one that is known is always under way.
 */
export function decideSplit(now: SplitSituation, policy: SplitPolicy = DEFAULT_SPLIT_POLICY): SplitDecision {
  if (now.stopping) return 'stop'
  if (now.elapsedMs >= policy.budgetMs) return 'budget'
  if (now.pending <= 0) return 'go-on'
  const lowWater = Math.max(1, now.capacity / 2)
  const hungry = now.visible < lowWater && now.pending >= policy.minPending && now.elapsedMs >= policy.minElapsedMs
  return hungry ? 'idle' : 'go-on'
}

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
