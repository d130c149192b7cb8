import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { WalkErrorCode } from '../errors.ts'
import { watchedMount } from '../mounts/wrappers/watched-mount.ts'
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts'
import { type MemoryDirectory, memoryMount, memoryTree, type TreeLiteral } from '../testing/index.ts'
import { addCounts, zeroCounts } from './counters.ts'
import type { WalkOptions } from './options.ts'
import type { WalkPart } from './parts.ts'
import { type Walk, walk } from './walk.ts'

/*
 * Any addresses may die and come back, and the walk may be split at any moment: as long as no time of grace is
 * over, every directory, file and byte is counted exactly once, and nothing fails.
 */
const tree: fc.Arbitrary<TreeLiteral> = fc.letrec<{ tree: TreeLiteral; node: number | TreeLiteral }>((tie) => ({
  tree: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), tie('node'), {
    maxKeys: 8,
    depthIdentifier: 'tree',
  }),
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true, depthIdentifier: 'tree' },
    { weight: 3, arbitrary: fc.oneof(fc.nat(9), fc.nat(200)) },
    { weight: 2, arbitrary: tie('tree') },
  ),
})).tree

/** In operations of all mounts together, probes included. */
const death = fc.record({ from: fc.nat(60), length: fc.nat(60) })

const scenario = fc.record({
  tree,
  deaths: fc.array(death, { minLength: 1, maxLength: 3 }),
  code: fc.constantFrom<WalkErrorCode>('MOUNT_DOWN', 'TIMEOUT'),
  pageSize: fc.integer({ min: 1, max: 4 }),
  // What was handed away of a listing that can't be resumed can't be taken back when its mount dies: there, only stops.
  resumable: fc.boolean(),
  interruptions: fc.array(fc.record({ after: fc.nat(25), take: fc.nat(5) }), { maxLength: 8 }),
  options: fc.record({
    through: fc.constantFrom('each', 'spread'),
    headBytes: fc.constantFrom(5, 65, Infinity),
    concurrency: fc.integer({ min: 1, max: 6 }),
    listings: fc.integer({ min: 1, max: 3 }),
    maxPending: fc.constantFrom(1, 3, 20),
    symlinks: fc.constantFrom('none', 'all'),
    rangeBytes: fc.constantFrom(10, 30),
  }) as fc.Arbitrary<WalkOptions>,
})

interface Sums {
  directories: number
  files: number
  bytes: number
}

function sumsOf(directory: MemoryDirectory, head: number): Sums {
  const sums = { directories: 1, files: 0, bytes: 0 }
  for (const [, node] of directory.entries()) {
    const { directories, files, bytes } =
      node.kind === 'directory'
        ? sumsOf(node, head)
        : { directories: 0, files: 1, bytes: node.kind === 'file' ? Math.min(head, node.size) : 0 }
    sums.directories += directories
    sums.files += files
    sums.bytes += bytes
  }
  return sums
}

async function finish({ done }: Walk, clock: FakeClock): Promise<void> {
  const over = done.then(() => true)
  for (let second = 0; second < 2_000; second++) if (await Promise.race([over, clock.advance(1_000)])) return
  throw new Error('the walk did not end')
}

test('when any addresses die and come back, everything is counted exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ tree: literal, deaths, code, pageSize, resumable, interruptions, options }) => {
      const root = memoryTree(literal)
      const clock = fakeClock()
      const names = deaths.map((_, at) => `m${at}`)
      const counts = zeroCounts(names)
      let operations = 0
      let hook = (): void => {}
      const mounts = deaths.map(({ from, length }, at) => {
        const faults = (): WalkErrorCode | undefined => {
          hook()
          operations++
          return operations > from && operations <= from + length ? code : undefined
        }
        return watchedMount(memoryMount({ name: `m${at}`, tree: root, pageSize, resumable, faults }), { clock })
      })
      const todo: WalkPart[][] = [[{ kind: 'tree', path: '/' }]]
      for (let parts = todo.pop(); parts; parts = todo.pop()) {
        const under = walk(mounts, { ...options, parts, chunkBytes: 10, entries: 'none', clock, graceMs: 1e9 })
        const taken: { part: WalkPart; scope?: number | undefined }[] = []
        const next = interruptions.pop()
        let seen = 0
        hook = () => {
          if (!next || seen++ !== next.after) return
          if (resumable && next.take > 0) taken.push(...under.take(next.take))
          else under.stop()
        }
        await finish(under, clock)
        hook = () => {}
        expect(under.counters.inFlight).toBe(0)
        expect(under.takeFailures()).toEqual([])
        addCounts(counts, under.counters, 1)
        const voided = new Set(under.voidScopes())
        for (const { part, scope } of taken) if (scope === undefined || !voided.has(scope)) todo.push([part])
        const rest = under.rest()
        if (rest.length > 0) todo.push(rest)
      }
      const want = sumsOf(root, options.headBytes ?? 65_536)
      expect(counts).toMatchObject(want)
      const times = options.through === 'each' ? mounts.length : 1
      const through = Object.values(counts.mounts)
      expect(through.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(want.bytes * times)
      expect(through.reduce((sum, { files }) => sum + files, 0)).toBe(want.files * times)
      for (const mount of mounts) await mount.close()
      expect(clock.timers).toBe(0)
    }),
    { numRuns: Number(process.env['WALK_RUNS'] ?? 200) },
  )
})
