import { expect, test } from 'vitest'
import { isWoundDown } from './wind-down.ts'

test.each([
  ['right after it began', 0, 0, false],
  ['while workers may not have heard of it', 3_999, 0, false],
  ['once they have, and none holds an item', 4_000, 0, true],
  ['while one holds an item', 9_999, 1, false],
  ['when the time is over', 10_000, 1, true],
  ['when the clock went back', -1, 1, true],
])('a run that winds down, %s', (_, forMs, heldItems, over) => {
  expect(isWoundDown({ outcome: 'cancelled', sinceMs: 1_000_000 }, { nowMs: 1_000_000 + forMs, heldItems })).toBe(over)
})
