import type { Reporter, TestCase } from 'vitest/node'

/** Ends a run with one line that machines can read, and says each skipped test aloud; under CI a skip is a failure. */
export class CountReporter implements Reporter {
  private readonly skippedNames: string[] = []
  private counts = { passed: 0, failed: 0, skipped: 0 }

  onTestCaseResult(test: TestCase): void {
    const { state } = test.result()
    if (state === 'skipped') this.skippedNames.push(`${test.module.relativeModuleId} > ${test.fullName}`)
    if (state === 'passed' || state === 'failed' || state === 'skipped') this.counts[state] += 1
  }

  onTestRunEnd(_modules: unknown, errors: readonly unknown[]): void {
    for (const name of this.skippedNames) console.log(`SKIPPED ${name}`)
    const { passed, skipped } = this.counts
    let failed = this.counts.failed + errors.length
    if (process.env['CI'] === 'true' && skipped > 0) {
      console.log(`Under CI nothing may be skipped: ${skipped} skipped tests count as failures.`)
      failed += skipped
      process.exitCode = 1
    }
    // What the gate could not look at: seen beside the counts, not pages before.
    if (process.env['COUNT_NOTE']) console.log(process.env['COUNT_NOTE'])
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  }
}
