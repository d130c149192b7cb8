import { type Clock, systemClock } from '@cachewarmer/nfs'
import { directory, file, generated, type TreeDirectory, type TreeUp, up } from '@cachewarmer/nfs/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { maxPathBytes } from '../../index.ts'
import { NfsMounts } from '../../testing/nfs-mounts.ts'
import type { WalkFailure } from '../../walk/counters.ts'
import type { WalkOptions } from '../../walk/options.ts'
import type { WalkPart } from '../../walk/parts.ts'
import { walk } from '../../walk/walk.ts'
import type { Mount } from '../mount.ts'

/*
 * Walks over servers that say what is wrong or absurd: what is sound is read, each file once, and what is not is named.
 */
const mounts = new NfsMounts()
const { serve, mountOf } = mounts
afterEach(() => mounts.close())

/** Twenty times as fast as the system's. */
const hasty: Clock = {
  now: () => 20 * systemClock.now(),
  setTimer: (ms, wake) => systemClock.setTimer(ms / 20, wake),
}

interface Walked {
  readonly files: number
  readonly failures: WalkFailure[]
}

async function walked(through: Mount | readonly Mount[], options: WalkOptions = {}): Promise<Walked> {
  const under = walk([through].flat(), { ...options, entries: 'none' })
  await under.done
  return { files: under.counters.files, failures: under.takeFailures() }
}

/** Walks a part by part, as workers do that hand away all that they find: each time from new. */
async function walkedInPieces(mount: Mount, options: WalkOptions = {}): Promise<Walked & { readonly walks: number }> {
  const todo: WalkPart[] = [{ kind: 'tree', path: '/' }]
  const failures: WalkFailure[] = []
  let [files, walks] = [0, 0]
  for (let part = todo.pop(); part; part = todo.pop()) {
    if (++walks > 200) throw new Error('the walks do not come to an end')
    const under = walk([mount], { ...options, entries: 'none', parts: [part], listings: 1, maxPending: 1 })
    const taking = setInterval(() => todo.push(...under.take(1).map(({ part: taken }) => taken)), 1)
    await under.done.finally(() => clearInterval(taking))
    files += under.counters.files
    failures.push(...under.takeFailures())
  }
  return { files, failures, walks }
}

