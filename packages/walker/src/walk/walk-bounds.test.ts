import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import pLimit from 'p-limit'
import { describe, expect, test } from 'vitest'
import type { Limiter } from '../limits/limiter.ts'
import type { Mount } from '../mounts/mount.ts'
import { manyEntries, memoryMount, memoryTree, type RecordedMount, recorded, until } from '../testing/index.ts'
import type { WalkOptions } from './options.ts'
import { walk } from './walk.ts'

const file = { kind: 'file', size: 10 } as const

describe('never more at once than', () => {
  /** A mount that notes how many of its operations are under way at most. */
  function counted(inner: Mount): Mount & { readonly most: { reads: number; lists: number } } {
    const most = { reads: 0, lists: 0 }
    let reads = 0
    let lists = 0
    return {
      ...inner,
      most,
      async *list(target, options) {
        most.lists = Math.max(most.lists, ++lists)
        try {
          yield* inner.list(target, options)
        } finally {
          lists--
        }
      },
      async read(target, options) {
        most.reads = Math.max(most.reads, ++reads)
        await new Promise((resolve) => setImmediate(resolve))
        reads--
        return inner.read(target, options)
      },
    }
  }
  const tree = manyEntries(40, () => manyEntries(10, () => file), 'd')

  test('concurrency reads, over all mounts together', async () => {
    const shared = { most: 0, now: 0 }
    const mounts = ['one', 'two', 'three'].map((name): Mount => {
      const inner = memoryMount({ name, tree })
      return {
        ...inner,
        async read(target, options) {
          shared.most = Math.max(shared.most, ++shared.now)
          await new Promise((resolve) => setImmediate(resolve))
          shared.now--
          return inner.read(target, options)
        },
      }
    })
    const under = walk(mounts, { entries: 'none', concurrency: 5 })
    await under.done
    expect(under.counters.files).toBe(400)
    expect(shared.most).toBe(5)
  })

  test('listings listings', async () => {
    const mount = counted(memoryMount({ name: 'm', tree }))
    await walk([mount], { entries: 'none', listings: 3 }).done
    expect(mount.most.lists).toBe(3)
  })

  test('what a mount itself says makes sense', async () => {
    const mounts = [2, 1024].map((maxInFlight) => counted(memoryMount({ name: `${maxInFlight}`, tree, maxInFlight })))
    const under = walk(mounts, { entries: 'none', concurrency: 8 })
    await under.done
    expect(under.counters.files).toBe(400)
    expect(mounts[0]?.most.reads).toBe(2)
    expect(mounts[1]?.most.reads).toBeGreaterThan(2)
  })

  test('a limiter lets through, which several walks may share', async () => {
    const mount = counted(memoryMount({ name: 'm', tree }))
    const shared: Limiter = { run: pLimit(3) }
    const walks = [1, 2].map(() => walk([mount], { entries: 'none', limiterFor: () => shared }))
    await Promise.all(walks.map(({ done }) => done))
    expect(walks.map(({ counters }) => counters.files)).toEqual([400, 400])
    expect(mount.most.reads).toBe(3)
  })

  test('what waits for a limiter when the walk stops is given back unread', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree({ f: 1, g: 2, h: 3 }) }))
    mount.hold(({ operation }) => operation === 'read')
    const under = walk([mount], { entries: 'none', limiterFor: () => ({ run: pLimit(1) }) })
    await until(() => mount.held === 1 && under.counters.inFlight === 3)
    under.stop()
    mount.release()
    await under.done
    expect(under.counters.files).toBe(1)
    expect(under.rest()).toMatchObject([{ kind: 'files', directory: '/', names: { length: 2 } }])
    expect(mount.calls.filter(({ operation }) => operation === 'read')).toHaveLength(1)
  })
})

