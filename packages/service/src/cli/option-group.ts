import { type Command, InvalidArgumentError, type Option } from '@commander-js/extra-typings'

/** The options that one part of a program reads, in the order of the help. */
export type OptionGroup = Readonly<Record<string, Option>>

export function addOptions(command: Command, group: OptionGroup): Command {
  for (const option of Object.values(group)) command.addOption(option)
  return command
}

/** What was given for a group: settings of its reader alone. `Settings` names what the group's options give. */
export function readOptions<Settings extends object>(
  given: Readonly<Record<string, unknown>>,
  group: OptionGroup,
): Settings {
  const names = Object.values(group).map((option) => option.attributeName())
  return Object.fromEntries(names.flatMap((name) => (name in given ? [[name, given[name]]] : []))) as Settings
}

/**
 * Parses a whole number between bounds. Decimal digits alone: `Number` would take '', '0x10', '1e3' and ' 1 ' as well.
 * `otherwise` is said after the bounds, for an option that takes a word, too.
 */
export const wholeFrom =
  (least: number, most: number = Number.MAX_SAFE_INTEGER, otherwise: string = '') =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
    throw new InvalidArgumentError(`Expected a whole number ${range}${otherwise}.`)
  }