describe('a directory that is one of those it lies in', () => {
  const sides = ['both', 'handle', 'fileid'] as const
  const trees: Readonly<Record<string, (same: TreeUp['same']) => TreeDirectory>> = {
    '/loop': (same) => directory({ f: file(10), loop: up(1, same) }),
    '/a/loop': (same) => directory({ f: file(10), a: directory({ g: file(1), loop: up(2, same) }) }),
    '/a/b/c/loop': (same) =>
      directory({ f: file(10), a: directory({ b: directory({ c: directory({ g: file(2), loop: up(3, same) }) }) }) }),
  }
  const cases = Object.entries(trees).flatMap(([path, tree]) => sides.map((same) => ({ path, tree: tree(same), same })))

  test.for(cases)('by $same is LOOP at $path, and the rest is read once', async ({ path, tree }) => {
    const mount = await mountOf(await serve({ tree }))
    const { files, failures } = await walked(mount)
    expect(failures).toMatchObject([{ code: 'LOOP', path }])
    expect(files).toBe(path === '/loop' ? 1 : 2)
  })

  test.for(cases)('by $same is LOOP at $path, however the walk is cut', async ({ path, tree }) => {
    const mount = await mountOf(await serve({ tree }))
    const { files, failures } = await walkedInPieces(mount)
    expect(failures).toMatchObject([{ code: 'LOOP', path }])
    expect(files).toBe(path === '/loop' ? 1 : 2)
  })

  test.for(sides)('by %s is LOOP for a worker that begins in the loop', async (same) => {
    const server = await serve({ tree: trees['/a/loop']?.(same) ?? directory() })
    for (const path of ['/a/loop', '/a/loop/a']) {
      const { files, failures } = await walked(await mountOf(server), { parts: [{ kind: 'tree', path }] })
      expect([files, failures]).toMatchObject([0, [{ code: 'LOOP', path }]])
    }
  })

  test('is LOOP where listings bring no attributes, and through addresses that number their files each for itself', async () => {
    const tree = directory({ f: file(10), a: directory({ loop: up(2), g: file(1) }) })
    const bare = await mountOf(await serve({ tree, readdirplus: false }))
    expect(await walked(bare)).toMatchObject({ files: 2, failures: [{ code: 'LOOP', path: '/a/loop' }] })
    const one = await mountOf(await serve({ tree, host: '127.0.0.2' }))
    const other = await mountOf(await serve({ tree, host: '127.0.0.3', generation: 7 }))
    const { failures } = await walked([one, other])
    expect(failures).toMatchObject([{ code: 'LOOP' }])
  })

  test('takes no call more than any other directory', async () => {
    const plain = directory({ a: directory({ b: directory({ c: directory({ f: file(1) }) }) }) })
    const server = await serve({ tree: plain })
    const mount = await mountOf(server)
    await walked(mount)
    expect(server.calls).toMatchObject({ GETATTR: 1, READDIRPLUS: 4, READ: 1 })
    expect(server.calls['LOOKUP']).toBeUndefined()
  })

  test('is LOOP by its handle alone where all directories have the number 0', async () => {
    const zero = { fileid: 0n }
    const tree = directory({ f: file(1), a: directory({ loop: up(2) }, zero) }, zero)
    const { files, failures } = await walked(await mountOf(await serve({ tree })))
    expect([files, failures]).toMatchObject([1, [{ code: 'LOOP', path: '/a/loop' }]])
  })

  test('is not seen in directories that share the number 0', async () => {
    const zero = { fileid: 0n }
    const tree = directory({ a: directory({ b: directory({ f: file(1) }, zero) }, zero) }, zero)
    expect(await walked(await mountOf(await serve({ tree })))).toMatchObject({ files: 1, failures: [] })
  })

  test('is not seen in subvolumes, whose roots share a number and were changed at different times', async () => {
    const root = (modifiedMs: number) => ({ fileid: 256n, modifiedMs })
    const tree = directory({ a: directory({ f: file(1) }, root(1_600_000_000_000)) }, root(1_700_000_000_000))
    expect(await walked(await mountOf(await serve({ tree })))).toMatchObject({ files: 1, failures: [] })
  })
})

describe('a listing', () => {
  const big = { big: generated(120, 'f', () => file(100)), ok: generated(5, 'x', () => file(10)) }
  const restart = (index: number, { count }: TreeDirectory): number => (count === 120 && index >= 90 ? 0 : index)

  test('that leads back is a failure of its directory; what came before counts once', async () => {
    const mount = await mountOf(await serve({ tree: directory(big), odd: { entriesPerPage: 50, beginAt: restart } }))
    const { files, failures } = await walked(mount)
    expect(files).toBe(103)
    expect(failures).toMatchObject([{ code: 'LISTING_CHANGED', path: '/big' }])
    expect(failures[0]?.message).toContain('after 98 names, which count')
  })

  test('that leads back is found out in a worker that has seen only the end of it', async () => {
    const server = await serve({ tree: directory(big), odd: { entriesPerPage: 10 } })
    const mount = await mountOf(server)
    const resumes: string[] = []
    const options = { attributes: false, signal: new AbortController().signal }
    for await (const { resume } of mount.list({ path: '/big' }, options)) if (resume) resumes.push(resume)
    const odd = await mountOf(await serve({ tree: directory(big), odd: { entriesPerPage: 10, beginAt: restart } }))
    const part = { kind: 'listing', path: '/big', resume: resumes.at(-3) ?? '' } as const
    const { files, failures } = await walked(odd, { parts: [part] })
    expect(failures).toMatchObject([{ code: 'LISTING_CHANGED', path: '/big' }])
    expect(files).toBeLessThanOrEqual(20)
  })

  test('without an end is a failure of its directory', async () => {
    const beginAt = (index: number, { count }: TreeDirectory): number => (count === 120 && index >= 98 ? 120 : index)
    const odd = { entriesPerPage: 50, beginAt, endless: ({ count }: TreeDirectory) => count === 120 }
    const { files, failures } = await walked(await mountOf(await serve({ tree: directory(big), odd })))
    expect(files).toBe(103)
    expect(failures).toMatchObject([{ code: 'LISTING_CHANGED', path: '/big' }])
  })
})

