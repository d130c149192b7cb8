import { describe, expect, test } from 'vitest'
import type { Mount } from '../mounts/mount.ts'
import {
  manyEntries,
  memoryMount,
  memoryTree,
  type RecordedMount,
  recorded,
  type TreeLiteral,
  until,
} from '../testing/index.ts'
import type { WalkPart } from './parts.ts'
import { type Walk, walk } from './walk.ts'

const file = { kind: 'file', size: 10 } as const
const flat = (count: number): TreeLiteral => ({ d: manyEntries(count, () => file) })

const mountOver = (tree: TreeLiteral, options: { pageSize?: number; resumable?: boolean } = {}): RecordedMount =>
  recorded(memoryMount({ name: 'm', tree: memoryTree(tree), ...options }))

const isRead = ({ operation }: { operation: string }): boolean => operation === 'read'

async function countsOf(mounts: readonly Mount[], parts: readonly WalkPart[]): Promise<Walk['counters']> {
  const under = walk(mounts, { parts, entries: 'none' })
  await under.done
  return under.counters
}

describe('stop', () => {
  test('starts nothing more, waits for the reads in flight, and settles', async () => {
    const mount = mountOver(flat(100))
    mount.hold(isRead)
    const under = walk([mount], { entries: 'none', concurrency: 3 })
    await until(() => mount.held === 3)
    under.stop()
    let settled = false
    void under.done.then(() => (settled = true))
    mount.release(2)
    await new Promise((resolve) => setImmediate(resolve))
    expect(settled).toBe(false)
    mount.release()
    await under.done
    expect(under.counters).toMatchObject({ files: 3, inFlight: 0 })
    expect(mount.calls.filter(isRead)).toHaveLength(3)
  })

  test('leaves the rest, each piece once', async () => {
    const mount = mountOver({ ...flat(20), e: { f: 1 }, g: 1 })
    mount.hold(isRead)
    const under = walk([mount], { entries: 'none', concurrency: 2, listings: 1 })
    await until(() => mount.held === 2)
    mount.hold(undefined)
    under.stop()
    mount.release()
    await under.done
    const rest = under.rest()
    expect(under.rest()).toEqual(rest)
    const others = await countsOf([mount], rest)
    expect(under.counters.files + others.files).toBe(22)
    expect(under.counters.directories + others.directories).toBe(3)
  })

  test('before anything has begun leaves the parts as they were', async () => {
    const parts: WalkPart[] = [
      { kind: 'tree', path: '/d' },
      { kind: 'files', directory: '/d', names: ['f1', 'f2'] },
      { kind: 'range', path: '/d/f3', offset: 5, ordinal: 2 },
      { kind: 'listing', path: '/d', resume: '1' },
    ]
    const mount = mountOver(flat(5))
    const under = walk([mount], { parts, entries: 'none' })
    expect(under.pending).toBe(5)
    under.stop()
    await under.done
    expect(under.rest()).toEqual(expect.arrayContaining(parts))
    expect(under.rest()).toHaveLength(4)
    expect(mount.calls).toEqual([])
  })

  test('does not wait for the other mounts: a file that one has not read goes back', async () => {
    const mounts = ['one', 'two'].map((name) => recorded(memoryMount({ name, tree: memoryTree({ f: 10 }) })))
    for (const mount of mounts) mount.hold(isRead)
    const under = walk(mounts, { entries: 'none' })
    await until(() => mounts.some(({ held }) => held > 0))
    under.stop()
    for (const mount of mounts) mount.release()
    await under.done
    expect(under.counters).toMatchObject({ files: 0, bytes: 0, directories: 1 })
    expect(Object.values(under.counters.mounts).every(({ bytes }) => bytes === 0)).toBe(true)
    expect(under.rest()).toEqual([{ kind: 'files', directory: '/', names: ['f'] }])
  })

  test('joins the names of a directory to one part', async () => {
    const mount = mountOver(flat(30), { pageSize: 10, resumable: true })
    mount.hold(isRead)
    const under = walk([mount], { entries: 'none', concurrency: 1 })
    await until(() => under.pending === 29)
    under.stop()
    mount.release()
    await under.done
    const files = under.rest().filter(({ kind }) => kind === 'files')
    expect(files).toHaveLength(1)
    expect(files).toMatchObject([{ directory: '/d', names: expect.objectContaining({ length: 29 }) }])
  })

  test('once the walk is over changes nothing', async () => {
    const under = walk([mountOver(flat(3))], { entries: 'none' })
    await under.done
    under.stop()
    expect(under.rest()).toEqual([])
    expect(under.counters.files).toBe(3)
  })

  test('rest() before the walk has settled is a mistake, and says so', async () => {
    const mount = mountOver(flat(3))
    mount.hold(isRead)
    const under = walk([mount], { entries: 'none', concurrency: 1 })
    await until(() => mount.held === 1)
    expect(() => under.rest()).toThrow('rest() of a walk that is running, expected stop() and done before')
    under.stop()
    expect(() => under.rest()).toThrow('stopping')
    mount.release()
    await under.done
    expect(under.rest()).toHaveLength(1)
  })
})

