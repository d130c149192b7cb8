import { defineConfig } from 'vitest/config'

// A machine busy with other work is no failure.
export default defineConfig({ test: { include: ['src/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 } })