describe('one bad entry', () => {
  const tree = directory({
    ...Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`a${at}`, file(300)])),
    vol1: directory({ inside: file(7) }),
    z: generated(10, 'f', () => file(900)),
  })
  const isBad = (name: string): boolean => name === 'vol1'

  test.for([
    ['IO', 'IO'],
    ['STALE', 'STALE'],
    ['XDEV', 'OTHER'],
    ['SERVERFAULT', 'IO'],
    ['ACCES', 'ACCESS_DENIED'],
    ['NOENT', 'NOT_FOUND'],
    ['BADHANDLE', 'STALE'],
    ['NAMETOOLONG', 'NAME_TOO_LONG'],
  ] as const)('whose LOOKUP fails with %s is named, and its neighbours are read', async ([status, code]) => {
    const odd = { bare: isBad, lookUp: (name: string) => (isBad(name) ? status : undefined) }
    const { files, failures } = await walked(await mountOf(await serve({ tree, odd })))
    expect([files, failures]).toMatchObject([30, [{ code, path: '/vol1' }]])
  })

  test('whose LOOKUP is put off for ever is named, and its neighbours are read', async () => {
    const odd = { bare: isBad, lookUp: (name: string) => (isBad(name) ? ('JUKEBOX' as const) : undefined) }
    const server = await serve({ tree, odd })
    const mount = await mountOf(server, { export: { ...server.address, jukeboxMs: 50 } })
    expect(await walked(mount)).toMatchObject({ files: 30, failures: [{ code: 'IO', path: '/vol1' }] })
  })

  test('whose LOOKUP is put off holds its neighbours up for ten seconds at most', async () => {
    const odd = { bare: isBad, lookUp: (name: string) => (isBad(name) ? ('JUKEBOX' as const) : undefined) }
    const server = await serve({ tree, odd })
    let waitedMs = 0
    const observer = {
      jukebox(_procedure: string, ms: number): void {
        waitedMs += ms
      },
    }
    const mount = await mountOf(server, { export: { ...server.address, timeoutMs: 3_600_000, clock: hasty, observer } })
    expect(await walked(mount)).toMatchObject({ files: 30, failures: [{ code: 'IO', path: '/vol1' }] })
    expect(waitedMs).toBeGreaterThan(4_000)
    expect(waitedMs).toBeLessThanOrEqual(10_000)
  })

  test('that another address can look at is read through that', async () => {
    const odd = { bare: isBad, lookUp: (name: string) => (isBad(name) ? ('IO' as const) : undefined) }
    const bad = await mountOf(await serve({ tree, odd, host: '127.0.0.2' }))
    const good = await mountOf(await serve({ tree, host: '127.0.0.3' }))
    const { files, failures } = await walked([bad, good], { through: 'spread' })
    expect([files, failures]).toEqual([31, []])
  })

  test('is named at the address that can not look at it, where each has to list', async () => {
    const odd = { bare: isBad, lookUp: (name: string) => (isBad(name) ? ('IO' as const) : undefined) }
    const names = ['127.0.0.2', '127.0.0.3'] as const
    const servers = [await serve({ tree, odd, host: names[0] }), await serve({ tree, host: names[1] })] as const
    const both = [await mountOf(servers[0]), await mountOf(servers[1])]
    const { failures } = await walked(both, { read: false, listThrough: 'each' })
    expect(failures.map(({ path }) => path)).toContain('/vol1')
  })

  test.for([0, 8, 4_294_967_295])('of type %i is named, and its neighbours are read', async (type) => {
    const odd = { typeOf: (name: string) => (isBad(name) ? type : undefined) }
    const { files, failures } = await walked(await mountOf(await serve({ tree, odd })))
    expect([files, failures]).toMatchObject([30, [{ code: 'IO', path: '/vol1' }]])
  })

  test.for(['a/b', '', 'nul\0', '../../etc/passwd', 'x'.repeat(5_000)])(
    'called %j is named, and its neighbours are read',
    async (name) => {
      const odd = { nameOf: (known: string) => (isBad(known) ? Buffer.from(name) : undefined) }
      const { files, failures } = await walked(await mountOf(await serve({ tree, odd })))
      expect([files, failures]).toMatchObject([30, [{ code: 'IO', path: '/' }]])
      expect(failures[0]?.message).toContain(JSON.stringify(name).slice(0, 100))
    },
  )

  test.for(['.', '..'])(
    'called %j in the middle is the directory itself or its parent, and is left out',
    async (name) => {
      const odd = { nameOf: (known: string) => (isBad(known) ? Buffer.from(name) : undefined) }
      expect(await walked(await mountOf(await serve({ tree, odd })))).toMatchObject({ files: 30, failures: [] })
    },
  )

  test('called as another one is that one', async () => {
    const odd = { nameOf: (name: string) => (name === 'a7' ? Buffer.from('a3') : undefined) }
    expect(await walked(await mountOf(await serve({ tree, odd })))).toMatchObject({ files: 20 + 1 + 9, failures: [] })
  })

  test('that READDIRPLUS fails for is looked up', async () => {
    const odd = { plus: () => 'IO' as const }
    expect(await walked(await mountOf(await serve({ tree, odd })))).toMatchObject({ files: 31, failures: [] })
  })

  test('among 10,000 is named, and the others are read', async () => {
    const many = directory({ many: generated(10_000, 'f', () => file(1)) })
    const odd = {
      bare: (name: string) => name === 'f7777',
      lookUp: (name: string) => (name === 'f7777' ? ('XDEV' as const) : undefined),
    }
    const { files, failures } = await walked(await mountOf(await serve({ tree: many, odd })), { concurrency: 256 })
    expect([files, failures]).toMatchObject([9_999, [{ path: '/many/f7777' }]])
  })
})

