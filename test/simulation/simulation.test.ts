import { expect, test } from 'vitest'
import { faultKinds } from './scenario.ts'
import { simulate } from './simulate.ts'

const seeds = Number(process.env['CACHEWARMER_SEEDS'] ?? 1_000)
const firstSeed = Number(process.env['CACHEWARMER_FIRST_SEED'] ?? 1)
const batch = 50
const seen = new Set<string>()

for (let first = firstSeed; first < firstSeed + seeds; first += batch) {
  const last = Math.min(first + batch, firstSeed + seeds) - 1
  test(`seeds ${first} to ${last}: every file is read before "done", counts are exact, every job ends, nothing is left`, {
    timeout: 300_000,
  }, async () => {
    for (let seed = first; seed <= last; seed += 1) {
      const { violations, counts } = await simulate(seed)
      expect({ seed, violations }).toEqual({ seed, violations: [] })
      for (const [kind, count] of Object.entries(counts)) if (count > 0) seen.add(kind.split(':')[0] as string)
    }
  })
}

test('every kind of fault came up in them', () => {
  expect(faultKinds.filter((kind) => !seen.has(kind) && !seen.has(`seeds with ${kind}`))).toEqual([])
})

test.each([2, 7, 11, 23, 101])('seed %i replays exactly', { timeout: 120_000 }, async (seed) => {
  const [once, again] = [await simulate(seed), await simulate(seed)]
  expect(again.outcome).toBe(once.outcome)
})
