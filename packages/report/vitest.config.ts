import { defineConfig } from 'vitest/config'

// Pure code needs no isolation. The long timeout is for a machine that is busy with other things.
export default defineConfig({ test: { include: ['src/**/*.test.ts'], isolate: false, testTimeout: 60_000 } })
