import { InvalidArgumentError } from '@commander-js/extra-typings'

/** Comma-separated as the original has it (blanks around a value don't count), and the option may be repeated. */
export const csv = (text: string, before: readonly string[] = []): string[] => [
  ...before,
  ...text
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== ''),
]

/** One value each time the option is given: a path may hold commas. */
export const repeated = (text: string, before: readonly string[] = []): string[] => [...before, text]

/** Decimal digits alone: `Number` would take '', '0x10', '1e3' and ' 1 ' as well. */
export function whole(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('Expected a whole number, 0 or more.')
  return value
}

/** A ceiling: a whole number of at least 1. */
export const ceiling = (text: string): number => atLeastOne(text, '1 or more')

/** As `ceiling`, or `none`, which lifts it. */
export const ceilingOrNone = (text: string): number | 'none' =>
  text === 'none' ? text : atLeastOne(text, '1 or more, or none')

function atLeastOne(text: string, expected: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError(`Expected a whole number, ${expected}.`)
  return value
}

/** A whole number between bounds. */
export const wholeFrom =
  (least: number, most: number = Number.POSITIVE_INFINITY) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most) {
      const range = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`
      throw new InvalidArgumentError(`expected a whole number ${range}`)
    }
    return value
  }
