export type QueueErrorCode =
  /** Another reader has the message, or it was completed. */
  | 'LEASE_LOST'
  | 'QUEUE_NOT_FOUND'
  /** A queue of this name is still being deleted (Azure: 409 QueueBeingDeleted). */
  | 'QUEUE_BEING_DELETED'
  | 'NAME_INVALID'
  | 'BODY_TOO_LARGE'
  /** The body holds something else than printable ASCII. */
  | 'BODY_INVALID'
  | 'OPTION_INVALID'
  /** Credentials are missing, wrong or lack a role. */
  | 'DENIED'
  | 'THROTTLED'
  | 'UNAVAILABLE'
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

/** Looks at the name, so that two copies of this package still agree. */
export const isQueueError = (error: unknown): error is QueueError =>
  error instanceof Error && error.name === 'QueueError'
