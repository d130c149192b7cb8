import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Mount } from '../mounts/mount.ts'
import { type MemoryDirectory, memoryMount, memoryTree, type TreeLiteral } from '../testing/index.ts'
import { addCounts, type Counts, type WalkFailure, zeroCounts } from './counters.ts'
import type { WalkOptions } from './options.ts'
import type { WalkPart } from './parts.ts'
import { walk } from './walk.ts'

/*
 * Splitting a walk again and again, at any moments, gives every directory, file, byte and failure exactly
 * once: this is what lets the ledger of a run add up.
 */
const chunkBytes = 10
const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'bad', 'bad2', 'Ω', '\udcff')
const tree: fc.Arbitrary<TreeLiteral> = fc.letrec<{ tree: TreeLiteral; node: number | TreeLiteral }>((tie) => ({
  tree: fc.dictionary(names, tie('node'), { maxKeys: 9, depthIdentifier: 'tree' }),
  node: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true, depthIdentifier: 'tree' },
    { weight: 3, arbitrary: fc.oneof(fc.nat(9), fc.nat(200)) },
    { weight: 2, arbitrary: tie('tree') },
  ),
})).tree

interface Interruption {
  /** Operations of the mounts until it happens. */
  readonly after: number
  readonly take: number | 'stop'
}

const scenario = fc.record({
  tree,
  mounts: fc.integer({ min: 1, max: 3 }),
  pageSize: fc.integer({ min: 1, max: 4 }),
  resumable: fc.constantFrom('none', 'all', 'some'),
  /** The first mount breaks off every listing at this page; only where others can continue, and nothing is handed away. */
  breaksAt: fc.option(fc.nat(3)),
  options: fc.record({
    order: fc.constantFrom('given', 'any'),
    through: fc.constantFrom('each', 'spread'),
    headBytes: fc.constantFrom(5, 65, Infinity),
    concurrency: fc.integer({ min: 1, max: 6 }),
    listings: fc.integer({ min: 1, max: 3 }),
    maxPending: fc.constantFrom(1, 3, 20),
    listThrough: fc.constantFrom('one', 'each'),
    symlinks: fc.constantFrom('none', 'all'),
    rangeBytes: fc.constantFrom(10, 30),
  }) as fc.Arbitrary<WalkOptions>,
  interruptions: fc.array(
    fc.record({
      after: fc.nat(25),
      take: fc.oneof(fc.constant('stop' as const), fc.nat(6)),
    }) as fc.Arbitrary<Interruption>,
    { maxLength: 12 },
  ),
})

/** Walks the parts and all parts that come of them; every part walked takes the next interruption. */
async function warm(
  mounts: readonly Mount[],
  options: WalkOptions,
  upTo: { operations: number; hook?: (() => void) | undefined },
  interruptions: Interruption[],
): Promise<{ counts: Counts; failures: WalkFailure[] }> {
  const counts = zeroCounts(mounts.map(({ name }) => name))
  const failures: WalkFailure[] = []
  const todo: WalkPart[][] = [[{ kind: 'tree', path: '/' }]]
  for (let parts = todo.pop(); parts; parts = todo.pop()) {
    const taken: { part: WalkPart; scope?: number | undefined }[] = []
    const under = walk(mounts, { ...options, parts, chunkBytes, entries: 'none' })
    let next = interruptions.shift()
    let seen = 0
    upTo.hook = () => {
      if (!next || ++seen <= next.after) return
      const { take } = next
      next = take === 'stop' ? undefined : interruptions.shift()
      seen = 0
      if (take === 'stop') under.stop()
      else taken.push(...under.take(take))
    }
    await under.done
    upTo.hook = undefined
    expect(under.counters.inFlight).toBe(0)
    const { inFlight: _, ...own } = under.counters
    addCounts(counts, own, 1)
    failures.push(...under.takeFailures())
    const voided = new Set(under.voidScopes())
    for (const { part, scope } of taken) if (scope === undefined || !voided.has(scope)) todo.push([part])
    const rest = under.rest()
    if (rest.length > 0) todo.push(rest)
  }
  return { counts, failures }
}

