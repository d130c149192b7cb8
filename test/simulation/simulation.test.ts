import { describe, expect, test } from 'vitest'
import { violations } from './invariants.ts'
import { simulate } from './simulate.ts'

const seeds = Number(process.env['CACHEWARMER_SEEDS'] ?? 200)
const firstSeed = Number(process.env['CACHEWARMER_FIRST_SEED'] ?? 1)
const batch = 20

describe('a whole service in virtual time, with workers and managers killed and messages lost, late and doubled', () => {
  for (let first = firstSeed; first < firstSeed + seeds; first += batch) {
    const last = Math.min(first + batch, firstSeed + seeds) - 1
    test(`seeds ${first} to ${last}: every file read before "done", counts exact, every run ends`, {
      timeout: 300_000,
    }, async () => {
      for (let seed = first; seed <= last; seed += 1) {
        const simulated = await simulate(seed).catch((error: unknown) => {
          throw new Error(`seed ${seed} did not end: ${error instanceof Error ? error.stack : String(error)}`)
        })
        expect({ seed, violations: violations(simulated) }).toEqual({ seed, violations: [] })
      }
    })
  }

  test('a seed replays exactly', { timeout: 120_000 }, async () => {
    const [once, again] = [await simulate(7), await simulate(7)]
    expect({ ...again.status }).toEqual({ ...once.status })
    expect(again.kills).toEqual(once.kills)
    expect(again.virtualMs).toBe(once.virtualMs)
  })

  test('workers and managers really are killed', { timeout: 120_000 }, async () => {
    const kills = { workers: 0, managers: 0 }
    for (let seed = 1; seed <= 10; seed += 1) {
      const simulated = await simulate(seed)
      kills.workers += simulated.kills.workers
      kills.managers += simulated.kills.managers
    }
    expect(kills.workers).toBeGreaterThan(5)
    expect(kills.managers).toBeGreaterThan(2)
  })
})
