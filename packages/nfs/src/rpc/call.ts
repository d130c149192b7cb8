import type { Procedure } from './procedure.ts'

/** One call on its way: what was asked, who waits, and how often it was sent. */
export class Call {
  readonly procedure: Procedure<unknown, unknown>
  readonly args: unknown
  readonly signal: AbortSignal | undefined
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
  xid = 0
  /** Transmissions so far. */
  sends = 0
  /** Times that the server said to come again later. */
  waits = 0
  /** Clock times in milliseconds: first made, last sent, and when to give up. */
  readonly madeAt: number
  sentAt: number
  deadline = 0

  constructor(
    procedure: Procedure<unknown, unknown>,
    args: unknown,
    signal: AbortSignal | undefined,
    now: number,
    resolve: (result: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.procedure = procedure
    this.args = args
    this.signal = signal
    this.resolve = resolve
    this.reject = reject
    this.madeAt = now
    this.sentAt = now
  }
}
