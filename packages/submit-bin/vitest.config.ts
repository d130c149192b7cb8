import { defineConfig } from 'vitest/config'

// Child processes start in these tests: a slow start on a busy machine is no failure.
export default defineConfig({ test: { isolate: false, include: ['src/**/*.test.ts'], testTimeout: 60_000 } })
