import { expect, test } from 'vitest'

test('exports change only on purpose', async () => {
  expect(Object.keys(await import('./index.ts')).toSorted()).toEqual([
    'WalkError',
    'adaptiveLimit',
    'defaultFilter',
    'folderMount',
    'isWalkError',
    'maxPathBytes',
    'measureReads',
    'mountPoints',
    'nfsMount',
    'openReadLane',
    'rateLimit',
    'systemClock',
    'throttledMount',
    'walk',
    'warm',
    'watchedMount',
  ])
})

test('so do those for tests', async () => {
  expect(Object.keys(await import('./testing/index.ts')).toSorted()).toEqual([
    'describeMount',
    'folderTree',
    'manyEntries',
    'memoryMount',
    'memoryTree',
    'oddNames',
    'recorded',
    'until',
  ])
})
