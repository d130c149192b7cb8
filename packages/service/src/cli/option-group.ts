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

/** Parses a whole number between bounds. */
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
