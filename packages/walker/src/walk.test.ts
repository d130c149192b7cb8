import { describe, expect, test } from 'vitest'
import { memoryMount, memoryTree } from './testing/index.ts'
import { walk } from './walk.ts'

const tree = memoryTree({ a: { 'x.jpg': 100, 'y.jpg': 200_000 }, 'top.txt': 5, '.snapshot': { old: 1 } })

describe('walk', () => {
  test('reads the head of every file through each mount', async () => {
    const mounts = [memoryMount({ name: 'one', tree }), memoryMount({ name: 'two', tree })]
    const under = walk(mounts, { entries: 'none' })
    await under.done
    expect(under.counters).toMatchObject({ directories: 2, files: 3, bytes: 65_641, entriesSkipped: 1, inFlight: 0 })
    expect(under.counters.mounts).toEqual({
      one: { files: 3, bytes: 65_641, failures: 0 },
      two: { files: 3, bytes: 65_641, failures: 0 },
    })
  })
})
