/*
 * The port between the CacheWarmer and whatever keeps its messages.
 *
 * service   an account (Azure), a file (SQLite) or a process (memory) that holds queues
 * queue     a named list of messages; delivery is at least once and in no promised order
 * message   a body of printable ASCII, and a count of its deliveries
 * lease     the right to work on a message for a while: renewed, lost, completed or given back
 * depth     how many messages a queue holds, leased ones included; late, and never proof of anything
 */

/** What a driver can do. Sizes in bytes, times in milliseconds. */
export interface QueueLimits {
  readonly maxBodyBytes: number
  readonly maxReceive: number
  readonly maxPeek: number
  readonly maxLeaseMs: number
}

export interface CallOptions {
  /** Ends the wait with `signal.reason`. A call already on its way may still take effect. */
  readonly signal?: AbortSignal | undefined
}

/** Opens, makes and removes queues. Every method may be called at any time, many at once. */
export interface QueueService {
  readonly limits: QueueLimits
  /** How often an idle reader should look: from `minMs` after work was seen, slowly up to `maxMs`. */
  readonly polling: Readonly<{ minMs: number; maxMs: number }>
  /** A handle; nothing is contacted. Throws `NAME_INVALID` for a name that Azure Storage would refuse. */
  queue(name: string): Queue
  create(name: string, options?: CallOptions): Promise<'created' | 'existed'>
  /** Messages in it are gone. A name may stay unusable for a while afterwards (Azure: 30 s and more). */
  delete(name: string, options?: CallOptions): Promise<'deleted' | 'absent'>
  /** Names of all queues that begin with `prefix`, sorted. */
  list(prefix: string, options?: CallOptions): Promise<readonly string[]>
  close(): Promise<void>
}

export interface SendOptions extends CallOptions {
  /** How long the message stays hidden. Default 0. */
  readonly delayMs?: number | undefined
  /** When the message may be forgotten. Default: never. */
  readonly ttlMs?: number | undefined
}

export interface ReceiveOptions extends CallOptions {
  readonly max: number
  readonly leaseMs: number
}

/** Every method throws `QUEUE_NOT_FOUND` where the queue is not there: sending never makes one. */
export interface Queue {
  readonly name: string
  /** Throws `BODY_TOO_LARGE` or `BODY_INVALID` before anything is contacted. */
  send(body: string, options?: SendOptions): Promise<SentMessage>
  /** At once, with an empty list where nothing is visible. */
  receive(options: ReceiveOptions): Promise<readonly Lease[]>
  /** Looks at visible messages without taking them. */
  peek(options: CallOptions & { readonly max: number }): Promise<readonly PeekedMessage[]>
  approximateDepth(options?: CallOptions): Promise<number>
}

export interface PeekedMessage {
  readonly id: string
  readonly body: string
  readonly deliveries: number
  /** Milliseconds since 1970, by the service's clock. */
  readonly insertedAtMs: number
}

/** A message that can be changed by whoever holds this handle, until somebody else receives it. */
export interface SentMessage {
  readonly id: string
  /**
   * Replaces the body and hides the message for `leaseMs` from now. With 0 everybody sees it at once, and this handle
   * still works until another reader takes the message. Throws `LEASE_LOST` after that, or when it is gone.
   */
  update(body: string, options: CallOptions & { readonly leaseMs: number }): Promise<void>
}

/** Receipts rotate inside; after `complete` or `giveBack` every method throws `LEASE_LOST`. */
export interface Lease extends SentMessage, PeekedMessage {
  renew(leaseMs: number, options?: CallOptions): Promise<void>
  /** The work is done: the message is removed. Throws `LEASE_LOST` if another reader has it by now. */
  complete(options?: CallOptions): Promise<void>
  /** The work is not done: the message is visible again after `delayMs` (default 0). */
  giveBack(delayMs?: number, options?: CallOptions): Promise<void>
}