describe('a listing of several pages', () => {
  test('that can be resumed goes back as the rest from there', async () => {
    const mount = mountOver(flat(30), { pageSize: 10, resumable: true })
    mount.hold(isRead)
    const under = walk([mount], { entries: 'none', concurrency: 1, maxPending: 15 })
    await until(() => under.pending === 19)
    expect(under.listing).toBe(true)
    under.stop()
    mount.hold(undefined)
    mount.release()
    await under.done
    const rest = under.rest()
    expect(rest).toContainEqual({ kind: 'listing', path: '/d', resume: '2' })
    const others = await countsOf([mount], rest)
    expect(others).toMatchObject({ directories: 1, files: 29 })
    expect(under.counters).toMatchObject({ directories: 1, files: 1 })
    expect(under.voidScopes()).toEqual([])
  })

  test('that can not be resumed goes back whole, and nothing found below it counts', async () => {
    const mount = mountOver({ ...flat(30), top: 1 }, { pageSize: 10 })
    mount.hold(({ path }) => path === '/d/f3')
    const under = walk([mount], { entries: 'none', concurrency: 1, maxPending: 5 })
    await until(() => mount.held === 1)
    expect(under.counters).toMatchObject({ files: 4, bytes: 31, directories: 1 })
    expect(under.listing).toBe(true)
    under.stop()
    mount.release()
    await under.done
    expect(under.rest()).toEqual([{ kind: 'tree', path: '/d' }])
    expect(under.counters).toMatchObject({ files: 1, bytes: 1, directories: 1 })
    expect(under.counters.mounts['m']).toMatchObject({ files: 1, bytes: 1, failures: 0 })
    expect(under.listing).toBe(false)
  })

  test('takes its failures along when it is rolled back', async () => {
    const inner = memoryMount({
      name: 'm',
      tree: memoryTree({ d: manyEntries(30, (at) => (at === 29 ? memoryTree({}) : file)), bad: 1 }),
      pageSize: 10,
      faults: (operation, path) => (operation === 'read' && path !== '/d/f3' ? 'IO' : undefined),
    })
    const mount = recorded(inner)
    mount.hold(({ path }) => path === '/d/f3')
    const under = walk([mount], { entries: 'none', concurrency: 1, maxPending: 5 })
    await until(() => mount.held === 1)
    expect(under.counters.failures).toEqual({ IO: 4 })
    expect(under.takeFailures()).toMatchObject([{ path: '/bad' }])
    under.stop()
    mount.release()
    await under.done
    expect(under.counters.failures).toEqual({ IO: 1 })
    expect(under.counters.mounts['m']).toMatchObject({ failures: 1 })
    expect(under.takeFailures()).toEqual([])
  })

  test('stands once it has come to its end', async () => {
    const mount = mountOver(flat(30), { pageSize: 10 })
    mount.hold(({ path }) => path === '/d/f25')
    const under = walk([mount], { entries: 'none', concurrency: 1 })
    await until(() => mount.held === 1)
    expect(under.listing).toBe(false)
    under.stop()
    mount.release()
    await under.done
    expect(under.counters).toMatchObject({ directories: 2, files: 26 })
    expect(under.rest()).toEqual([{ kind: 'files', directory: '/d', names: ['f26', 'f27', 'f28', 'f29'] }])
  })

  test('of a single page is never provisional', async () => {
    const mount = mountOver(flat(10), { pageSize: 10 })
    mount.hold(({ path }) => path === '/d/f5')
    const under = walk([mount], { entries: 'none', concurrency: 1 })
    await until(() => mount.held === 1)
    expect(under.listing).toBe(false)
    expect(under.take(1)).toEqual([{ part: { kind: 'files', directory: '/d', names: ['f9'] }, scope: undefined }])
    under.stop()
    mount.release()
    await under.done
    expect(under.counters).toMatchObject({ directories: 2, files: 6 })
  })

  test('that breaks off continues through another mount, from where it can be resumed', async () => {
    const { mounts, other } = await mountsOfWhichOneBreaks({ atPage: 1, resumable: true })
    const under = walk(mounts, { entries: 'none' })
    await under.done
    expect(under.counters).toMatchObject({ directories: 2, files: 30, failures: {} })
    expect(other.calls).toContainEqual({ operation: 'list', path: '/d', resume: '1' })
  })

  test('that breaks off and can not be resumed is listed anew through another mount, and counts once', async () => {
    const { mounts, other } = await mountsOfWhichOneBreaks({ atPage: 2, resumable: false })
    for (const mount of mounts) mount.hold(isRead)
    const under = walk(mounts, { entries: 'none', concurrency: 1, through: 'spread' })
    await until(() => other.calls.some(({ operation, path }) => operation === 'list' && path === '/d'))
    for (const mount of mounts) {
      mount.hold(undefined)
      mount.release()
    }
    await under.done
    expect(under.counters).toMatchObject({ directories: 2, files: 30, bytes: 300, failures: {} })
    expect(other.calls).toContainEqual({ operation: 'list', path: '/d', resume: undefined })
    // What the first try had found and not begun was dropped, so nothing but the read in flight is done twice.
    expect(mounts.flatMap(({ calls }) => calls.filter(isRead))).toHaveLength(31)
  })

  test('that breaks off after parts were handed away is a failure, and what was found stands', async () => {
    const { mounts } = await mountsOfWhichOneBreaks({ atPage: 2, resumable: false })
    for (const mount of mounts) mount.hold(isRead)
    const under = walk(mounts, { entries: 'none', maxPending: 5, concurrency: 1 })
    await until(() => under.listing)
    const taken = under.take(4)
    for (const mount of mounts) {
      mount.hold(undefined)
      mount.release()
    }
    await under.done
    expect(taken).toMatchObject([{ part: { kind: 'files', names: { length: 4 } }, scope: expect.any(Number) }])
    expect(under.voidScopes()).toEqual([])
    expect(under.counters).toMatchObject({ directories: 1, files: 16, failures: { IO: 1 } })
  })
})

