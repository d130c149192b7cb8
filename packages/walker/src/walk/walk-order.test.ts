import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Mount } from '../mounts/mount.ts'
import { manyEntries, memoryMount, memoryTree, recorded, until } from '../testing/index.ts'
import type { WalkPart } from './parts.ts'
import { walk } from './walk.ts'
import { warm } from './warm.ts'

const file = { kind: 'file', size: 10 } as const
const treeParts = (count: number): WalkPart[] =>
  Array.from({ length: count }, (_, at) => ({ kind: 'tree', path: `/d${at}` }))

/** Numbers of the parts whose files were begun, in the order in which they were. */
const begunOf = (mount: { readonly calls: readonly { operation: string; path: string }[] }): number[] =>
  mount.calls.filter(({ operation }) => operation === 'read').map(({ path }) => Number(/^\/d(\d+)/.exec(path)?.[1]))

/** Files that begin although the part but one before theirs has others left to begin. */
function tooEarly(begun: readonly number[]): number {
  const last = new Map(begun.map((part, at) => [part, at]))
  return begun.filter((part, at) => [...last].some(([other, until]) => other <= part - 2 && until > at)).length
}

/** Each call takes as many turns of the event loop as the next draw says. */
function delayed(inner: Mount, draw: () => number): Mount {
  const pause = async (): Promise<void> => {
    for (let turns = draw(); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    ...inner,
    async *list(target, options) {
      for await (const page of inner.list(target, options)) {
        await pause()
        yield page
      }
    },
    stat: async (path, options) => {
      await pause()
      return inner.stat(path, options)
    },
    read: async (target, options) => {
      await pause()
      return inner.read(target, options)
    },
  }
}

describe('parts begin in the order given', () => {
  test('which is counted: a file of part 2 before the last of part 0 is too early, one of part 1 is not', () => {
    expect([[0, 1, 0, 2], [0, 2, 0], [2, 1, 0, 2], []].map(tooEarly)).toEqual([0, 1, 1, 0])
  })

  test('at concurrency 16 no file of part n + 2 before the last of part n, and all are read', async () => {
    const frames = manyEntries(40, () => manyEntries(50, () => file), 'd')
    const mount = recorded(memoryMount({ name: 'm', tree: frames }))
    const under = walk([mount], { entries: 'none', parts: treeParts(40), concurrency: 16 })
    await under.done
    const begun = begunOf(mount)
    expect(begun).toHaveLength(2_000)
    expect(tooEarly(begun)).toBe(0)
    expect(begun.slice(0, 16).every((part) => part <= 1)).toBe(true)
  })

  test('for all trees, delays and bounds', async () => {
    const part = fc.oneof(
      fc.nat(12).map((files) => manyEntries(files, () => file)),
      fc
        .tuple(fc.nat(3), fc.nat(3))
        .map(([below, files]) => manyEntries(below, () => manyEntries(files, () => file), 'b')),
      fc.constant(file),
      fc.constant({ kind: 'file', size: 95 } as const),
    )
    const options = fc.record({
      concurrency: fc.constantFrom(1, 3, 16),
      listings: fc.constantFrom(1, 2, 16),
      maxPending: fc.constantFrom(1, 5, 10_000),
      symlinks: fc.constantFrom('none' as const, 'all' as const),
    })
    const delays = fc.array(fc.nat(3), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 12 }),
        options,
        delays,
        fc.boolean(),
        async (parts, bounds, turns, resumable) => {
          const tree = memoryTree(Object.fromEntries(parts.map((node, at) => [`d${at}`, node])))
          let drawn = 0
          const inner = delayed(
            memoryMount({ name: 'm', tree, pageSize: 3, resumable }),
            () => turns[drawn++ % turns.length] ?? 0,
          )
          const mount = recorded(inner)
          // One more part than there are trees: it is not there, and the others do not wait for it.
          const under = walk([mount], {
            ...bounds,
            parts: treeParts(parts.length + 1),
            headBytes: Infinity,
            chunkBytes: 40,
          })
          await under.done
          const begun = begunOf({ calls: mount.calls.filter(({ offset }) => (offset ?? 0) === 0) })
          expect(tooEarly(begun)).toBe(0)
          expect(under.counters).toMatchObject({ files: begun.length, failures: { NOT_FOUND: 1 } })
        },
      ),
      { numRuns: 150 },
    )
  })

  test('single files one by one, and as many at a time as may be', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: manyEntries(2_000, () => file, 'd') }))
    const { complete } = await warm(
      [mount],
      Array.from({ length: 2_000 }, (_, at) => `/d${at}`),
      { concurrency: 16 },
    )
    expect(complete).toBe(true)
    expect(begunOf(mount)).toEqual(Array.from({ length: 2_000 }, (_, at) => at))
  })

  test('listings run ahead, so that names are there when their turn comes', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: manyEntries(40, () => manyEntries(50, () => file), 'd') }))
    mount.hold(({ operation }) => operation === 'read')
    const under = walk([mount], { entries: 'none', parts: treeParts(40), concurrency: 16, maxPending: 500 })
    await until(() => under.counters.directories >= 10)
    expect(new Set(begunOf(mount))).toEqual(new Set([0]))
    mount.hold(undefined)
    mount.release()
    await under.done
    expect(under.counters.files).toBe(2_000)
  })

  test('a part whose listing takes long holds the others up, and costs no more than what may be pending', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: manyEntries(200, () => manyEntries(50, () => file), 'd') }))
    mount.hold(({ operation, path }) => operation === 'list' && path === '/d0')
    const under = walk([mount], { entries: 'none', parts: treeParts(200), concurrency: 16, maxPending: 500 })
    for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(new Set(begunOf(mount))).toEqual(new Set([1]))
    expect(under.counters.directories).toBeLessThanOrEqual(500 / 50 + 16)
    mount.hold(undefined)
    mount.release()
    await under.done
    expect(under.counters.files).toBe(10_000)
  })

  test('a listing that waits for room continues when nothing else may begin', async () => {
    const trees = { d0: manyEntries(400, () => file), d1: manyEntries(3, () => file), d2: manyEntries(400, () => file) }
    const inner = memoryMount({ name: 'm', tree: memoryTree(trees), pageSize: 10 })
    const mount = recorded(inner)
    // The first page of the first part comes when the third one has filled what may be pending.
    mount.hold(({ operation, path }) => operation === 'list' && path === '/d0')
    const under = walk([mount], { entries: 'none', parts: treeParts(3), concurrency: 4, maxPending: 50 })
    await until(() => under.pending > 50)
    mount.hold(undefined)
    mount.release()
    await under.done
    expect(under.counters.files).toBe(803)
    expect(tooEarly(begunOf(mount))).toBe(0)
  })

  test('in any order, no file waits for the listing of another part', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: manyEntries(40, () => manyEntries(50, () => file), 'd') }))
    mount.hold(({ operation, path }) => operation === 'list' && path === '/d0')
    const under = walk([mount], { entries: 'none', parts: treeParts(40), concurrency: 16, order: 'any' })
    await until(() => under.counters.files === 39 * 50)
    mount.release()
    await under.done
    expect(under.counters.files).toBe(2_000)
  })

  test('what a stopped walk leaves is in the same order', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: manyEntries(12, () => manyEntries(5, () => file), 'd') }))
    mount.hold(({ operation, path }) => operation === 'read' && path.startsWith('/d3/'))
    const under = walk([mount], { entries: 'none', parts: treeParts(12), concurrency: 2, listings: 2 })
    await until(() => mount.held > 0)
    under.stop()
    mount.hold(undefined)
    mount.release()
    await under.done
    const paths = under.rest().map((part) => (part.kind === 'files' ? part.directory : part.path))
    expect(paths[0]).toBe('/d3')
    expect(paths).toEqual(paths.toSorted((a, b) => Number(a.slice(2)) - Number(b.slice(2))))
    const rest = walk([mount], { entries: 'none', parts: under.rest() })
    await rest.done
    expect(under.counters.files + rest.counters.files).toBe(60)
  })

  test('take hands away what would begin last', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: manyEntries(40, () => manyEntries(5, () => file), 'd') }))
    mount.hold(() => true)
    const under = walk([mount], { entries: 'none', parts: treeParts(40) })
    await until(() => mount.held > 0)
    expect(under.take(3).map(({ part }) => part)).toEqual([39, 38, 37].map((at) => ({ kind: 'tree', path: `/d${at}` })))
    expect(under.pending).toBe(40 - 3 - 16)
    mount.hold(undefined)
    mount.release()
    await under.done
    expect(under.counters.files).toBe(37 * 5)
  })
})

