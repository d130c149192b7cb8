import { seededRandom } from '@cachewarmer/core/testing'
import { describe, expect, test } from 'vitest'
import { type HeldItem, type LiveRun, RunShares } from './run-shares.ts'

const night: LiveRun = { run: 'night', weight: 30 }
const day: LiveRun = { run: 'day', weight: 10 }

const sharing = (slots: number): RunShares => new RunShares(slots, seededRandom(7))
const begin = (shares: RunShares, run: string, count: number): HeldItem[] =>
  Array.from({ length: count }, () => shares.begin(run))

/** Fills the slots from runs that always have items; how many each got. */
function filled(shares: RunShares, slots: number, runs: readonly LiveRun[]): Record<string, number> {
  const got: Record<string, number> = {}
  for (let taken = 0; taken < slots; ) {
    const [next] = shares.order(runs)
    if (next === undefined) throw new Error('no run to ask')
    for (let at = 0; at < next.max && taken < slots; at += 1, taken += 1) {
      shares.begin(next.run)
      got[next.run] = (got[next.run] ?? 0) + 1
    }
  }
  return got
}

describe('slots', () => {
  test('are shared by weight, whoever comes first', () => {
    expect(filled(sharing(4), 4, [night, day])).toEqual({ night: 3, day: 1 })
    const shares = sharing(4)
    begin(shares, 'day', 1)
    expect(filled(shares, 3, [night, day])).toEqual({ night: 3 })
  })

  test('all belong to a run that is alone, and to one that others leave them to', () => {
    expect(sharing(4).order([night])).toEqual([{ ...night, max: 4 }])
    const shares = sharing(4)
    begin(shares, 'night', 3)
    expect(shares.order([night, day]).map(({ run }) => run)).toEqual(['day', 'night'])
    begin(shares, 'day', 1)
    expect(shares.order([night, day]).map(({ max }) => max)).toEqual([1, 1])
  })

  test.each([1, 2, 3])(
    'of %i, where the division leaves a rest, are shared by chance, and by weight on the average',
    (slots) => {
      const random = seededRandom(3)
      let nights = 0
      for (let round = 0; round < 2_000; round += 1)
        nights += filled(new RunShares(slots, random), slots, [night, day])['night'] ?? 0
      expect(nights / (2_000 * slots)).toBeGreaterThan(0.66)
      expect(nights / (2_000 * slots)).toBeLessThan(0.84)
    },
  )

  test('are not all given to many light runs: a heavy one has its share', () => {
    const light = Array.from({ length: 10 }, (_, at) => ({ run: `light-${at}`, weight: 1 }))
    expect(filled(sharing(4), 4, [{ run: 'heavy', weight: 90 }, ...light])['heavy']).toBeGreaterThanOrEqual(3)
  })
})

describe('an item', () => {
  test('makes room where its run has more than its share and another less, one item at a time', () => {
    const shares = sharing(4)
    const [first, second] = begin(shares, 'night', 4) as [HeldItem, HeldItem]
    expect(shares.inFavourOf(first, [night, day])).toEqual([day])
    shares.leave(first)
    expect(shares.inFavourOf(first, [night, day])).toEqual([])
    expect(shares.inFavourOf(second, [night, day])).toEqual([])
    shares.end(first)
    const [own] = begin(shares, 'day', 1) as [HeldItem]
    for (const item of [second, own]) expect(shares.inFavourOf(item, [night, day])).toEqual([])
    expect(shares.inFavourOf(second, [{ ...night, weight: 1 }, day])).toEqual([{ ...day }])
  })

  test('stays where nobody else is, or its run is over', () => {
    const shares = sharing(4)
    const [item] = begin(shares, 'night', 4) as [HeldItem]
    expect(shares.inFavourOf(item, [night])).toEqual([])
    expect(shares.inFavourOf(item, [day])).toEqual([])
  })

  test('of the only slot makes room in turn', () => {
    const shares = sharing(1)
    const [item] = begin(shares, 'night', 1) as [HeldItem]
    expect(shares.inFavourOf(item, [night, day])).toEqual([day])
  })
})
