import { defineConfig } from 'vitest/config'
import { CountReporter } from './scripts/count-reporter.ts'

export default defineConfig({
  test: {
    projects: ['packages/*', 'test'],
    reporters: ['default', new CountReporter()],
    // Real servers and child processes start in these tests, two cores wide: a slow start is no failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
