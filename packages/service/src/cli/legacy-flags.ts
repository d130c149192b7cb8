import { UsageError } from './errors.ts'

/** From the original's name (no dash) to today's long option; `null` for one that is accepted and ignored. */
export type LegacyFlags = Readonly<Record<string, string | null>>

/**
 * Lets the original's command lines go on: Go's flag package takes `-name value`, `-name=value` and `--name value`.
 * Each known camel-case name becomes the option it is called today, everything else passes untouched, and so does all
 * that follows `--`. Throws `UsageError` for a flag without its value and for a switch that is neither true nor false.
 */
export function translateLegacyFlags(argv: readonly string[], table: LegacyFlags): string[] {
  const translated: string[] = []
  const rest = [...argv]
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === '--') return [...translated, argument, ...rest]
    const [, name = '', attached] = /^--?([A-Za-z][A-Za-z0-9]*)(?:=(.*))?$/s.exec(argument) ?? []
    const option = Object.hasOwn(table, name) ? table[name] : undefined
    if (option === undefined) {
      translated.push(argument)
      continue
    }
    const isSwitch = legacySwitches.has(name)
    const value = attached ?? (isSwitch ? 'true' : rest.shift())
    if (value === undefined) throw new UsageError(`-${name}: expected a value after it`)
    // One argument, so that a value that begins with a dash can't be taken for an option.
    const current = isSwitch ? option : `${option}=${value}`
    if (option !== null && current !== null && (!isSwitch || parseBool(name, value))) translated.push(current)
  }
  return translated
}

/** The original's flags that take no value unless written `-flag=value`. */
const legacySwitches: ReadonlySet<string> = new Set(['enableDebugging', 'blockUntilWarm'])

/** The spellings of Go's strconv.ParseBool. */
function parseBool(name: string, value: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false
  throw new UsageError(`-${name}: expected true or false, got ${JSON.stringify(value)}`)
}
