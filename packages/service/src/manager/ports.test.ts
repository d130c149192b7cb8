import { Prefix } from '@cachewarmer/core'
import { silentLogger } from '@cachewarmer/queue'
import { expect, test } from 'vitest'
import { resolveManagerOptions, tell } from './ports.ts'

const resolve = (options: object) => resolveManagerOptions({ prefix: 'studio', ...options }, () => 'a-name')

test('options that are left out get their defaults', () => {
  expect(resolve({})).toEqual({
    prefix: new Prefix('studio'),
    name: 'a-name',
    leaseMs: 60_000,
    runsAtOnce: 32,
    maxWorkers: 4,
    idleMs: 20_000,
    tailMs: Number.MAX_SAFE_INTEGER,
    statusMs: 1_000,
    lostAfterMs: 180_000,
    stalledAfterMs: 1_800_000,
    retainMs: 604_800_000,
  })
})

test('an item is lost after three leases, however long they are', () => {
  expect(resolve({ leaseMs: 10_000 }).lostAfterMs).toBe(30_000)
  expect(resolve({ leaseMs: 10_000, lostAfterMs: 5 }).lostAfterMs).toBe(5)
})

test.each(['leaseMs', 'maxWorkers', 'idleMs', 'retainMs'])('%s must be a whole number of at least 0', (option) => {
  for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => resolve({ [option]: value })).toThrow(
      new RangeError(`${option} must be a whole number of at least 0, got ${value}`),
    )
  }
})

test('an observer has the methods that it wants, and one that throws is logged', () => {
  const logged: unknown[] = []
  const logger = { ...silentLogger, error: (...args: unknown[]) => logged.push(args) }
  const problem = new Error('metrics are down')
  const seen: boolean[] = []
  tell({ observer: { leads: (leading) => seen.push(leading) }, logger }, (observer) => {
    observer.leads?.(true)
    observer.saw?.({} as never, () => [])
  })
  tell({ logger }, (observer) => observer.leads?.(true))
  const broken = {
    leads: () => {
      throw problem
    },
  }
  tell({ observer: broken, logger }, (observer) => observer.leads?.(false))
  expect({ seen, logged }).toEqual({ seen: [true], logged: [['an observer failed', { error: problem }]] })
})
