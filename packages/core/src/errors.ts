import { preview } from './wire/text.ts'

export type CoreErrorCode =
  | 'JOB_INVALID'
  | 'ITEM_INVALID'
  | 'RESULT_INVALID'
  | 'STATUS_INVALID'
  | 'CONTROL_INVALID'
  | 'LIST_INVALID'
  /** The message is of a version that this package can't read. Give it back: a newer reader may. */
  | 'VERSION_UNKNOWN'
  | 'TOO_LARGE'
  | 'PATTERN_INVALID'
  | 'OPTION_INVALID'

/** One thing that is wrong: where, what was there (shortened, printable ASCII), and what belongs there. */
export interface Problem {
  readonly field: string
  readonly value: string
  readonly expected: string
}

const maxProblemsShown = 10

/** The one error of this package. Branch on `code`; `problems` holds all that was found wrong, the message the first ten. */
export class CoreError extends Error {
  override readonly name = 'CoreError'
  readonly code: CoreErrorCode
  readonly problems: readonly Problem[]

  constructor(code: CoreErrorCode, problems: readonly Problem[], options?: ErrorOptions) {
    super(describeProblems(problems), options)
    this.code = code
    this.problems = problems
  }
}

/** Looks at the name, so that two copies of this package still agree. */
export const isCoreError = (error: unknown): error is CoreError => error instanceof Error && error.name === 'CoreError'

/** A problem whose value is made printable and short. */
export const problem = (field: string, value: unknown, expected: string): Problem => ({
  field: preview(field, { quote: false }),
  value: preview(value),
  expected,
})

function describeProblems(problems: readonly Problem[]): string {
  const shown = problems.slice(0, maxProblemsShown)
  const lines = shown.map(({ field, value, expected }) => `${field}: expected ${expected}, got ${value}`)
  if (problems.length > shown.length) lines.push(`and ${problems.length - shown.length} more`)
  return lines.join('; ')
}
