import { Prefix } from '@cachewarmer/core'
import { expect, test } from 'vitest'
import { resolveWorkerOptions } from './ports.ts'

const resolve = (options: object) => resolveWorkerOptions({ prefix: 'studio', ...options }, () => 'a-name')

test('options that are left out get their defaults', () => {
  expect(resolve({})).toEqual({
    prefix: new Prefix('studio'),
    name: 'a-name',
    slots: 4,
    leaseMs: 60_000,
    heartbeatMs: 2_000,
    statusMs: 2_000,
    budgetMs: 90_000,
    concurrency: 64,
    maxStrikes: 3,
    maxDeliveries: 20,
    mountIdleMs: 300_000,
    serveOriginal: true,
  })
})

test('options that are given win', () => {
  expect(resolve({ name: 'given', slots: 1, serveOriginal: false })).toMatchObject({
    name: 'given',
    slots: 1,
    serveOriginal: false,
  })
})

test.each(['slots', 'leaseMs', 'concurrency', 'maxStrikes'])('%s must be a whole number of at least 1', (option) => {
  for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => resolve({ [option]: value })).toThrow(
      new RangeError(`${option} must be a whole number of at least 1, got ${value}`),
    )
  }
})
