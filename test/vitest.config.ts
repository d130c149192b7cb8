import { defineConfig } from 'vitest/config'

// A machine that is busy with other things is no failure.
export default defineConfig({ test: { include: ['**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 } })
