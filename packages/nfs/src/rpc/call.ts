import type { Procedure } from './procedure.ts'

/** Who waits for a call: hears of it once, from the connection's innermost loops. Be quick, and don't throw. */
export interface Receiver<R> {
  resolve(result: R): void
  /** With `NfsError`, or the signal's reason. */
  reject(error: unknown): void
}

/** One call on its way: what was asked, who waits, and how often it was sent. */
export class Call {
  readonly procedure: Procedure<unknown, unknown>
  readonly args: unknown
  readonly signal: AbortSignal | undefined
  readonly receiver: Receiver<unknown>
  /** How long the server may put it off. */
  readonly jukeboxMs: number
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
    receiver: Receiver<unknown>,
    jukeboxMs: number = Number.POSITIVE_INFINITY,
  ) {
    this.procedure = procedure
    this.args = args
    this.signal = signal
    this.receiver = receiver
    this.jukeboxMs = jukeboxMs
    this.madeAt = now
    this.sentAt = now
  }
}