describe('add', () => {
  const frames = manyEntries(200, () => manyEntries(20, () => file), 'd')

  test('a part of a higher priority is read before all that is not begun', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: frames }))
    const under = walk([mount], { entries: 'none', parts: treeParts(200).slice(1), concurrency: 16 })
    await until(() => begunOf(mount).length >= 100)
    under.add({ kind: 'tree', path: '/d0' }, { priority: 1 })
    const addedAt = mount.calls.length
    await under.done
    expect(under.counters.files).toBe(4_000)
    const begun = begunOf(mount)
    expect(tooEarly(begun.filter((part) => part !== 0))).toBe(0)
    const after = begunOf({ calls: mount.calls.slice(addedAt) })
    // While it is looked up and listed, the parts whose turn it was continue: those two, and no third one from the start of it on.
    const others = new Set(after.slice(0, after.lastIndexOf(0)))
    others.delete(0)
    expect(others.size).toBeLessThanOrEqual(3)
    expect(after.lastIndexOf(0)).toBeLessThan(120)
  })

  test('even where no more may be held', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: frames }))
    mount.hold(({ operation, path }) => operation === 'read' && !path.startsWith('/d0/'))
    const under = walk([mount], { entries: 'none', parts: treeParts(200).slice(1), concurrency: 16, maxPending: 50 })
    const turns = async (): Promise<void> => {
      for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    await turns()
    const { directories } = under.counters
    expect([mount.held, directories < 20]).toEqual([16, true])
    under.add({ kind: 'tree', path: '/d0' }, { priority: 1 })
    await turns()
    expect(under.counters.directories).toBe(directories + 1)
    mount.release(1)
    await until(() => begunOf(mount).filter((part) => part === 0).length === 20)
    mount.hold(undefined)
    mount.release()
    await under.done
    expect(under.counters.files).toBe(4_000)
  })

  test.for(['given', 'any'] as const)('priorities hold for parts in %s order', async (order) => {
    const mount = recorded(memoryMount({ name: 'm', tree: frames }))
    const under = walk([mount], { entries: 'none', parts: [], order, concurrency: 1, listings: 1 })
    const priorities = [1, 3, 2, 3, -1]
    for (const [at, priority] of priorities.entries()) under.add({ kind: 'tree', path: `/d${at}` }, { priority })
    await under.done
    const begun = [...new Set(begunOf(mount))]
    expect(begun.map((part) => priorities[part])).toEqual([3, 3, 2, 1, -1])
    if (order === 'given') expect(begun).toEqual([1, 3, 2, 0, 4])
  })

  test('several parts at once, in their order', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: frames }))
    const under = walk([mount], { entries: 'none', parts: [], concurrency: 1 })
    under.add(treeParts(5))
    await under.done
    expect([...new Set(begunOf(mount))]).toEqual([0, 1, 2, 3, 4])
  })

  test('is refused for what is no part, and once nothing more may start', async () => {
    const under = walk([memoryMount({ name: 'm', tree: frames })], { parts: treeParts(1) })
    expect(() => under.add({ kind: 'tree', path: 'd1' })).toThrow('parts[0].path is "d1", expected an absolute path')
    expect(() => under.add({ kind: 'tree', path: '/d1' }, { priority: Number.NaN })).toThrow(
      'priority is NaN, expected a number',
    )
    await under.done
    expect(() => under.add({ kind: 'tree', path: '/d1' })).toThrow(
      'add() to a walk that is settled, expected one that is running',
    )
  })
})
