import { defineConfig } from 'vitest/config'

// A machine that is busy with other things is no failure.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build-release.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
