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

/** Ends a run with one line that machines can read, and says each skipped test aloud. */
export class CountReporter implements Reporter {
  readonly #skippedNames: string[] = []
  readonly #counts = { passed: 0, failed: 0, skipped: 0 }

  onTestCaseResult(test: TestCase): void {
    const { state } = test.result()
    if (state === 'skipped') this.#skippedNames.push(`${test.module.relativeModuleId} > ${test.fullName}`)
    if (state === 'passed' || state === 'failed' || state === 'skipped') this.#counts[state] += 1
  }

  onTestRunEnd(_modules: unknown, errors: readonly unknown[]): void {
    for (const name of this.#skippedNames) console.log(`SKIPPED ${name}`)
    this.#counts.failed += errors.length
    const inVain = skippedInVain(this.#skippedNames, process.env).length
    if (inVain > 0) {
      console.log(`Under CI nothing else may be skipped: ${inVain} skipped tests count as failures.`)
      this.#counts.failed += inVain
      process.exitCode = 1
    }
    // Checks that the gate skipped: shown beside the counts, not pages before.
    if (process.env['COUNT_NOTE']) console.log(process.env['COUNT_NOTE'])
    const { passed, failed, skipped } = this.#withRunsBefore()
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  }

  #withRunsBefore(): { passed: number; failed: number; skipped: number } {
    const file = process.env[countsVariable]
    const sums = { ...this.#counts }
    if (file === undefined) return sums
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const before = text === '' ? {} : (JSON.parse(text) as Partial<typeof sums>)
    for (const state of ['passed', 'failed', 'skipped'] as const) sums[state] += before[state] ?? 0
    writeFileSync(file, JSON.stringify(sums))
    return sums
  }
}
