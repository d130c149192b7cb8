/** A mistake of the caller: its message is shown as it is, without a stack trace, and the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something that the program needs is not to be had now: its message is shown as it is, and the exit code is 3. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError'
}

export const isUnavailableError = (error: unknown): error is UnavailableError =>
  error instanceof Error && error.name === 'UnavailableError'

/** Looks at the name, so that two copies of this package still agree. */
export const isUsageError = (error: unknown): error is UsageError =>
  error instanceof Error && error.name === 'UsageError'
