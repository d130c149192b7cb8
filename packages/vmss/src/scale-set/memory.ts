import type { VmssError, VmssErrorCode } from '../errors.ts'

/** What the scale set is asked to do. `look` is a read, the others are operations. */
export type Deed = 'look' | 'create' | 'resize' | 'delete-instances' | 'delete-set'

/** What is remembered from one look at Azure to the next. */
export interface Memory {
  /** Which of the candidates is asked for. */
  readonly candidate: number
  /** No more machines are asked for before this time. */
  readonly growAtMs: number
  /** Nothing at all is asked for before this time. */
  readonly callAtMs: number
  /** What part of the machines wanted is asked for, until `shareUntilMs`: less when the quota is too small for all. */
  readonly share: number
  readonly shareUntilMs: number
  /** Failures since the last success, those that pass by themselves and the others. */
  readonly passing: number
  readonly standing: number
  /** The failure that people should know of, and what it happened in. */
  readonly problem: { readonly error: VmssError; readonly during: Deed } | undefined
  /** Every candidate was tried, or trying again is not likely to help. */
  readonly hopeless: boolean
}

export const freshMemory: Memory = {
  candidate: 0,
  growAtMs: 0,
  callAtMs: 0,
  share: 1,
  shareUntilMs: 0,
  passing: 0,
  standing: 0,
  problem: undefined,
  hopeless: false,
}

/** First pause and longest one; each failure in a row doubles it. */
const pauses = {
  /** The network, throttling, another client's change. */
  passing: { firstMs: 1_000, mostMs: 60_000 },
  /** People have to do something. */
  standing: { firstMs: 15_000, mostMs: 120_000 },
  /** No candidate is to be had. */
  capacity: { firstMs: 30_000, mostMs: 300_000 },
}
const quotaRetryMs = 300_000

const pause = (kind: keyof typeof pauses, inARow: number): number =>
  Math.min(pauses[kind].mostMs, pauses[kind].firstMs * 2 ** inARow)

const passing = new Set<VmssErrorCode>(['THROTTLED', 'UNAVAILABLE', 'CONFLICT', 'NOT_FOUND'])
/** Another size may do. A setting that Azure refuses may be one that only this size cannot have. */
const ofTheSize = new Set<VmssErrorCode>(['NO_CAPACITY', 'QUOTA', 'OPTION_INVALID'])

/** What to remember of a failure: when to try again, and with which candidate. */
export function afterFailure(
  memory: Memory,
  failure: { readonly error: VmssError; readonly during: Deed },
  now: { readonly nowMs: number; readonly candidates: number; readonly wanted: number },
): Memory {
  const { error, during } = failure
  const { nowMs } = now
  if (passing.has(error.code)) {
    const callAtMs = nowMs + Math.max(error.retryAfterMs ?? 0, pause('passing', memory.passing))
    return { ...memory, callAtMs, passing: memory.passing + 1, problem: failure }
  }
  if (during !== 'create' && during !== 'resize') {
    const callAtMs = nowMs + pause('standing', memory.standing)
    return { ...memory, callAtMs, standing: memory.standing + 1, problem: failure, hopeless: true }
  }
  if (!ofTheSize.has(error.code)) {
    const growAtMs = nowMs + pause('standing', memory.standing)
    return { ...memory, growAtMs, standing: memory.standing + 1, problem: failure, hopeless: true }
  }
  const next = nextCandidate({ ...memory, problem: failure }, now)
  if (error.code !== 'QUOTA' || next.candidate !== 0) return next
  const share = currentShare(memory, nowMs) / 2
  if (Math.floor(now.wanted * share) < 1) return { ...next, share: 1 }
  // Every size is over the quota, so the next round asks for half as many.
  return { ...next, share, shareUntilMs: nowMs + quotaRetryMs, growAtMs: nowMs, hopeless: memory.hopeless }
}

/** The next way to get machines; after the last one a pause, and then the first one again. */
export function nextCandidate(memory: Memory, { nowMs, candidates }: { nowMs: number; candidates: number }): Memory {
  const candidate = memory.candidate + 1
  if (candidate < candidates) return { ...memory, candidate, growAtMs: nowMs }
  const growAtMs = nowMs + pause('capacity', memory.standing)
  return { ...memory, candidate: 0, growAtMs, standing: memory.standing + 1, hopeless: true }
}

/** Azure did what it was asked and nothing came of it. Asking again at once would repeat without end. */
export function afterNothing(memory: Memory, during: Deed, nowMs: number): Memory {
  const atMs = nowMs + pauses.capacity.firstMs
  return during === 'create' || during === 'resize' ? { ...memory, growAtMs: atMs } : { ...memory, callAtMs: atMs }
}

/**
 * A success ends the pauses and the problem where it is of the same kind: that something can be seen or deleted says
 * nothing about why nothing could be made. The candidate that worked stays.
 */
export function afterSuccess(memory: Memory, during: Deed): Memory {
  const { problem } = memory
  const grows = (deed: Deed): boolean => deed === 'create' || deed === 'resize'
  const solved = problem === undefined || problem.during === during || (grows(during) && grows(problem.during))
  if (!solved) return memory
  const calm = { ...memory, passing: 0, callAtMs: 0, problem: undefined, hopeless: false }
  return during === 'look' ? calm : { ...calm, standing: 0 }
}

/** As many machines run as are wanted, so nothing stands in the way of anything. */
export const afterAll = (memory: Memory): Memory => ({ ...freshMemory, candidate: memory.candidate })

/** The part of the wanted machines that is asked for now. */
export const currentShare = ({ share, shareUntilMs }: Memory, nowMs: number): number =>
  nowMs < shareUntilMs ? share : 1

const most = 10

/** What people should know, newest last. The same thing twice in a row is said once. */
export class Notes {
  #all: readonly string[] = []

  add(note: string): void {
    if (this.#all.at(-1) === note) return
    // What was said before comes to the end instead of twice, so that ten notes are ten things.
    this.#all = [...this.#all.filter((other) => other !== note), note].slice(-most)
  }

  get all(): readonly string[] {
    return this.#all
  }
}
