import type { Logger } from './ports.ts'
import type { PeekedMessage } from './transport.ts'

/** What `consume()` tells about, for metrics and for people who watch it at work. */
export interface ConsumeEvents {
  /** A message was received; its handler is called right after this. */
  'message:start': [message: PeekedMessage]
  /** The handler was done and the message is removed. */
  'message:completed': [message: PeekedMessage]
  /** The message is visible again after `delayMs`: the handler asked for it, or we were stopping. */
  'message:givenBack': [message: PeekedMessage, delayMs: number]
  /** The handler threw; the message is visible again after `delayMs`. */
  'message:failed': [message: PeekedMessage, error: unknown, delayMs: number]
  /** The message could be neither completed nor given back, in most cases as its lease was lost: it comes again. */
  'message:lost': [message: PeekedMessage, error: unknown]
  /** Nothing could be received; the next try is in `retryInMs`. */
  'receive:failed': [error: unknown, retryInMs: number]
}

/** An `EventEmitter<ConsumeEvents>` is one. */
export interface ConsumeEventSink {
  emit<Name extends keyof ConsumeEvents>(name: Name, ...args: ConsumeEvents[Name]): unknown
}

/** A listener that throws is logged: watching work must not break it. */
export const safely = (sink: ConsumeEventSink | undefined, logger: Logger): ConsumeEventSink => ({
  emit: (name, ...args) => {
    try {
      sink?.emit(name, ...args)
    } catch (error) {
      logger.error('an event listener failed', { event: name, error })
    }
  },
})
