import type { Logger, PeekedMessage } from '../port/queue.ts'

/**
 * Hears what `consume` and `work` do, for metrics and logs; messages are as the queue has them. Called while work waits:
 * be quick. What a method throws is logged, and changes nothing.
 */
export interface ConsumeObserver {
  /** A message was received; its handler is called right after this. */
  started?(message: PeekedMessage): void
  /** The handler was done and the message is removed. */
  completed?(message: PeekedMessage): void
  /** The message is visible again after `delayMs`: the handler asked for it, or the reader is stopping. */
  givenBack?(message: PeekedMessage, delayMs: number): void
  /** The handler threw, or the body can't be read; the message is visible again after `delayMs`. */
  failed?(message: PeekedMessage, error: unknown, delayMs: number): void
  /** The message was moved to the dead letters, because of `error`. */
  deadLettered?(message: PeekedMessage, error: unknown): void
  /** The message could be neither completed nor given back, in most cases as its lease was lost: it comes again. */
  lost?(message: PeekedMessage, error: unknown): void
  /** Nothing could be received; the next try is in `retryInMs`. */
  receiveFailed?(error: unknown, retryInMs: number): void
}

type Arguments<Name extends keyof ConsumeObserver> = Parameters<NonNullable<ConsumeObserver[Name]>>

export type Tell = <Name extends keyof ConsumeObserver>(name: Name, ...args: Arguments<Name>) => void

/** An observer that throws is logged: watching work must not break it. */
export const tellTo =
  (observer: ConsumeObserver | undefined, logger: Logger): Tell =>
  (name, ...args) => {
    try {
      const method = observer?.[name] as ((...args: unknown[]) => void) | undefined
      method?.apply(observer, args)
    } catch (error) {
      logger.error('an observer failed', { event: name, error })
    }
  }