describe('a path beyond the limit', () => {
  const name = 'n'.repeat(240)
  /** A chain of directories with a file in each; handles have room for some fifty levels. */
  const chain = (levels: number): TreeDirectory =>
    levels === 0 ? directory({ f: file(1) }) : directory({ f: file(1), [name]: chain(levels - 1) })
  const within = Math.floor((maxPathBytes - 2) / (name.length + 1))

  test('is a failure of its own; what is above it is read', async () => {
    const mount = await mountOf(await serve({ tree: chain(40) }))
    const { files, failures } = await walked(mount)
    expect(files).toBe(within + 1)
    expect(failures).toMatchObject([
      { code: 'NAME_TOO_LONG', message: expect.stringContaining('8194 bytes, and 8192') },
    ])
    expect(failures[0]?.path.length).toBeLessThan(2_000)
    expect(failures[0]?.path.startsWith(`/${name}/`)).toBe(true)
  })

  test('is one of a file, too, by its bytes', async () => {
    const odd = '\udcff'.repeat(253)
    const deep = (levels: number): TreeDirectory =>
      levels === 0
        ? directory({ short: file(1), [odd]: file(1), [odd.slice(0, 60)]: file(1) })
        : directory({ [odd]: deep(levels - 1) })
    const { files, failures } = await walked(await mountOf(await serve({ tree: deep(32) })))
    expect(files).toBe(2)
    expect(failures).toMatchObject([{ code: 'NAME_TOO_LONG' }])
    expect(failures[0]?.path).toMatch(/^\/\udcff+/)
  })

  test('in a list is a failure of its own', async () => {
    const mount = await mountOf(await serve({ tree: directory({ f: file(1) }) }))
    const parts = [{ kind: 'files', directory: '/', names: ['f', 'x'.repeat(maxPathBytes)], listed: true }] as const
    const { files, failures } = await walked(mount, { parts })
    expect([files, failures]).toMatchObject([1, [{ code: 'NAME_TOO_LONG' }]])
  })
})
