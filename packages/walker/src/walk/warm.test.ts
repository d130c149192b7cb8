import { describe, expect, test } from 'vitest'
import type { Mount } from '../mounts/mount.ts'
import { memoryMount, memoryTree, recorded, type TreeLiteral } from '../testing/index.ts'
import { warm } from './warm.ts'

const tree: TreeLiteral = { shot: { a: 200_000, b: { c: 3 } }, other: { d: 10 } }
const over = (name: string, faults?: Parameters<typeof memoryMount>[0]['faults']): Mount =>
  memoryMount({ name, tree: memoryTree(tree), ...(faults && { faults }) })

describe('warm', () => {
  test('reads whole files below the paths through each mount, and says so', async () => {
    const mounts = ['one', 'two'].map((name) => recorded(over(name)))
    const { complete, failures, counters } = await warm(mounts, ['/shot'])
    expect({ complete, failures }).toEqual({ complete: true, failures: [] })
    expect(counters).toMatchObject({ directories: 2, files: 2, filesInPart: 0, bytes: 200_003 })
    for (const { name, calls } of mounts) {
      expect(counters.mounts[name]).toMatchObject({ files: 2, bytes: 200_003, failures: 0 })
      const read = calls.filter(({ operation }) => operation === 'read').map(({ path }) => path)
      expect(read.toSorted()).toEqual(['/shot/a', '/shot/b/c'])
    }
  })

  test('takes everything without paths, and what the filter leaves', async () => {
    expect((await warm([over('m')])).counters).toMatchObject({ files: 3, bytes: 200_013 })
    const { counters } = await warm([over('m')], ['/'], { headBytes: 1 } as object)
    expect(counters.bytes).toBe(200_013)
  })

  test.for([
    ['read', '/shot/a', 'two', { files: 1 }],
    ['list', '/shot/b', undefined, { files: 1 }],
    ['stat', '/shot', undefined, { files: 0 }],
  ] as const)('is not complete when a %s of %s fails, and names it', async ([what, path, mount, counts]) => {
    const lame = over('two', (operation, at) => (operation === what && at === path ? 'STALE' : undefined))
    const mounts = what === 'read' ? [over('one'), lame] : [lame]
    const { complete, failures, counters } = await warm(mounts, ['/shot'])
    expect(complete).toBe(false)
    expect(failures).toMatchObject([{ path, ...(mount && { mount }), code: 'STALE' }])
    expect(counters).toMatchObject({ ...counts, failures: { STALE: 1 } })
  })

  test('what failed can be tried again by its path', async () => {
    let broken = true
    const mount = over('m', (operation, at) => (broken && operation === 'read' && at === '/shot/a' ? 'IO' : undefined))
    const { failures } = await warm([mount])
    broken = false
    const again = await warm(
      [mount],
      failures.map(({ path }) => path),
    )
    expect(again).toMatchObject({ complete: true, counters: { files: 1, bytes: 200_000 } })
  })

  test.for([
    [[], 'paths is empty, expected a list of at least one path'],
    ['/shot', 'paths is "/shot", expected a list'],
    [['/a', 'b'], 'paths[1] is "b", expected an absolute path'],
    [[7], 'paths[0] is 7, expected an absolute path'],
  ] as const)('refuses %j', async ([paths, message]) => {
    const refused = warm([over('m')], paths as readonly string[])
    await expect(refused).rejects.toMatchObject({ code: 'OPTION_INVALID', message: expect.stringContaining(message) })
  })

  test('an abort rejects with its reason', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(warm([over('m')], ['/'], { signal })).rejects.toThrow('enough')
  })
})
