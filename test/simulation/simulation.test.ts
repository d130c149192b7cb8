import { expect, test } from 'vitest'
import { mutations } from './mutants/mutations.ts'
import { runSeeds } from './run-seeds.ts'
import { simulate } from './simulate.ts'

/** What the first hundred seeds would not find, one more seed does for each known fault. */
const telling = [...new Set(mutations.flatMap(({ seed }) => seed ?? []))]

test('seeds 1 to 100, and those that find a known fault: every file is read before "done", counts are exact, every job ends, nothing is left', {
  timeout: 300_000,
}, async () => {
  await runSeeds({ first: 1, last: 100, also: telling })
})

test.each([2, 7, 11, 23, 101])('seed %i replays exactly', { timeout: 120_000 }, async (seed) => {
  const [once, again] = [await simulate(seed), await simulate(seed)]
  expect(again.outcome).toBe(once.outcome)
})
