import type { XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'

/** A remote procedure as data: its number, and how its arguments and results look as bytes. No socket, promise or clock. */
export interface Procedure<A, R> {
  readonly name: string
  readonly number: number
  encode(w: XdrWriter, args: A): void
  /** Reads the results of a call with these arguments. Throws `NfsError` where the server says no, or says nonsense. */
  decode(r: XdrReader, args: A): R
  /** How many bytes of the reply to keep; all of them where this is missing. */
  keep?(args: A): number
}

/** Procedure 0 of every program: does nothing, and so shows that the server is there (RFC 5531 section 12.1). */
export const NULL: Procedure<undefined, undefined> = {
  name: 'NULL',
  number: 0,
  encode: () => {},
  decode: () => undefined,
}

/** Receives the outcome of a call, once, from the connection's innermost loops. Be quick, and don't throw. */
export interface Receiver<R> {
  resolve(result: R): void
  /** With `NfsError`, or the signal's reason. */
  reject(error: unknown): void
}

/** A call in flight: its arguments, its receiver, and how often it was sent. */
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
  madeAt = 0
  sentAt = 0
  deadline = 0

  constructor(
    procedure: Procedure<unknown, unknown>,
    args: unknown,
    receiver: Receiver<unknown>,
    signal: AbortSignal | undefined,
    jukeboxMs: number = Number.POSITIVE_INFINITY,
  ) {
    this.procedure = procedure
    this.args = args
    this.signal = signal
    this.receiver = receiver
    this.jukeboxMs = jukeboxMs
  }
}

const slotBits = 16
/** Calls that can be out at a time. */
export const maxCalls: number = 1 << slotBits
const slotMask = maxCalls - 1

/**
 * Calls by xid. The lower half of an xid is a slot of an array, the upper half counts how often the slot was used: a
 * look-up is an index and a comparison, and a reply to a call that has ended finds no call.
 */
export class XidTable<T extends { xid: number }> {
  private readonly slots: (T | undefined)[] = []
  private readonly free: number[] = []
  /** The xid that each slot's next user gets. */
  private readonly next: number[] = []
  private readonly firstGeneration: number

  /** `random` in [0, 1): two processes must not begin with the same xids, or a server's reply cache takes one for the other. */
  constructor(random: () => number) {
    this.firstGeneration = Math.floor(random() * maxCalls)
  }

  get size(): number {
    return this.slots.length - this.free.length
  }

  /** Gives the item its xid. There must be room. */
  add(item: T): void {
    const slot = this.free.pop() ?? this.slots.length
    const xid = this.next[slot] ?? ((this.firstGeneration << slotBits) | slot) >>> 0
    this.next[slot] = (xid + maxCalls) >>> 0
    item.xid = xid
    this.slots[slot] = item
  }

  get(xid: number): T | undefined {
    const item = this.slots[xid & slotMask]
    return item?.xid === xid ? item : undefined
  }

  /** False if the item is not in the table. */
  remove(item: T): boolean {
    const slot = item.xid & slotMask
    if (this.slots[slot] !== item) return false
    this.slots[slot] = undefined
    this.free.push(slot)
    return true
  }

  /** A copy, so that the table may change meanwhile. */
  items(): T[] {
    return this.slots.filter((item) => item !== undefined)
  }
}

/** One listener for each signal, however many calls carry it: a walk has thousands of calls and one signal. */
export class SignalWatch {
  private readonly watched = new Map<AbortSignal, { count: number; readonly listener: () => void }>()
  private readonly aborted: (signal: AbortSignal) => void

  constructor(aborted: (signal: AbortSignal) => void) {
    this.aborted = aborted
  }

  add(signal: AbortSignal): void {
    const known = this.watched.get(signal)
    if (known !== undefined) {
      known.count++
      return
    }
    const listener = (): void => this.aborted(signal)
    this.watched.set(signal, { count: 1, listener })
    signal.addEventListener('abort', listener)
  }

  remove(signal: AbortSignal): void {
    const known = this.watched.get(signal)
    if (known === undefined || --known.count > 0) return
    signal.removeEventListener('abort', known.listener)
    this.watched.delete(signal)
  }
}
