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
  /** A scale set of this name has another owner, so it is left alone. */
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

const show = (value: unknown): string => {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text
}

/** `OPTION_INVALID` that names the option, the value and what was expected. */
export const optionInvalid = (option: string, value: unknown, expected: string): VmssError =>
  new VmssError('OPTION_INVALID', option, `must be ${expected}, got ${show(value)}`)

/** The same for a value that must not be shown. */
export const secretInvalid = (option: string, expected: string): VmssError =>
  new VmssError('OPTION_INVALID', option, `must be ${expected} (its value is not shown)`)

export function checkText(option: string, value: string, pattern: RegExp, expected: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value
  throw optionInvalid(option, value, expected)
}

export function checkWhole(option: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw optionInvalid(option, value, `a whole number between ${least} and ${most}`)
}

const resourceIdPattern =
  /^\/subscriptions\/[^/\s]+\/resourceGroups\/[^/\s]+\/providers\/([^/\s]+\/[^/\s]+)(?:\/[^/\s]+)*$/i

/** A resource id of Azure, such as `/subscriptions/…/resourceGroups/…/providers/Microsoft.Network/virtualNetworks/v/subnets/s`. */
export function checkResourceId(option: string, value: string, type: RegExp, expected: string): string {
  if (typeof value === 'string' && resourceIdPattern.test(value) && type.test(value)) return value
  throw optionInvalid(option, value, `the resource id of ${expected}`)
}