describe('take', () => {
  test('hands away what lies nearest to the root first, and the walk continues without it', async () => {
    const mount = mountOver({ a: { f: 1 }, b: { f: 1 }, c: { deep: { f: 1 } } })
    mount.hold(({ path }) => path === '/c/deep')
    const under = walk([mount], { entries: 'none', listings: 1 })
    await until(() => mount.held === 1)
    expect(under.take(1)).toEqual([{ part: { kind: 'tree', path: '/a' }, scope: undefined }])
    mount.release()
    await under.done
    expect(under.counters).toMatchObject({ directories: 4, files: 2 })
  })

  test('hands away at most as many units as asked', async () => {
    const mount = mountOver({ ...flat(50), a: {}, b: {} })
    mount.hold(({ operation, path }) => operation === 'read' || (operation === 'list' && path === '/d'))
    const under = walk([mount], { entries: 'none', concurrency: 1, listings: 1 })
    await until(() => mount.held === 1)
    mount.release()
    await until(() => under.pending === 49)
    expect(under.take(0)).toEqual([])
    expect(under.take(10).flatMap(({ part }) => (part.kind === 'files' ? part.names : [])).length).toBe(10)
    expect(under.pending).toBe(39)
    expect(under.take(1_000).flatMap(({ part }) => (part.kind === 'files' ? part.names : [])).length).toBe(39)
    expect(under.pending).toBe(0)
    mount.hold(undefined)
    mount.release()
    await under.done
    expect(under.counters.files).toBe(1)
  })

  test('lets a listing continue that has waited for room', async () => {
    const mount = mountOver(flat(100), { pageSize: 10 })
    mount.hold(isRead)
    const under = walk([mount], { entries: 'none', concurrency: 1, maxPending: 5 })
    await until(() => under.listing)
    const names: string[] = []
    await until(() => {
      for (const { part } of under.take(100)) if (part.kind === 'files') names.push(...part.names)
      return !under.listing && names.length === 99
    })
    mount.release()
    await under.done
    expect(new Set(names).size).toBe(99)
    expect(under.counters).toMatchObject({ directories: 2, files: 1 })
  })

  test('says what hangs on a listing that may be rolled back, and whether it was', async () => {
    const mount = mountOver(flat(30), { pageSize: 10 })
    mount.hold(isRead)
    const under = walk([mount], { entries: 'none', concurrency: 1, maxPending: 5 })
    await until(() => under.listing)
    const [taken] = under.take(3)
    expect(taken?.scope).toEqual(expect.any(Number))
    under.stop()
    mount.release()
    await under.done
    expect(under.voidScopes()).toEqual([taken?.scope])
    expect(under.rest()).toEqual([{ kind: 'tree', path: '/d' }])
  })

  test('below two open listings hangs on both: the outer may end well and the inner not', async () => {
    const inner = manyEntries(30, () => file)
    const outer = manyEntries(12, (at) => (at === 0 ? inner : file), 'x')
    const mount = mountOver({ o: outer }, { pageSize: 10 })
    mount.hold(isRead)
    const under = walk([mount], { entries: 'none', concurrency: 1, maxPending: 15 })
    // The outer listing has ended, the inner one waits for room.
    await until(() => under.counters.directories === 2 && under.listing)
    const taken = under.take(1_000)
    const scopes = new Set(taken.map(({ scope }) => scope))
    under.stop()
    mount.release()
    await under.done
    expect(under.rest()).toEqual([{ kind: 'tree', path: '/o/x0' }])
    const voided = new Set(under.voidScopes())
    for (const { part, scope } of taken) {
      const below = 'directory' in part && part.directory === '/o/x0'
      expect(scope !== undefined && voided.has(scope)).toBe(below)
    }
    expect(scopes.size).toBe(2)
  })

  test('after stop hands away nothing', async () => {
    const under = walk([mountOver(flat(10))], { entries: 'none' })
    under.stop()
    expect(under.take(10)).toEqual([])
    await under.done
    expect(under.rest()).toHaveLength(1)
  })
})

/** Two mounts over 30 files in /d. The one whose turn it is to list them breaks off before a page. */
async function mountsOfWhichOneBreaks(options: {
  readonly atPage: number
  readonly resumable: boolean
}): Promise<{ mounts: RecordedMount[]; other: RecordedMount }> {
  const names = ['one', 'two']
  const make = (name: string, breaks: boolean): RecordedMount =>
    recorded(
      memoryMount({
        name,
        tree: memoryTree(flat(30)),
        pageSize: 10,
        resumable: options.resumable,
        faults: (operation, path, page) =>
          breaks && operation === 'list' && path === '/d' && page === options.atPage ? 'IO' : undefined,
      }),
    )
  const well = names.map((name) => make(name, false))
  await countsOf(well, [{ kind: 'tree', path: '/d' }])
  const lister = well.findIndex(({ calls }) => calls.some(({ operation }) => operation === 'list'))
  const mounts = names.map((name, at) => make(name, at === lister))
  const other = mounts[1 - lister]
  if (!other) throw new Error('no mount listed it')
  return { mounts, other }
}
