export type QueueErrorCode =
  /** Another reader has the message, it was completed or given back through this lease before, or it is gone. */
  | 'LEASE_LOST'
  /** The queue is not there: never made, or deleted by now. */
  | 'QUEUE_NOT_FOUND'
  /** A queue of this name is still being deleted (Azure: 409 QueueBeingDeleted). */
  | 'QUEUE_BEING_DELETED'
  /** Not 3 to 63 lowercase letters, digits and single dashes. */
  | 'NAME_INVALID'
  | 'BODY_TOO_LARGE'
  /** The body is empty, holds something else than printable ASCII, or is not what the codec writes. */
  | 'BODY_INVALID'
  /** No handler completed the message in `maxDeliveries` deliveries: why it is among the dead letters. */
  | 'TOO_MANY_DELIVERIES'
  /** An option is out of bounds or contradicts another one; the message names it. */
  | 'OPTION_INVALID'
  /** Credentials are missing, wrong or lack a role; or a file may not be opened. */
  | 'DENIED'
  /** The file of the queues was removed, replaced or damaged while it was open: nothing that is written reaches others. */
  | 'FILE_LOST'
  /** The service asks for a rest: nothing has happened. */
  | 'THROTTLED'
  /** No answer, or a failure of the service: the call may have had its effect all the same. */
  | 'UNAVAILABLE'
  /** This service was closed in this process, or the reader was stopped. */
  | 'CLOSED'

/** The one error of this package. Branch on `code`; `queue` names the queue or service it happened on. */
export class QueueError extends Error {
  override readonly name = 'QueueError'
  readonly code: QueueErrorCode
  readonly queue: string

  constructor(code: QueueErrorCode, queue: string, message: string, options?: ErrorOptions) {
    super(`${queue}: ${message}`, options)
    this.code = code
    this.queue = queue
  }
}

/**
 * Whether it is an error of this package, and, where a code is given, of this code. Looks at the name, so that two copies of
 * this package still agree.
 */
export const isQueueError = (error: unknown, code?: QueueErrorCode): error is QueueError =>
  error instanceof Error && error.name === 'QueueError' && (code === undefined || (error as QueueError).code === code)

/** The result of a call on a queue, or `value` where there is no such queue (`QUEUE_NOT_FOUND`). */
export async function orIfAbsent<T, V>(call: Promise<T>, value: V): Promise<T | V> {
  try {
    return await call
  } catch (error) {
    if (isQueueError(error, 'QUEUE_NOT_FOUND')) return value
    throw error
  }
}
