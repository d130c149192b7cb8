import { expect, test } from 'vitest'
import { seeded } from '../testing/seeded.ts'
import { Reservoir } from './reservoir.ts'

test('keeps each value as often as any other', () => {
  const random = seeded(3)
  const kept = Array.from({ length: 100 }, () => 0)
  for (let round = 0; round < 2_000; round++) {
    const reservoir = new Reservoir<number>(10, random)
    for (let value = 0; value < 100; value++) reservoir.offer(() => value)
    for (const value of reservoir.shuffled()) kept[value] = (kept[value] ?? 0) + 1
  }
  // 200 each on average, with a standard deviation of 13.4.
  expect(Math.min(...kept)).toBeGreaterThan(200 - 5 * 13.4)
  expect(Math.max(...kept)).toBeLessThan(200 + 5 * 13.4)
})

test('keeps all of a few, and makes nothing that it does not keep', () => {
  const reservoir = new Reservoir<number>(5, seeded(1))
  for (let value = 0; value < 3; value++) reservoir.offer(() => value)
  expect([reservoir.seen, reservoir.shuffled().sort((a, b) => a - b)]).toEqual([3, [0, 1, 2]])
})
