import { expect, test } from 'vitest'
import type { Ledger } from '../ledger/fold.ts'
import { describeLedger } from './describe-ledger.ts'
import { memoryLedger } from './memory-ledger.ts'

/** Runs the suite on its own and counts the sentences that don't hold. */
async function broken(make: () => Ledger): Promise<number> {
  const bodies: (() => void | Promise<void>)[] = []
  const kit = {
    describe: (_: string, body: () => void) => body(),
    test: (_: string, body: () => void) => bodies.push(body),
    expect,
  }
  describeLedger(kit, 'broken', make, { stories: 50 })
  const outcomes = await Promise.allSettled(bodies.map(async (body) => body()))
  return outcomes.filter(({ status }) => status === 'rejected').length
}

/** Keeps getters, which a spread would freeze. */
const variant = (change: (inner: Ledger) => Partial<Ledger>): Ledger => {
  const inner = memoryLedger()
  return Object.assign(Object.create(inner) as Ledger, change(inner))
}

test('the suite holds for the reference', async () => {
  expect(await broken(memoryLedger)).toBe(0)
})

test.each<[string, (inner: Ledger) => Partial<Ledger>]>([
  [
    'counts a part that comes twice',
    (inner) => ({ holdsPart: () => false, partsHeld: (item, attempt) => 2 * inner.partsHeld(item, attempt) }),
  ],
  [
    'forgets failure parts',
    (inner) => ({ apply: (changes) => inner.apply(changes.filter(({ change }) => change !== 'parts')) }),
  ],
  [
    'forgets results that wait',
    (inner) => ({ apply: (changes) => inner.apply(changes.filter(({ change }) => change !== 'wait')) }),
  ],
  [
    'keeps results that were used',
    (inner) => ({ apply: (changes) => inner.apply(changes.filter(({ change }) => change !== 'unwait')) }),
  ],
  ['takes a second result', (inner) => ({ item: (id) => (inner.item(id) === 'done' ? 'announced' : inner.item(id)) })],
  [
    'takes results that are not announced',
    (inner) => ({ item: (id) => (inner.item(id) === 'unknown' ? 'announced' : inner.item(id)) }),
  ],
  ['is done too early', () => ({ outstanding: () => 0 })],
  ['is never done', () => ({ outstanding: () => 1 })],
  [
    'reports failures of every attempt',
    (inner) => {
      const all: { path: string; code: string }[] = []
      return {
        apply: (changes) => {
          for (const change of changes) if (change.change === 'parts') all.push(...change.part.failures)
          inner.apply(changes)
        },
        failures: () => all,
      }
    },
  ],
])('the suite finds a ledger that %s', async (_, change) => {
  expect(await broken(() => variant(change))).toBeGreaterThan(0)
})
