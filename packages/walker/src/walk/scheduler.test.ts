import { expect, test } from 'vitest'
import { memoryMount, memoryTree } from '../testing/index.ts'
import { settingsOf } from './options.ts'
import { ListingLimit } from './scheduler.ts'

const mount = (maxListings?: number) => ({
  ...memoryMount({ name: 'memory', tree: memoryTree({}) }),
  maxListings,
})

test('sixteen directories are listed at a time, or as many as the options say', () => {
  expect(new ListingLimit([mount()], settingsOf({})).allowed(0)).toBe(16)
  expect(new ListingLimit([mount(64), mount()], settingsOf({})).allowed(0)).toBe(16)
  const told = new ListingLimit([mount(64)], settingsOf({ listings: 3 }))
  told.came(1)
  expect(told.allowed(0)).toBe(3)
})

test('more where directories are small and the mounts allow it, as many as fill what may be pending', () => {
  const limit = new ListingLimit([mount(64)], settingsOf({ maxPending: 10_000 }))
  expect(limit.allowed(0)).toBe(16)
  for (let page = 0; page < 200; page++) limit.came(50)
  expect(limit.allowed(0)).toBe(64)
  expect(limit.allowed(8_000)).toBeGreaterThan(16)
  expect(limit.allowed(8_000)).toBeLessThan(64)
  expect(limit.allowed(20_000)).toBe(16)
})

test('one long page is enough to be careful again', () => {
  const limit = new ListingLimit([mount(64)], settingsOf({}))
  for (let page = 0; page < 200; page++) limit.came(1)
  limit.came(5_000)
  expect(limit.allowed(0)).toBe(16)
})
