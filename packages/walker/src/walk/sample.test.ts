import { expect, test } from 'vitest'
import { fakeClock } from '../testing/fake-clock.ts'
import { memoryMount, memoryTree } from '../testing/index.ts'
import { measureReads } from './sample.ts'

const { signal } = new AbortController()
const large = 5_000_000

test('what a few reads took is measured of those that brought all of their file', async () => {
  const clock = fakeClock()
  const tree = memoryTree({
    small: 1_000,
    large,
    'small stalls': { kind: 'file', size: 1_000, gives: 0 },
    'large stalls': { kind: 'file', size: large, gives: 1_000_000 },
  })
  const mount = memoryMount({ name: 'a', tree, latencyMs: 10, clock })
  const files = ['small', 'small stalls'].map((name) => ({ path: `/${name}`, size: 1_000 }))
  const larger = ['large', 'large stalls'].map((name) => ({ path: `/${name}`, size: large }))
  const measuring = measureReads([mount], [...files, ...larger], { clock, signal })
  await clock.advance(1_000)
  expect(await measuring).toEqual({ files: 1, filesMs: 10, bytes: 4 * 1024 * 1024, bytesMs: 10 })
})
