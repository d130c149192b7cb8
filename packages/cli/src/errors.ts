/** A mistake of the caller: its message is shown as it is, without a stack trace, and the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Looks at the name, so that two copies of this package still agree. */
export const isUsageError = (error: unknown): error is UsageError =>
  error instanceof Error && error.name === 'UsageError'
