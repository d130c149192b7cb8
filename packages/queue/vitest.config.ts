import { defineConfig } from 'vitest/config'

// Azurite and other processes start in these tests, on machines that do other things too: a slow start is no failure.
export default defineConfig({
  test: { isolate: false, include: ['src/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
})
