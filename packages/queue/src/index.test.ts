import { expect, test } from 'vitest'

test('exports change only on purpose', async () => {
  expect(Object.keys(await import('./index.ts')).sort()).toEqual([
    'QueueError',
    'consume',
    'isQueueError',
    'keepLease',
    'memoryService',
    'queueLimits',
    'systemClock',
    'withRetry',
  ])
})
