import { defineConfig } from 'vitest/config'

// The long timeout is for a machine that is busy with other things.
export default defineConfig({ test: { include: ['src/**/*.test.ts'], testTimeout: 60_000 } })
