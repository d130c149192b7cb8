export type VmssErrorCode =
  /** A role is missing, or there is no credential at all. The message names the action and the scope. */
  | 'FORBIDDEN'
  /** The terms of a marketplace image were not accepted. The message holds the command that accepts them. */
  | 'TERMS_NOT_ACCEPTED'
  /** Azure has no machines of this size and priority here, now. */
  | 'NO_CAPACITY'
  /** The subscription's quota is used up. */
  | 'QUOTA'
  | 'NOT_FOUND'
  /** Something else changes the scale set, or it was there before us. Looking again tells what to do. */
  | 'CONFLICT'
  | 'THROTTLED'
  /** The network, or Azure itself, failed. Trying again may help. */
  | 'UNAVAILABLE'
  /** A setting that we or Azure refuse. Trying again does not help. */
  | 'OPTION_INVALID'
  /** A scale set of this name belongs to somebody else, so it is left alone. */
  | 'NOT_OURS'
  /** Azure says no, and nothing above fits. */
  | 'FAILED'

export interface VmssErrorOptions extends ErrorOptions {
  /** Azure's wish, from `Retry-After`. */
  readonly retryAfterMs?: number | undefined
  /** The code that Azure gave, such as `AllocationFailed`. */
  readonly azureCode?: string | undefined
}

/** The one error of this package. Branch on `code`; `target` names the scale set, machine or option it is about. */
export class VmssError extends Error {
  override readonly name = 'VmssError'
  readonly code: VmssErrorCode
  readonly target: string
  readonly retryAfterMs: number | undefined
  readonly azureCode: string | undefined

  constructor(code: VmssErrorCode, target: string, message: string, options: VmssErrorOptions = {}) {
    super(`${target}: ${message}`, options)
    this.code = code
    this.target = target
    this.retryAfterMs = options.retryAfterMs
    this.azureCode = options.azureCode
  }
}

/** Looks at the name, so that two copies of this package still agree. */
export const isVmssError = (error: unknown): error is VmssError => error instanceof Error && error.name === 'VmssError'
