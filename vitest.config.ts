import { defineConfig } from 'vitest/config'
import { CountReporter } from './scripts/count-reporter.ts'

export default defineConfig({
  test: {
    projects: ['packages/*', 'packaging', 'test'],
    reporters: ['default', new CountReporter()],
  },
})
