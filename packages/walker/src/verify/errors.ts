/**
 * `OPTION_INVALID`   an option can't be meant; nothing was contacted
 * `UNREACHABLE`      an address can't be opened
 * `NOTHING_TO_READ`  no file below the paths passes the filter
 */
export type VerifyErrorCode = 'OPTION_INVALID' | 'UNREACHABLE' | 'NOTHING_TO_READ'

export class VerifyError extends Error {
  override readonly name = 'VerifyError'
  readonly code: VerifyErrorCode

  constructor(code: VerifyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Looks at the name, so that two copies of this package still agree. */
export const isVerifyError = (error: unknown): error is VerifyError =>
  error instanceof Error && error.name === 'VerifyError'
