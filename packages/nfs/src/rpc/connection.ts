import type { Clock } from '../clock.ts'
import { isNfsError, locateError, NfsError, type NfsErrorCode, type NfsErrorDetails, protocolError } from '../errors.ts'
import { XdrReader } from '../xdr/reader.ts'
import { XdrWriter } from '../xdr/writer.ts'
import { Call, maxCalls, type Procedure, type Receiver, SignalWatch, XidTable } from './call.ts'
import type { Link, OpenLink } from './link.ts'
import { type Credential, decodeReply, encodeCall, refusalError } from './message.ts'
import { RecordReader, recordMark } from './record.ts'

/** Events of a connection. Called from its innermost loops: be quick, and don't throw. */
export interface ConnectionObserver {
  /** A reply came, `ms` after its call was sent for the last time. Also for replies that say no. */
  replied(procedure: Procedure<unknown, unknown>, ms: number): void
  sent(procedure: Procedure<unknown, unknown>, again: boolean): void
  /** A call was not answered in time; it is sent again, or fails. */
  timedOut(procedure: Procedure<unknown, unknown>): void
  /** The server said to come again later, and the call waits. */
  postponed(procedure: Procedure<unknown, unknown>, ms: number): void
  /** The link was lost while calls were out; a new one is opened. */
  reconnecting(): void
  received(bytes: number): void
  wrote(bytes: number): void
  /** A reply to no call: late, or sent twice. */
  stray(): void
}

export interface ConnectionOptions {
  readonly openLink: OpenLink
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly program: number
  readonly version: number
  readonly credential: Credential
  /** A call unanswered for this long, while later ones were answered, is sent again; a link silent for this long with calls in flight is reopened. */
  readonly timeoutMs: number
  /** How often a call is sent again before it fails. */
  readonly retries: number
  /** A longer record ends the link. */
  readonly maxRecordBytes: number
  /** How long to wait before a call that failed so is made again, for the `waits`th time; undefined: it failed. */
  readonly postpone: (error: NfsError, waits: number, waitedMs: number, mostMs: number) => number | undefined
  readonly observer: ConnectionObserver
  /** The server is known to be there, from other connections: wait for it even if the first link fails. */
  readonly known: boolean
  /** Host and export, for errors. */
  readonly where: NfsErrorDetails
}

/** Losses of a link that will not be better next time, if the server is not known. */
const hopeless: ReadonlySet<NfsErrorCode> = new Set(['REFUSED', 'UNREACHABLE', 'PROTOCOL', 'PRIVILEGED_PORT'])

const firstReconnectMs = 100
const maxReconnectMs = 5_000
/** A link bears this many replies more than two for each call that went over it: some servers repeat themselves. */
const spareReplies = 1_024
const outBytes = 65_536
/** Buffers that are kept for the next writes. */
const maxSpare = 8
/** Offsets in front of the arguments: the record's mark, the xid, and five words later the procedure. */
const xidAt = 4
const procedureAt = 24

/**
 * Calls to one program of one server, any number at a time, over one link that is opened when there is something to
 * send and opened again when it is lost. `idle -> opening -> open -> idle`, until `closed`, which is final.
 * All calls must be safe to repeat: what is out when a link is lost goes out again over the next.
 */
export class Connection {
  private readonly options: ConnectionOptions
  private readonly calls: XidTable<Call>
  /** Calls that the server postponed: they have no xid, and a timer each. */
  private readonly parked = new Map<Call, () => void>()
  private readonly signals: SignalWatch
  private readonly header: Buffer
  private readonly reader = new XdrReader()
  private readonly spare: Buffer[] = []
  private readonly out = new XdrWriter(Buffer.allocUnsafe(outBytes))
  private state: 'idle' | 'opening' | 'open' | 'closed' = 'idle'
  private link: Link | undefined
  private everOpen = false
  /** The server has answered. */
  private known: boolean
  private lastLoss: NfsError | undefined
  /** Links lost since the last byte came. */
  private losses = 0
  /** Of this link: calls that went over it, and replies that came, those to no call included. */
  private linkCalls = 0
  private linkReplies = 0
  /** When the record began whose end is still to come. */
  private recordSince: number | undefined
  /** Time as of the last thing that happened: asking the clock for every call would cost more than encoding it. */
  private now = 0
  private heardAt = 0
  /** When the latest call was sent that has an answer. */
  private answeredUpTo = 0
  private stopSweep: (() => void) | undefined
  private stopReconnect: (() => void) | undefined

