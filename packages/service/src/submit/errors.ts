export type SubmitErrorCode =
  /** No run and no waiting job goes by this name. */
  | 'JOB_UNKNOWN'
  /** Several jobs that have not ended go by this label. */
  | 'JOB_AMBIGUOUS'
  /** The run has ended already: there is nothing to cancel, pause or resume. */
  | 'JOB_ENDED'
  /** The job still waits in the queue, where it can be cancelled, but not paused. */
  | 'JOB_WAITING'
  /** The run has not ended, which the request needs. */
  | 'JOB_RUNNING'
  /** The manager refused the job, so there is nothing of it to try again. */
  | 'JOB_REFUSED'
  /** A job that was watched has left the queue, and no run reports on it. */
  | 'JOB_GONE'
  /** A manager was asked, and none answers, or the one that does does not know. */
  | 'NO_ANSWER'

/** The one error of this package. Branch on `code`; `target` is what was asked for. */
export class SubmitError extends Error {
  override readonly name = 'SubmitError'
  readonly code: SubmitErrorCode
  readonly target: string

  constructor(code: SubmitErrorCode, target: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.target = target
  }
}

/** Looks at the name, so that two copies of this package still agree. */
export const isSubmitError = (error: unknown): error is SubmitError =>
  error instanceof Error && error.name === 'SubmitError'
