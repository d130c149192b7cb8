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
  /** The body is empty, or holds something else than printable ASCII. */
  | 'BODY_INVALID'
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
  /** This service was closed in this process. */
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
