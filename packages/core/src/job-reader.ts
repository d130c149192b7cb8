import { type Problem, problem } from './errors.ts'
import { preview } from './text.ts'

/** Most warnings of one kind that a job brings along. */
const MAX_UNKNOWN_SHOWN = 20

/** Reads the fields of an object that people typed: keys in any case, and `null` for what is absent. */
export interface FieldReader {
  readonly problems: Problem[]
  readonly warnings: string[]
  /** Undefined where it is absent, empty, or a problem. */
  text(key: string): string | undefined
  /** Index and text of what is in a list; nothing where it is absent or a problem. Empty texts are dropped. */
  list(key: string): [at: number, text: string][]
  /** The objects in a list, each with a name for its problems; nothing where it is absent or a problem. */
  objects(key: string): [at: string, fields: Readonly<Record<string, unknown>>][]
  whole(key: string, limits: { min?: number; max?: number }): number | undefined
  /** False where it is absent or a problem. */
  flag(key: string): boolean
  choice<T extends string>(key: string, values: readonly T[]): T | undefined
  /** Says a problem, the first of each field. */
  refuse(key: string, expected: string, value?: unknown): void
  /** Call when all fields were read: what is left over is unknown. */
  finish(unknownKeys: 'warn' | 'refuse'): void
}

export function fieldReader(fields: Readonly<Record<string, unknown>>): FieldReader {
  const problems: Problem[] = []
  const warnings: string[] = []
  const values = new Map<string, { readonly given: string; readonly value: unknown }>()
  for (const [given, value] of Object.entries(fields)) {
    const before = values.get(given.toLowerCase())
    if (before !== undefined)
      warnings.push(`${preview(before.given)} and ${preview(given)} are the same key: the last one counts`)
    values.set(given.toLowerCase(), { given, value })
  }
  const used = new Set<string>()
  const refused = new Set<string>()

  const take = (key: string): unknown => {
    used.add(key.toLowerCase())
    return values.get(key.toLowerCase())?.value ?? undefined
  }
  const refuse = (key: string, expected: string, value: unknown = take(key)): void => {
    if (!refused.has(key)) problems.push(problem(key, value, expected))
    refused.add(key)
  }

  return {
    problems,
    warnings,
    refuse,
    text(key) {
      const value = take(key)
      if (typeof value === 'string') return value === '' ? undefined : value
      if (value !== undefined) refuse(key, 'a text')
      return undefined
    },
    list(key) {
      const value = take(key)
      if (value === undefined) return []
      if (!Array.isArray(value)) {
        refuse(key, 'a list of texts')
        return []
      }
      const texts: [number, string][] = []
      for (const [at, entry] of value.entries()) {
        if (typeof entry !== 'string') refuse(`${key}[${at}]`, 'a text', entry)
        else if (entry !== '') texts.push([at, entry])
      }
      if (value.includes('')) warnings.push(`${key}: empty entries are ignored`)
      return texts
    },
    objects(key) {
      const value = take(key)
      if (value === undefined) return []
      if (!Array.isArray(value)) {
        refuse(key, 'a list of objects')
        return []
      }
      const found: [string, Readonly<Record<string, unknown>>][] = []
      for (const [at, entry] of value.entries()) {
        const name = `${key}[${at}]`
        if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) found.push([name, entry])
        else refuse(name, 'an object', entry)
      }
      return found
    },
    whole(key, { min = 0, max = Number.MAX_SAFE_INTEGER }) {
      const value = take(key)
      if (value === undefined) return undefined
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value
      refuse(
        key,
        max === Number.MAX_SAFE_INTEGER ? `a whole number, ${min} or more` : `a whole number from ${min} to ${max}`,
      )
      return undefined
    },
    flag(key) {
      const value = take(key) ?? false
      if (typeof value !== 'boolean') refuse(key, 'true or false')
      return value === true
    },
    choice(key, choices) {
      const value = take(key)
      if (value === undefined) return undefined
      const found = typeof value === 'string' ? choices.find((known) => known === value.toLowerCase()) : undefined
      if (found === undefined) refuse(key, choices.map((known) => `"${known}"`).join(' or '))
      return found
    },
    finish(unknownKeys) {
      const unknown = [...values].filter(([key]) => !used.has(key)).map(([, { given, value }]) => ({ given, value }))
      if (unknownKeys === 'refuse') {
        problems.push(...unknown.map(({ given, value }) => problem(given, value, 'no such key')))
        return
      }
      warnings.push(
        ...unknown.slice(0, MAX_UNKNOWN_SHOWN).map(({ given }) => `unknown key ${preview(given)} is ignored`),
      )
      const more = unknown.length - MAX_UNKNOWN_SHOWN
      if (more > 0) warnings.push(`${more} more unknown keys are ignored`)
    },
  }
}
