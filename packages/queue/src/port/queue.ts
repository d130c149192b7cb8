/*
 * The port between CacheWarmer and the store of its messages.
 *
 * service   an account (Azure), a file (SQLite) or a process (memory) that holds queues
 * queue     a named list of messages; delivery is at least once and in no promised order
 * message   a body of printable ASCII, and a count of its deliveries
 * lease     the right to work on a message for a while: renewed, lost, completed or given back
 * depth     how many messages a queue holds, leased ones included; late, and never proof of anything
 */

/** What a driver can do: what Azure Storage Queues can do, for every driver, so that a message fits wherever it is moved. */
export interface QueueLimits {
  /** 65,536. As bodies are ASCII, the length of the string is its size. */
  readonly maxBodyBytes: number
  /** 32 messages a call. */
  readonly maxReceive: number
  /** 32 messages a call. */
  readonly maxPeek: number
  /** Seven days, also for delays. */
  readonly maxLeaseMs: number
}

export interface CallOptions {
  /** Ends the wait with `signal.reason`. A call already on its way may still take effect. */
  readonly signal?: AbortSignal | undefined
}

/** Opens, makes and removes queues. Every method may be called at any time, many at once. */
export interface QueueService extends AsyncDisposable {
  readonly limits: QueueLimits
  /** How often an idle reader should look: from `minMs` after work was seen, slowly up to `maxMs`. */
  readonly polling: Readonly<{ minMs: number; maxMs: number }>
  /** A handle; nothing is contacted. Throws `NAME_INVALID` for a name that Azure Storage would refuse. */
  queue(name: string): Queue
  /** Throws `QUEUE_BEING_DELETED` for as long as that takes. */
  create(name: string, options?: CallOptions): Promise<'created' | 'existed'>
  /** Messages in it are gone. A name may stay unusable for a while afterwards (Azure: 30 s and more). */
  delete(name: string, options?: CallOptions): Promise<'deleted' | 'absent'>
  /** Names of all queues that begin with `prefix`, sorted. */
  list(prefix: string, options?: CallOptions): Promise<readonly string[]>
  /** Ends the service: every call made after it throws `CLOSED`. May be called again. `await using` calls it. */
  close(): Promise<void>
}

export interface SendOptions extends CallOptions {
  /** How long the message stays hidden, up to `maxLeaseMs`. Default 0. */
  readonly delayMs?: number | undefined
  /** After which time the message is forgotten, leased or not; more than `delayMs`. Default: never. */
  readonly ttlMs?: number | undefined
}

export interface ReceiveOptions extends CallOptions {
  /** 1 to `maxReceive`. */
  readonly max: number
  /** How long the messages are hidden from others, 1 to `maxLeaseMs`. Azure rounds up to whole seconds. */
  readonly leaseMs: number
}

/**
 * Every method throws `QUEUE_NOT_FOUND` where the queue is not there (sending never makes one), and `OPTION_INVALID`,
 * before anything is contacted, for a number out of bounds.
 */
export interface Queue {
  readonly name: string
  /** That of its service. */
  readonly polling: Readonly<{ minMs: number; maxMs: number }>
  /** Throws `BODY_TOO_LARGE`, or `BODY_INVALID` (empty, or not printable ASCII), before anything is contacted. */
  send(body: string, options?: SendOptions): Promise<SentMessage>
  /** At once, with an empty list where nothing is visible. */
  receive(options: ReceiveOptions): Promise<readonly Lease[]>
  /** Looks at visible messages without taking them. */
  peek(options: CallOptions & { readonly max: number }): Promise<readonly PeekedMessage[]>
  approximateDepth(options?: CallOptions): Promise<number>
}

export interface PeekedMessage {
  /** Unique within its queue, for good. */
  readonly id: string
  readonly body: string
  /** How often it was received so far; in a lease, this time included. */
  readonly deliveries: number
  /** Milliseconds since 1970, by the service's clock. */
  readonly insertedAtMs: number
}

/** A message that the holder of this handle can change, until a reader receives it. */
export interface SentMessage {
  readonly id: string
  /**
   * Replaces the body and hides the message for `leaseMs` from now. With 0 everybody sees it at once, and this handle
   * still works until another reader takes the message. Throws `LEASE_LOST` after that, or when it is gone.
   */
  update(body: string, options: CallOptions & { readonly leaseMs: number }): Promise<void>
}

/**
 * Receipts rotate inside, so calls on one lease take turns, in the order in which they were made. A lease that has run
 * out still works until another reader takes the message. After `complete` or `giveBack` every method throws `LEASE_LOST`.
 */
export interface Lease extends SentMessage, PeekedMessage {
  /** The lease ends `leaseMs` from now, be that later or sooner than before. */
  renew(leaseMs: number, options?: CallOptions): Promise<void>
  /** The work is done: the message is removed. Throws `LEASE_LOST` if another reader has it by now. */
  complete(options?: CallOptions): Promise<void>
  /** The work is not done: the message is visible again after `delayMs` (default 0). */
  giveBack(delayMs?: number, options?: CallOptions): Promise<void>
}

/** The limits of Azure Storage Queues, which every driver keeps, so that a message fits wherever it is moved. */
export const queueLimits: QueueLimits = {
  maxBodyBytes: 65_536,
  maxReceive: 32,
  maxPeek: 32,
  maxLeaseMs: 7 * 24 * 3_600_000,
}

/** Uniform in [0, 1). */
export type Random = () => number

export type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void

/** Four methods and `child`; silent unless given. */
export interface Logger {
  debug: Log
  info: Log
  warn: Log
  error: Log
  child(fields: Readonly<Record<string, unknown>>): Logger
}

/** The logger of code without a given logger. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