describe('what is held stays small', () => {
  const heldReads = (tree: Parameters<typeof memoryMount>[0]['tree']): RecordedMount => {
    const mount = recorded(memoryMount({ name: 'm', tree, pageSize: 100 }))
    mount.hold(({ operation }) => operation === 'read')
    return mount
  }

  test('in a directory of a million files: maxPending and a page', async () => {
    const mount = heldReads(manyEntries(1_000_000, () => file))
    const under = walk([mount], { entries: 'none', maxPending: 1_000, concurrency: 4 })
    await until(() => mount.held === 4 && under.pending > 1_000)
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(under.pending).toBeLessThanOrEqual(1_100)
    under.stop()
    mount.release()
    await under.done
  })

  test('in many directories of many files: no more are listed while there are files to read', async () => {
    const mount = heldReads(manyEntries(100, () => manyEntries(1_000, () => file), 'd'))
    const under = walk([mount], { entries: 'none', maxPending: 3_000, concurrency: 4, listings: 4 })
    await until(() => mount.held === 4 && under.pending > 3_000)
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(under.pending).toBeLessThanOrEqual(3_000 + 4 * 100)
    under.stop()
    mount.release()
    await under.done
  })

  test('in a directory of a million directories: about as much', async () => {
    let most = 0
    const note = (pending: number): undefined => {
      most = Math.max(most, pending)
    }
    const tree = manyEntries(1_000_000, () => manyEntries(3, () => file), 'd')
    const mount = memoryMount({
      name: 'm',
      tree,
      pageSize: 100,
      faults: () => note(under.pending),
    })
    const under = walk([mount], { entries: 'none', maxPending: 1_000 })
    await until(() => under.counters.directories > 5_000)
    under.stop()
    await under.done
    expect(most).toBeLessThanOrEqual(1_000 + 17 * 100)
    expect(most).toBeGreaterThan(900)
  })

  test('in a tree that is wide at every depth: a page a level, once enough is pending', async () => {
    const levels = 6
    const level = (left: number): ReturnType<typeof manyEntries> =>
      left === 0 ? manyEntries(1, () => file) : manyEntries(1_000, () => level(left - 1), 'd')
    let most = 0
    const note = (pending: number): undefined => {
      most = Math.max(most, pending)
    }
    const mount = memoryMount({
      name: 'm',
      tree: level(levels),
      pageSize: 100,
      faults: () => note(under.pending),
    })
    const under = walk([mount], { entries: 'none', maxPending: 500, listings: 8 })
    await until(() => under.counters.files > 5_000)
    under.stop()
    await under.done
    expect(most).toBeLessThanOrEqual(2 * 500 + levels * 100 + 8 * 100)
  })

  test('files of many ranges count as many', async () => {
    const mount = heldReads(manyEntries(1_000, () => ({ kind: 'file', size: 1_000_000 })))
    const under = walk([mount], {
      entries: 'none',
      headBytes: Number.POSITIVE_INFINITY,
      chunkBytes: 1_000,
      rangeBytes: 100_000,
      maxPending: 50,
      concurrency: 2,
    })
    await until(() => mount.held === 2)
    expect(under.pending).toBeGreaterThan(900)
    expect(under.take(25)).toHaveLength(25)
    under.stop()
    mount.release()
    await under.done
  })

  /** Megabytes that a walk holds at most, beyond what the process held before: what is live after a full collection. */
  async function heldBy(options: WalkOptions): Promise<{ megabytes: number; counted: string }[]> {
    const program = `
      const { walk } = await import(${JSON.stringify(new URL('./walk.ts', import.meta.url).href)})
      const { memoryMount } = await import(${JSON.stringify(new URL('../testing/memory-mount.ts', import.meta.url).href)})
      const { manyEntries } = await import(${JSON.stringify(new URL('../testing/memory-tree.ts', import.meta.url).href)})
      const file = { kind: 'file', size: 1 }
      const trees = [manyEntries(150_000, () => file), manyEntries(150_000, () => manyEntries(0, () => file), 'd')]
      const live = () => (gc(), process.memoryUsage().heapUsed)
      const before = live()
      const all = []
      for (const tree of trees) {
        const inner = memoryMount({ name: 'm', tree })
        let [most, questions] = [0, 0]
        const look = () => { if (questions++ % 2_000 === 0) most = Math.max(most, live()) }
        async function* list(...asked) {
          for await (const page of inner.list(...asked)) {
            look()
            yield page
          }
        }
        const read = (...asked) => (look(), inner.read(...asked))
        const under = walk([{ ...inner, list, read }], { entries: 'none', ...${JSON.stringify(options)} })
        await under.done
        const { files, directories } = under.counters
        all.push({ megabytes: (most - before) / 1e6, counted: files + ' files, ' + directories + ' directories' })
      }
      console.log(JSON.stringify(all))`
    const flags = ['--expose-gc', '--input-type=module', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, flags, { timeout: 55_000 })
    return JSON.parse(stdout)
  }

  test('150,000 files in one directory, and as many directories, take less than six megabytes', async () => {
    const held = await heldBy({})
    expect(held.map(({ counted }) => counted)).toEqual(['150000 files, 1 directories', '0 files, 150001 directories'])
    for (const { megabytes } of held) expect(megabytes).toBeLessThan(6)
    // Where as many directories may be pending as there are, they are more.
    expect((await heldBy({ maxPending: 1_000_000 })).at(-1)?.megabytes).toBeGreaterThan(6)
  })
})
