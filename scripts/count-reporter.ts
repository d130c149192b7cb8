import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Reporter, TestCase } from 'vitest/node'

/** Parts of the names of tests that may be skipped under CI, separated by `|`: what needs a machine that is not there. */
export const maySkipVariable = 'CACHEWARMER_MAY_SKIP'
/** A file with the counts of the runs before; the closing line adds to them, so that it is over all of them. */
export const countsVariable = 'CACHEWARMER_COUNTS'

/** Skipped tests that count as failures: none by itself, under CI all but those that are allowed by name. */
export function skippedInVain(
  names: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  if (environment['CI'] !== 'true') return []
  const allowed = (environment[maySkipVariable] ?? '').split('|').filter((part) => part !== '')
  return names.filter((name) => !allowed.some((part) => name.includes(part)))
}

interface Counts {
  passed: number
  failed: number
  skipped: number
  /** A line for each failure: its test and the first line of its error. */
  failures: string[]
}

const firstLine = (error: { readonly message: string } | undefined): string =>
  (error?.message ?? '').split('\n', 1)[0] ?? ''

/**
 * Ends a run with one line that machines can read, and says each skipped test aloud. The failures stand before that line once
 * more, those of earlier runs too: whoever has the end of a long output only can tell what failed.
 */
export class CountReporter implements Reporter {
  readonly #skippedNames: string[] = []
  readonly #counts: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] }

  onTestCaseResult(test: TestCase): void {
    const { state, errors } = test.result()
    const name = `${test.module.relativeModuleId} > ${test.fullName}`
    if (state === 'skipped') this.#skippedNames.push(name)
    if (state === 'failed') this.#counts.failures.push(`FAILED ${name}: ${firstLine(errors?.[0])}`)
    if (state === 'passed' || state === 'failed' || state === 'skipped') this.#counts[state] += 1
  }

  onTestRunEnd(_modules: unknown, errors: readonly { readonly message: string }[]): void {
    for (const name of this.#skippedNames) console.log(`SKIPPED ${name}`)
    this.#counts.failed += errors.length
    for (const error of errors) this.#counts.failures.push(`FAILED outside of a test: ${firstLine(error)}`)
    const inVain = skippedInVain(this.#skippedNames, process.env).length
    if (inVain > 0) {
      console.log(`Under CI nothing else may be skipped: ${inVain} skipped tests count as failures.`)
      this.#counts.failed += inVain
      this.#counts.failures.push(`FAILED ${inVain} tests were skipped`)
      process.exitCode = 1
    }
    // Checks that the gate skipped: shown beside the counts, not pages before.
    if (process.env['COUNT_NOTE']) console.log(process.env['COUNT_NOTE'])
    const { passed, failed, skipped, failures } = this.#withRunsBefore()
    for (const line of failures) console.log(line)
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  }

  #withRunsBefore(): Counts {
    const file = process.env[countsVariable]
    const sums = { ...this.#counts }
    if (file === undefined) return sums
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const before = text === '' ? {} : (JSON.parse(text) as Partial<Counts>)
    for (const state of ['passed', 'failed', 'skipped'] as const) sums[state] += before[state] ?? 0
    sums.failures = [...(before.failures ?? []), ...sums.failures]
    writeFileSync(file, JSON.stringify(sums))
    return sums
  }
}
