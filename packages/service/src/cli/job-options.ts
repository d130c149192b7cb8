import { jobOptions as fieldOptions, type JobCommand, type JobOption } from '@cachewarmer/core'
import { type Command, Option, type OptionValues } from '@commander-js/extra-typings'
import { wholeFrom } from './option-group.ts'

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

/** A ceiling, or `none`, which lifts it. */
export const ceilingOrNone = (text: string): number | 'none' =>
  text === 'none' ? text : wholeFrom(1, undefined, ', or none')(text)

const parsers = { csv, repeated, whole: wholeFrom(0), ceiling: wholeFrom(1) }

function optionOf({ flags, help, takes }: JobOption): Option {
  const option = new Option(flags, help)
  // A switch is there or not, also one that begins with "no": as a negation it would always have a value.
  option.negate = false
  return takes === 'switch' || takes === 'text' ? option : option.argParser(parsers[takes] as (text: string) => unknown)
}

/** Where more of a job is read from. */
const sources = [
  new Option('--job <file>', 'take the job from a JSON file, "-" for standard input; options replace its fields'),
  new Option(
    '--files-from <file>',
    'warm the paths in this file first, one a line, "-" for standard input; one that ends with "/" with all below it. Without --path nothing else is warmed',
  ),
  new Option('--null', 'the paths of --files-from end with NUL, as find -print0 writes them'),
  new Option(
    '--rules <file>',
    'leave out what a rule file says, in the syntax of .gitignore, from the root of the export',
  ),
  new Option(
    '--manifest <file>',
    'take files, directories, rules and settings from a priming manifest of Azure HPC Cache; options replace its settings',
  ),
]

/** The settings that code reads by name. */
export type JobSources = {
  job?: string | undefined
  filesFrom?: string | undefined
  null?: true | undefined
  rules?: string | undefined
  manifest?: string | undefined
}

/** The options of a job by the names that commander gives them: those of its fields (`jobOptions` of core), and where more is read from. */
export type JobSettings = JobSources & {
  readonly export?: string | undefined
  readonly path?: string[] | undefined
  readonly [option: string]: unknown
}

/**
 * Adds the options that describe a job: those of all fields, or of the fields that a command has which submits none, then all
 * sources but those left out.
 */
export function withJobOptions<Args extends unknown[], Opts extends OptionValues, Global extends OptionValues>(
  command: Command<Args, Opts, Global>,
  { of, without = [] }: { readonly of?: JobCommand; readonly without?: readonly string[] } = {},
): Command<Args, Opts & JobSources, Global> {
  for (const option of fieldOptions) {
    if (of === undefined || option.also.includes(of)) command.addOption(optionOf(option))
  }
  for (const option of sources) if (!without.includes(option.attributeName())) command.addOption(option)
  return command as unknown as Command<Args, Opts & JobSources, Global>
}
