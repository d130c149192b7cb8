import { VmssError } from './errors.ts'

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