function expected(
  directory: MemoryDirectory,
  head: number,
  failing: (path: string) => boolean,
  at = '',
): { directories: number; files: number; bytes: number; failed: string[] } {
  const sum = { directories: 1, files: 0, bytes: 0, failed: [] as string[] }
  for (const [name, node] of directory.entries()) {
    const path = `${at}/${name}`
    if (node.kind === 'directory') {
      const below = expected(node, head, failing, path)
      sum.directories += below.directories
      sum.files += below.files
      sum.bytes += below.bytes
      sum.failed.push(...below.failed)
    } else if (node.kind === 'file') {
      if (failing(path) && node.size <= chunkBytes) sum.failed.push(path)
      else {
        sum.files++
        sum.bytes += Math.min(head, node.size)
      }
    }
  }
  return sum
}

test('however a walk that reads nothing is split, every file is found exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(
      scenario,
      async ({ tree: literal, mounts: count, pageSize, resumable, options, interruptions }) => {
        const root = memoryTree(literal)
        const counter: { operations: number; hook?: (() => void) | undefined } = { operations: 0 }
        const mounts = Array.from({ length: count }, (_, at) =>
          memoryMount({
            name: `m${at}`,
            tree: root,
            pageSize,
            resumable: resumable === 'all' || (resumable === 'some' && at % 2 === 0),
            faults: (operation) => {
              counter.hook?.()
              return operation === 'read' ? 'IO' : undefined
            },
          }),
        )
        const { counts, failures } = await warm(mounts, { ...options, read: false }, counter, [...interruptions])
        const want = expected(root, options.headBytes ?? 65_536, () => false)
        expect(counts).toMatchObject({
          directories: want.directories,
          files: want.files,
          bytes: want.bytes,
          failures: {},
        })
        const sizes = Object.values(counts.sizes)
        expect(sizes.reduce((sum, { files }) => sum + files, 0)).toBe(want.files)
        const through = Object.values(counts.mounts)
        expect(through.reduce((sum, { files }) => sum + files, 0)).toBe(
          want.files * (options.listThrough === 'each' ? count : 1),
        )
        expect(through.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(0)
        expect(failures).toEqual([])
        expect(mounts.map(({ asked }) => asked.openListings)).toEqual(mounts.map(() => 0))
      },
    ),
    { numRuns: Number(process.env['WALK_RUNS'] ?? 300) },
  )
})

test('however a walk is split, everything is counted exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(
      scenario,
      async ({ tree: literal, mounts: count, pageSize, resumable, breaksAt, options, interruptions }) => {
        const breaks = count > 1 && options.listThrough === 'one' && interruptions.every(({ take }) => take === 'stop')
        const root = memoryTree(literal)
        const counter: { operations: number; hook?: (() => void) | undefined } = { operations: 0 }
        const small = new Set<string>()
        const note = (directory: MemoryDirectory, at: string): void => {
          for (const [name, node] of directory.entries())
            if (node.kind === 'directory') note(node, `${at}/${name}`)
            else if (node.kind === 'file' && node.size <= chunkBytes) small.add(`${at}/${name}`)
        }
        note(root, '')
        const failing = (path: string): boolean => path.includes('bad') && small.has(path)
        const mounts = Array.from({ length: count }, (_, at) =>
          memoryMount({
            name: `m${at}`,
            tree: root,
            pageSize,
            resumable: resumable === 'all' || (resumable === 'some' && at % 2 === 0),
            faults: (operation, path, page) => {
              counter.hook?.()
              if (breaks && at === 0 && operation === 'list' && page === breaksAt) return 'TIMEOUT'
              return operation === 'read' && failing(path) ? 'IO' : undefined
            },
          }),
        )
        const { counts, failures } = await warm(mounts, options, counter, [...interruptions])
        const want = expected(root, options.headBytes ?? 65_536, failing)
        expect(counts).toMatchObject({ directories: want.directories, files: want.files, bytes: want.bytes })
        const throughEach = options.through === 'each' ? count : 1
        const through = Object.values(counts.mounts)
        expect(through.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(want.bytes * throughEach)
        expect(through.reduce((sum, { files }) => sum + files, 0)).toBe(want.files * throughEach)
        expect(failures.map(({ path, message }) => (message.includes(path) ? path : message)).toSorted()).toEqual(
          want.failed.flatMap((path) => Array.from({ length: throughEach }, () => path)).toSorted(),
        )
        expect(counts.failures.IO ?? 0).toBe(want.failed.length * throughEach)
        expect(mounts.map(({ asked }) => asked.openListings)).toEqual(mounts.map(() => 0))
      },
    ),
    { numRuns: Number(process.env['WALK_RUNS'] ?? 300) },
  )
})
