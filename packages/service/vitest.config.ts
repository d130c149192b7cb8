import { defineConfig } from 'vitest/config'

// Files share a process, as nothing of theirs is global. A machine that is busy with other things is no failure.
export default defineConfig({
  test: { isolate: false, include: ['src/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
})