  constructor(options: ConnectionOptions) {
    this.options = options
    this.known = options.known
    this.calls = new XidTable(options.random)
    this.signals = new SignalWatch((signal) => this.abort(signal))
    const w = new XdrWriter()
    w.u32(0)
    encodeCall(w, { ...options, xid: 0, procedure: 0 })
    this.header = Buffer.from(w.written())
  }

  /** Calls without an answer, those that wait to be made again included. */
  get outstanding(): number {
    return this.calls.size + this.parked.size
  }

  /** Rejects with `NfsError`, or with `signal.reason`; then the server may still answer, and the reply is dropped. */
  call<A, R>(procedure: Procedure<A, R>, args: A, signal?: AbortSignal, jukeboxMs?: number): Promise<R> {
    return new Promise((resolve, reject) => this.send(procedure, args, { resolve, reject }, signal, jukeboxMs))
  }

  /** The same without a promise, for callers with thousands in flight; `receiver` may hear of it before this returns. */
  send<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    receiver: Receiver<R>,
    signal?: AbortSignal,
    jukeboxMs?: number,
  ): void {
    if (this.state === 'closed') receiver.reject(this.error('CLOSED', 'the export was closed'))
    else if (signal?.aborted === true) receiver.reject(signal.reason)
    else if (this.outstanding >= maxCalls)
      receiver.reject(this.error('TOO_MANY_CALLS', `more than ${maxCalls} calls are out on one connection`))
    else {
      if (this.out.at === 0) this.now = this.options.clock.now()
      if (signal !== undefined) this.signals.add(signal)
      const anyProcedure = procedure as Procedure<unknown, unknown>
      const call = new Call(anyProcedure, args, receiver as Receiver<unknown>, signal, jukeboxMs)
      call.madeAt = this.now
      call.sentAt = this.now
      this.start(call)
    }
  }

  /** Ends the link; what is out fails with `CLOSED`. */
  close(): void {
    if (this.state === 'closed') return
    this.dropLink('closed')
    this.stopReconnect?.()
    this.stopSweep?.()
    this.failAll(() => this.error('CLOSED', 'the export was closed'))
  }

  private start(call: Call): void {
    call.deadline = this.now + this.options.timeoutMs * (this.options.retries + 1)
    this.calls.add(call)
    this.stopSweep ??= this.sweepLater()
    if (this.state === 'open') this.transmit(call)
    else if (this.state === 'idle' && this.stopReconnect === undefined) this.open()
  }

  private open(): void {
    this.state = 'opening'
    this.linkCalls = 0
    this.linkReplies = 0
    this.recordSince = undefined
    this.heardAt = this.options.clock.now()
    this.link = this.options.openLink({
      opened: () => this.opened(),
      received: this.receiver(),
      lost: (error) => this.lost(error),
    })
  }

  private opened(): void {
    this.state = 'open'
    this.everOpen = true
    this.now = this.options.clock.now()
    this.heardAt = this.now
    for (const call of this.calls.items()) this.transmit(call)
  }

  /** Encodes a call at the end of what goes out after this turn. A call that can't be encoded fails alone. */
  private transmit(call: Call): void {
    const out = this.out
    const start = out.at
    if (start === 0) this.link?.soon(() => this.flush())
    try {
      out.raw(this.header)
      out.patchU32(start + xidAt, call.xid)
      out.patchU32(start + procedureAt, call.procedure.number)
      call.procedure.encode(out, call.args)
    } catch (error) {
      out.at = start
      this.settle(call).reject(error)
      return
    }
    out.patchU32(start, recordMark(out.at - start - 4))
    call.sentAt = this.now
    call.sends++
    this.linkCalls++
    this.options.observer.sent(call.procedure, call.sends > 1)
    if (out.at >= outBytes - 1024) this.flush()
  }

  private flush(): void {
    const link = this.link
    const out = this.out
    if (link === undefined || out.at === 0) return
    const length = out.at
    const buffer = out.swap(this.spare.pop() ?? Buffer.allocUnsafe(outBytes))
    this.options.observer.wrote(length)
    link.write(buffer.subarray(0, length), () => {
      if (this.spare.length < maxSpare) this.spare.push(buffer)
    })
  }

  /** A link's bytes go into a record reader of its own: half a record of the last link must not meet this one's. */
  private receiver(): (bytes: Buffer, length: number) => number {
    const records = new RecordReader(this, this.options.maxRecordBytes)
    return (bytes, length) => {
      this.now = this.options.clock.now()
      this.heardAt = this.now
      this.options.observer.received(length)
      const before = this.linkReplies
      try {
        records.push(bytes, length)
        if (!records.isWithin) this.recordSince = undefined
        else if (this.recordSince === undefined || this.linkReplies > before) this.recordSince = this.now
      } catch (error) {
        this.lost(isNfsError(error) ? error : protocolError('a reply could not be taken apart', error))
      }
      return this.calls.size
    }
  }

  /** For the record reader: how much of a reply that comes in pieces its call wants. */
  keep(xid: number): number {
    const call = this.calls.get(xid)
    if (call === undefined) return 0
    return call.procedure.keep?.(call.args) ?? Number.POSITIVE_INFINITY
  }

  /** For the record reader: a whole reply. */
  record(bytes: Buffer, start: number, kept: number, length: number): void {
    if (++this.linkReplies > 2 * this.linkCalls + spareReplies)
      throw protocolError(`${this.linkReplies} replies came to ${this.linkCalls} calls`)
    const r = this.reader.reset(bytes, start, start + kept, length - kept)
    const call = this.calls.get(r.u32())
    if (call === undefined) {
      this.options.observer.stray()
      return
    }
    this.losses = 0
    this.known = true
    if (call.sentAt > this.answeredUpTo) this.answeredUpTo = call.sentAt
    this.options.observer.replied(call.procedure, this.now - call.sentAt)
    let result: unknown
    try {
      const refusal = decodeReply(r)
      if (refusal !== undefined) throw refusalError(refusal, call.procedure.name, this.options)
      result = call.procedure.decode(r, call.args)
    } catch (error) {
      this.failed(call, error)
      return
    }
    this.settle(call).resolve(result)
  }

  /** A reply that says no: perhaps for now only. One that says nonsense is asked for again, as often as one that is missing. */
  private failed(call: Call, error: unknown): void {
    if (!isNfsError(error)) {
      this.settle(call).reject(error)
      return
    }
    if (error.code === 'PROTOCOL' && call.sends <= this.options.retries && this.state === 'open') {
      this.transmit(call)
      return
    }
    const ms = this.options.postpone(error, call.waits, this.now - call.madeAt, call.jukeboxMs)
    if (ms === undefined) this.settle(call).reject(locateError(error, this.options.where))
    else this.park(call, ms)
  }

  private park(call: Call, ms: number): void {
    call.waits++
    this.calls.remove(call)
    this.options.observer.postponed(call.procedure, ms)
    const wake = (): void => {
      this.parked.delete(call)
      this.now = this.options.clock.now()
      call.sends = 0
      this.start(call)
    }
    this.parked.set(call, this.options.clock.setTimer(ms, wake))
  }

  /** Takes a call out of all tables; the one way for it to end. */
  private settle(call: Call): Receiver<unknown> {
    this.calls.remove(call)
    if (call.waits > 0) this.unpark(call)
    if (call.signal !== undefined) this.signals.remove(call.signal)
    return call.receiver
  }

  private unpark(call: Call): void {
    this.parked.get(call)?.()
    this.parked.delete(call)
  }

  private abort(signal: AbortSignal): void {
    for (const call of this.everyCall()) if (call.signal === signal) this.settle(call).reject(signal.reason)
  }

  private failAll(error: () => NfsError): void {
    for (const call of this.everyCall()) this.settle(call).reject(error())
  }

  private everyCall(): Call[] {
    return [...this.calls.items(), ...this.parked.keys()]
  }

  /** One coarse timer for all calls, running while there are any. */
  private sweepLater(): () => void {
    const ms = Math.min(1_000, Math.max(10, this.options.timeoutMs / 8))
    return this.options.clock.setTimer(ms, () => {
      this.stopSweep = undefined
      this.sweep()
      if (this.calls.size > 0) this.stopSweep = this.sweepLater()
    })
  }

  private sweep(): void {
    const { clock, timeoutMs, retries } = this.options
    this.now = clock.now()
    const latest = this.now - timeoutMs
    const late = this.calls.items().filter((call) => call.sentAt <= latest || call.deadline <= this.now)
    const expired = late.filter((call) => call.deadline <= this.now)
    // Later calls were answered, so this one was passed over; else the link is slow, and more calls would make it slower.
    const passedOver = late.filter((call) => call.deadline > this.now && call.sentAt < this.answeredUpTo)
    for (const call of expired) this.settle(call).reject(this.timeout(call))
    // Nothing at all came: the other side is gone, or a firewall forgot the connection and drops what we send.
    const silent = late.length > 0 && this.heardAt <= latest && this.link !== undefined
    for (const call of silent ? late : [...expired, ...passedOver]) this.options.observer.timedOut(call.procedure)
    // When a reply trickles in for longer than a call may take, its call has ended.
    const trickleMs = this.recordSince === undefined ? 0 : this.now - this.recordSince
    if (silent) this.lost(this.error('TIMEOUT', `nothing was heard for ${timeoutMs} ms`))
    else if (trickleMs > timeoutMs * (retries + 1))
      this.lost(protocolError(`a reply did not end within ${Math.round(trickleMs)} ms`))
    else if (this.state === 'open') for (const call of passedOver) this.transmit(call)
  }

  private timeout(call: Call): NfsError {
    const tries = `${call.procedure.name}: no answer within ${Math.round(this.now - call.madeAt)} ms`
    const lastLoss = this.lastLoss
    if (lastLoss === undefined || this.losses === 0) return this.error('TIMEOUT', `${tries}, sent ${call.sends} times`)
    const code = lastLoss.code === 'PROTOCOL' ? 'PROTOCOL' : 'TIMEOUT'
    return this.error(code, `${tries}, ${lastLoss.message}`, lastLoss)
  }

  private lost(error: NfsError): void {
    this.dropLink('idle')
    this.lastLoss = locateError(error, this.options.where)
    this.losses++
    // A server that is known is worth waiting for; one that is not there, or speaks something else, is an error at once.
    if (!this.known && (!this.everOpen || hopeless.has(error.code))) this.failAll(() => this.lastLoss ?? error)
    if (this.calls.size === 0) return
    this.options.observer.reconnecting()
    const backoff = this.losses === 1 ? 0 : Math.min(maxReconnectMs, firstReconnectMs * 2 ** (this.losses - 2))
    this.stopReconnect = this.options.clock.setTimer(backoff, () => {
      this.stopReconnect = undefined
      if (this.calls.size > 0) this.open()
    })
  }

  private dropLink(state: 'idle' | 'closed'): void {
    this.state = state
    this.link?.destroy()
    this.link = undefined
    this.out.at = 0
  }

  private error(code: NfsErrorCode, message: string, cause?: unknown): NfsError {
    return new NfsError(code, message, { ...this.options.where, cause })
  }
}
