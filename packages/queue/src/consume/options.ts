import { checkLease, optionInvalid } from '../port/check.ts'
import { type Clock, steadyClock } from '../port/clock.ts'
import { type Logger, type Queue, type Random, silentLogger } from '../port/queue.ts'
import { type Codec, jsonCodec } from './codec.ts'
import { type ConsumeObserver, type Tell, tellTo } from './observer.ts'

/** Where messages come from: a queue, or what looks like one. */
export type Source = Pick<Queue, 'name' | 'receive'> & Partial<Pick<Queue, 'polling'>>

/** Where messages go that no handler could finish. */
export type DeadLetters = Pick<Queue, 'name' | 'send' | 'peek'>

export interface ConsumeOptions<T = unknown> {
  /** How bodies are read. Default: JSON, whose type is the caller's word; `jsonCodec(check)` checks it. */
  readonly codec?: Codec<T> | undefined
  /** How many messages are worked on at once, at most. Default 1. */
  readonly concurrency?: number | undefined
  /**
   * How long a message is leased at a time; renewed at a third of it while its handler works. A reader that dies keeps a
   * message from others for this long. Default 60,000.
   */
  readonly leaseMs?: number | undefined
  /** A message whose handler threw waits `firstMs`, doubled with each delivery up to `maxMs`. Default 1 s to 5 min. */
  readonly failureDelay?: Readonly<{ firstMs: number; maxMs: number }> | undefined
  /** Gets the body of each message that fails on its last delivery, or that can't be read. Default: they come again. */
  readonly deadLetter?: DeadLetters | undefined
  /**
   * How often a message is delivered before it is moved to `deadLetter`. Each delivery counts, also one that was given back
   * or whose reader died. Default 10.
   */
  readonly maxDeliveries?: number | undefined
  /** Ends as soon as nothing is visible and no handler works; delayed and leased messages are not waited for. Default false. */
  readonly stopWhenEmpty?: boolean | undefined
  /** How often to look while nothing is there. Default: the queue's own `polling`. */
  readonly polling?: Readonly<{ minMs: number; maxMs: number }> | undefined
  /** Takes no more messages; those at work are finished. Default: never. */
  readonly stopTaking?: AbortSignal | undefined
  /** Takes no more messages, and aborts the handlers' signals. Default: never. */
  readonly abortWork?: AbortSignal | undefined
  readonly observer?: ConsumeObserver | undefined
  /** Default: silent. */
  readonly logger?: Logger | undefined
  /** Default: `steadyClock`. */
  readonly clock?: Clock | undefined
  /** Default: `Math.random`. */
  readonly random?: Random | undefined
}

export interface ConsumeSettings<T> {
  readonly queue: string
  readonly codec: Codec<T>
  readonly concurrency: number
  readonly leaseMs: number
  readonly failureDelay: Readonly<{ firstMs: number; maxMs: number }>
  readonly deadLetter: DeadLetters | undefined
  readonly maxDeliveries: number
  readonly stopWhenEmpty: boolean
  readonly polling: Readonly<{ minMs: number; maxMs: number }>
  readonly stopTaking: AbortSignal
  readonly abortWork: AbortSignal
  readonly tell: Tell
  readonly logger: Logger
  readonly clock: Clock
  readonly random: Random
}

const never = (): AbortSignal => new AbortController().signal

/** Throws `OPTION_INVALID`, naming the option and what was expected. */
export function resolveConsumeOptions<T>(source: Source, given: ConsumeOptions<T>): ConsumeSettings<T> {
  const { concurrency = 1, leaseMs = 60_000, deadLetter, maxDeliveries } = given
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw optionInvalid(source.name, 'concurrency', concurrency, 'a whole number of at least 1')
  checkLease(source.name, leaseMs)
  if (maxDeliveries !== undefined) {
    if (!Number.isInteger(maxDeliveries) || maxDeliveries < 1)
      throw optionInvalid(source.name, 'maxDeliveries', maxDeliveries, 'a whole number of at least 1')
    if (deadLetter === undefined)
      throw optionInvalid(
        source.name,
        'deadLetter',
        deadLetter,
        'a queue, as maxDeliveries is given: no message is dropped',
      )
  }
  if (deadLetter?.name === source.name)
    throw optionInvalid(source.name, 'deadLetter', deadLetter.name, 'another queue than the one that is read')
  const logger = (given.logger ?? silentLogger).child({ queue: source.name })
  return {
    queue: source.name,
    codec: given.codec ?? jsonCodec<T>(),
    concurrency,
    leaseMs,
    failureDelay: given.failureDelay ?? { firstMs: 1_000, maxMs: 300_000 },
    deadLetter,
    maxDeliveries: deadLetter === undefined ? Number.POSITIVE_INFINITY : (maxDeliveries ?? 10),
    stopWhenEmpty: given.stopWhenEmpty ?? false,
    polling: given.polling ?? source.polling ?? { minMs: 100, maxMs: 2_000 },
    stopTaking: given.stopTaking ?? never(),
    abortWork: given.abortWork ?? never(),
    tell: tellTo(given.observer, logger),
    logger,
    clock: given.clock ?? steadyClock,
    random: given.random ?? Math.random,
  }
}
