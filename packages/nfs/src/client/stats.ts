import type { Procedure } from '../rpc/call.ts'
import type { ConnectionObserver } from '../rpc/connection.ts'

/** Events for a concurrency controller or a log. Called from innermost loops: be quick. Errors that it throws are dropped. */
export interface NfsObserver {
  /** A reply came `ms` after its call was sent for the last time; also one that says no. */
  latency?(ms: number, procedure: string): void
  /** The server is busy (NFS3ERR_JUKEBOX): the call is made again after `waitMs`. Time to send less. */
  jukebox?(procedure: string, waitMs: number): void
  /** A call was not answered in time; it is sent again, or fails. */
  timeout?(procedure: string): void
  /** A connection was lost with calls on it, and is opened anew. */
  reconnect?(): void
}

/** Of one procedure. */
export interface ProcedureStats {
  /** Calls sent, repetitions included: what a server counts. */
  readonly calls: number
  /** Of those, how many were repetitions. */
  readonly retransmissions: number
  readonly replies: number
  /** Sum over all replies, from the last sending of a call to its reply; divide by `replies` for the mean. */
  readonly latencyMs: number
  readonly maxLatencyMs: number
}

/** Counts since the export was mounted. A picture of one moment: it does not change any more. */
export interface NfsStats {
  /** By the procedure's name, as in RFC 1813; those never called are missing. */
  readonly procedures: Readonly<Record<string, ProcedureStats>>
  readonly calls: number
  readonly retransmissions: number
  /** Calls not answered in time, each time that happened. */
  readonly timeouts: number
  /** Connections that were lost with calls on them. */
  readonly reconnects: number
  /** Calls that the server postponed with NFS3ERR_JUKEBOX, each time. */
  readonly jukeboxes: number
  /** Replies to calls that had ended. */
  readonly strays: number
  /** Through the sockets, all headers of RPC included. */
  readonly bytesIn: number
  readonly bytesOut: number
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Counts the events of an export's connections, and passes them on. */
export class StatsCollector implements ConnectionObserver {
  private readonly procedures: (Mutable<ProcedureStats> & { readonly name: string })[] = []
  private readonly observer: NfsObserver
  private readonly totals = { timeouts: 0, reconnects: 0, jukeboxes: 0, strays: 0, bytesIn: 0, bytesOut: 0 }

  constructor(observer: NfsObserver = {}) {
    this.observer = observer
  }

  snapshot(): NfsStats {
    const used = Object.values(this.procedures)
    return {
      procedures: Object.fromEntries(used.map(({ name, ...counts }) => [name, counts])),
      calls: used.reduce((sum, { calls }) => sum + calls, 0),
      retransmissions: used.reduce((sum, { retransmissions }) => sum + retransmissions, 0),
      ...this.totals,
    }
  }

  sent(procedure: Procedure<unknown, unknown>, again: boolean): void {
    const stats = this.of(procedure)
    stats.calls++
    if (again) stats.retransmissions++
  }

  replied(procedure: Procedure<unknown, unknown>, ms: number): void {
    const stats = this.of(procedure)
    stats.replies++
    stats.latencyMs += ms
    if (ms > stats.maxLatencyMs) stats.maxLatencyMs = ms
    try {
      this.observer.latency?.(ms, procedure.name)
    } catch {} // A listener can't break the work.
  }

  timedOut(procedure: Procedure<unknown, unknown>): void {
    this.totals.timeouts++
    try {
      this.observer.timeout?.(procedure.name)
    } catch {} // A listener can't break the work.
  }

  postponed(procedure: Procedure<unknown, unknown>, ms: number): void {
    this.totals.jukeboxes++
    try {
      this.observer.jukebox?.(procedure.name, ms)
    } catch {} // A listener can't break the work.
  }

  reconnecting(): void {
    this.totals.reconnects++
    try {
      this.observer.reconnect?.()
    } catch {} // A listener can't break the work.
  }

  received(bytes: number): void {
    this.totals.bytesIn += bytes
  }

  wrote(bytes: number): void {
    this.totals.bytesOut += bytes
  }

  stray(): void {
    this.totals.strays++
  }

  /** By number rather than by name: this runs twice for every call. */
  private of({ number, name }: Procedure<unknown, unknown>): Mutable<ProcedureStats> {
    const known = this.procedures[number]
    if (known !== undefined) return known
    const fresh = { name, calls: 0, retransmissions: 0, replies: 0, latencyMs: 0, maxLatencyMs: 0 }
    this.procedures[number] = fresh
    return fresh
  }
}
