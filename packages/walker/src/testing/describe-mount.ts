import type { afterAll as AfterAll, describe as Describe, expect as Expect, test as Test } from 'vitest'
import type { Entry, Mount } from '../mounts/mount.ts'
import { type MemoryDirectory, manyEntries, memoryTree } from './memory-tree.ts'

/** The test runner, handed in so that this package needs none to be installed. */
export interface Runner {
  readonly describe: typeof Describe
  readonly test: typeof Test
  readonly expect: typeof Expect
  readonly afterAll: typeof AfterAll
}

/** A mount over the tree, and how to get rid of both. */
export interface MadeMount {
  readonly mount: Mount
  readonly dispose: () => Promise<void>
}

/** Names that break what treats them as text, as lines, or as arguments. */
export const oddNames: readonly string[] = [
  'with space',
  'new\nline',
  'quote"\'`',
  '-rf',
  '*?[a]',
  'ünïcödé',
  '日本語',
  '😀',
  '\udcff\udcfe', // no UTF-8
  'half\udcc3', // the beginning of a character
  '\ufeffbom',
]

const sound = {
  'empty.txt': 0,
  'small.bin': 1_000,
  'large.bin': 1_000_000,
  directory: { inner: { 'deep.txt': 7 } },
  nothing: {},
  link: 'small.bin',
  'link to directory': 'directory',
  dangling: 'nowhere',
  fifo: { kind: 'other' },
  odd: memoryTree(Object.fromEntries(oddNames.map((name, at) => [name, at + 1]))),
  many: manyEntries(1_300, () => ({ kind: 'file', size: 1 })),
} as const

/** Files whose size or bytes the server does not give as it should. */
const oddFiles: MemoryDirectory = memoryTree({
  stalls: { kind: 'file', size: 10_000_000, gives: 65_536 },
  'stalls at once': { kind: 'file', size: 50_000, gives: 0 },
  'ends early': { kind: 'file', size: 10_000_000, gives: 4_096, claimsEnd: true },
  'ends at once': { kind: 'file', size: 1_000, gives: 0, claimsEnd: true },
  'comes in drops': { kind: 'file', size: 300_000, perRequest: 7_000 },
  absurd: { kind: 'file', size: 2 ** 63 },
  'just beyond': { kind: 'file', size: 2 ** 53 },
  vast: { kind: 'file', size: Number.MAX_SAFE_INTEGER },
})

const conformanceTree: MemoryDirectory = memoryTree(sound)
const withOddFiles: MemoryDirectory = memoryTree({ ...sound, lies: oddFiles })

/**
 * What every mount has to do, as tests. `make` gives a mount over the given tree, whose files hold as many
 * bytes of anything as the tree says; it is called once, and nothing changes the tree. With `odd` the tree has files as well
 * whose size or bytes the server does not give as it should.
 */
export function describeMount(
  { describe, test, expect, afterAll }: Runner,
  name: string,
  make: (tree: MemoryDirectory) => Promise<MadeMount>,
  { odd = false }: { readonly odd?: boolean } = {},
): void {
  const { signal } = new AbortController()

  let made: Promise<MadeMount> | undefined
  const withMount = (body: (mount: Mount) => Promise<void>) => async (): Promise<void> => {
    made ??= make(odd ? withOddFiles : conformanceTree)
    await body((await made).mount)
  }

  async function list(
    mount: Mount,
    path: string,
    options: { attributes?: boolean; resume?: string } = {},
  ): Promise<Entry[]> {
    const entries: Entry[] = []
    const { attributes = false, resume } = options
    for await (const page of mount.list({ path }, { attributes, resume, signal })) entries.push(...page.entries)
    return entries
  }

  const kinds = (entries: readonly Entry[]): Record<string, string> =>
    Object.fromEntries(entries.map(({ name: entry, kind }) => [entry, kind]))

  describe(`${name} as a mount`, () => {
    afterAll(async () => {
      const { mount, dispose } = (await made) ?? {}
      await mount?.close()
      await dispose?.()
    })

    test(
      'lists what is in a directory, and says what it is',
      withMount(async (mount) => {
        expect(kinds((await list(mount, '/')).filter(({ name: entry }) => entry !== 'lies'))).toEqual({
          'empty.txt': 'file',
          'small.bin': 'file',
          'large.bin': 'file',
          directory: 'directory',
          nothing: 'directory',
          link: 'symlink',
          'link to directory': 'symlink',
          dangling: 'symlink',
          fifo: 'other',
          odd: 'directory',
          many: 'directory',
        })
        expect(kinds(await list(mount, '/directory/inner'))).toEqual({ 'deep.txt': 'file' })
        expect(await list(mount, '/nothing')).toEqual([])
      }),
    )

    test(
      'lists each entry of a large directory once',
      withMount(async (mount) => {
        const names = (await list(mount, '/many')).map((entry) => entry.name)
        expect(names).toHaveLength(1_300)
        expect(new Set(names)).toEqual(new Set(Array.from({ length: 1_300 }, (_, at) => `f${at}`)))
      }),
    )

    test(
      'resumes where a page says that it can',
      withMount(async (mount) => {
        const seen: string[] = []
        for await (const page of mount.list({ path: '/many' }, { attributes: false, signal })) {
          seen.push(...page.entries.map((entry) => entry.name))
          if (page.resume === undefined) continue
          seen.push(...(await list(mount, '/many', { resume: page.resume })).map((entry) => entry.name))
          break
        }
        expect(seen.toSorted()).toEqual(Array.from({ length: 1_300 }, (_, at) => `f${at}`).toSorted())
      }),
    )

    test(
      'can be left in the middle of a listing',
      withMount(async (mount) => {
        for await (const page of mount.list({ path: '/many' }, { attributes: false, signal })) {
          expect(page.entries.length).toBeGreaterThan(0)
          break
        }
        expect(await list(mount, '/many')).toHaveLength(1_300)
      }),
    )

    test(
      'tells sizes and times when it is asked to',
      withMount(async (mount) => {
        const files = (await list(mount, '/', { attributes: true })).filter(({ kind }) => kind === 'file')
        expect(Object.fromEntries(files.map((file) => [file.name, file.size]))).toEqual({
          'empty.txt': 0,
          'small.bin': 1_000,
          'large.bin': 1_000_000,
        })
        for (const { modifiedMs } of files) expect(modifiedMs).toBeTypeOf('number')
      }),
    )

    test(
      'says what a path is, and does not follow a link at its end',
      withMount(async (mount) => {
        expect(await mount.stat('/', { signal })).toMatchObject({ kind: 'directory' })
        expect(await mount.stat('/small.bin', { signal })).toMatchObject({
          name: 'small.bin',
          kind: 'file',
          size: 1_000,
        })
        expect(await mount.stat('/directory/inner', { signal })).toMatchObject({ name: 'inner', kind: 'directory' })
        expect(await mount.stat('/link', { signal })).toMatchObject({ kind: 'symlink' })
        expect(await mount.stat('/dangling', { signal })).toMatchObject({ kind: 'symlink' })
        expect(await mount.stat('/fifo', { signal })).toMatchObject({ kind: 'other' })
      }),
    )

    test(
      'gives every directory an identity of its own, always the same',
      withMount(async (mount) => {
        const ids = await Promise.all(
          ['/', '/directory', '/directory/inner', '/nothing'].map(
            async (path) => (await mount.stat(path, { signal })).id,
          ),
        )
        expect(new Set(ids).size).toBe(4)
        expect((await mount.stat('/directory', { signal })).id).toBe(ids[1])
        expect(ids[1]).toBeTypeOf('string')
      }),
    )

    test(
      'knows a directory by one identity: looked at, listed, and on the way to what is in it',
      withMount(async (mount) => {
        const root = await mount.stat('/', { signal })
        const directory = await mount.stat('/directory', { signal })
        const { above } = await mount.stat('/directory/inner', { signal, above: true })
        const ids = [root.id, directory.id]
        // A mount that does not know says nothing.
        for (const [at, { id = ids[at] }] of (above ?? []).entries()) expect(id).toBe(ids[at])
        for await (const page of mount.list({ path: '/directory' }, { attributes: false, signal }))
          expect(page.directory?.id ?? directory.id).toBe(directory.id)
      }),
    )

    test.for([
      { path: '/empty.txt', offset: 0, length: 65_536, bytes: 0, end: true },
      { path: '/small.bin', offset: 0, length: 65_536, bytes: 1_000, end: true },
      { path: '/small.bin', offset: 0, length: 1_000, bytes: 1_000, end: true },
      { path: '/small.bin', offset: 990, length: 5, bytes: 5, end: false },
      { path: '/small.bin', offset: 990, length: 500, bytes: 10, end: true },
      { path: '/small.bin', offset: 5_000, length: 10, bytes: 0, end: true },
      { path: '/large.bin', offset: 0, length: 65_536, bytes: 65_536, end: false },
      { path: '/large.bin', offset: 0, length: Number.POSITIVE_INFINITY, bytes: 1_000_000, end: true },
      { path: '/large.bin', offset: 999_000, length: Number.POSITIVE_INFINITY, bytes: 1_000, end: true },
    ])('reads $length bytes of $path from $offset on', ({ path, offset, length, bytes, end }) =>
      withMount(async (mount) => {
        const outcome = await mount.read({ path }, { offset, length, signal })
        expect(outcome).toMatchObject({ bytes, end })
        if (!end) expect(outcome.size).toBe(path === '/small.bin' ? 1_000 : 1_000_000)
      })(),
    )

    test(
      'opens by the handle that a listing gave',
      withMount(async (mount) => {
        const small = (await list(mount, '/')).find((entry) => entry.name === 'small.bin')
        const outcome = await mount.read(
          { path: '/small.bin', handle: small?.handle },
          { offset: 0, length: 10_000, signal },
        )
        expect(outcome).toMatchObject({ bytes: 1_000, end: true })
      }),
    )

    test.for(['/link', '/dangling', '/fifo', '/directory'])('never opens %s, which is no regular file', (path) =>
      withMount(async (mount) => {
        await expect(mount.read({ path }, { offset: 0, length: 10, signal })).rejects.toMatchObject({
          code: 'NOT_A_FILE',
        })
      })(),
    )

    test(
      'says what is wrong with a path',
      withMount(async (mount) => {
        const read = { offset: 0, length: 10, signal }
        await expect(mount.stat('/missing', { signal })).rejects.toMatchObject({ code: 'NOT_FOUND' })
        await expect(mount.stat('/missing/below', { signal })).rejects.toMatchObject({ code: 'NOT_FOUND' })
        await expect(mount.read({ path: '/missing' }, read)).rejects.toMatchObject({ code: 'NOT_FOUND' })
        await expect(list(mount, '/missing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
        await expect(list(mount, '/small.bin')).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' })
        await expect(mount.stat('/small.bin/below', { signal })).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' })
        await expect(list(mount, '/link to directory')).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' })
      }),
    )

    test.for(oddNames.map((odd, at) => ({ odd, size: at + 1 })))('knows the name $odd by its bytes', ({ odd, size }) =>
      withMount(async (mount) => {
        expect((await list(mount, '/odd')).map((entry) => entry.name)).toContain(odd)
        expect(await mount.stat(`/odd/${odd}`, { signal })).toMatchObject({ name: odd, kind: 'file', size })
        const outcome = await mount.read({ path: `/odd/${odd}` }, { offset: 0, length: 100, signal })
        expect(outcome).toMatchObject({ bytes: size, end: true })
      })(),
    )

    if (odd) {
      test.for([
        ['stalls', 0, 65_536, 65_536],
        ['stalls', 0, 65_537, 65_536],
        ['stalls', 0, Number.POSITIVE_INFINITY, 65_536],
        ['stalls', 65_536, 1_000, 0],
        ['stalls', 65_000, Number.POSITIVE_INFINITY, 536],
        ['stalls', 5_000_000, Number.POSITIVE_INFINITY, 0],
        ['stalls at once', 0, 65_536, 0],
        ['ends early', 0, 4_096, 4_096],
        ['ends early', 0, 65_536, 4_096],
        ['ends early', 4_096, Number.POSITIVE_INFINITY, 0],
        ['ends at once', 0, 65_536, 0],
      ] as const)('takes nothing for the end of a file before its size: %s, %s, %s', ([file, offset, length, bytes]) =>
        withMount(async (mount) => {
          const listed = (await list(mount, '/lies')).find((entry) => entry.name === file)
          for (const target of [{ path: `/lies/${file}` }, { path: `/lies/${file}`, handle: listed?.handle }]) {
            const outcome = await mount.read(target, { offset, length, size: listed?.size, signal })
            expect(outcome).toMatchObject({ bytes, end: false })
            expect(outcome.size).toBe((await mount.stat(`/lies/${file}`, { signal })).size)
          }
        })(),
      )

      test.for([
        [0, Number.POSITIVE_INFINITY, 300_000, true],
        [0, 100_000, 100_000, false],
        [290_000, 50_000, 10_000, true],
      ] as const)('reads on where requests bring less than was asked: from %s, %s', ([offset, length, bytes, end]) =>
        withMount(async (mount) => {
          const outcome = await mount.read({ path: '/lies/comes in drops' }, { offset, length, signal })
          expect(outcome).toMatchObject({ bytes, end, size: 300_000 })
        })(),
      )

      test.for(['absurd', 'just beyond'])('refuses a file of a size that can not be meant: %s', (file) =>
        withMount(async (mount) => {
          const listed = (await list(mount, '/lies')).find((entry) => entry.name === file)
          for (const size of [undefined, listed?.size])
            for (const handle of [undefined, listed?.handle])
              await expect(
                mount.read({ path: `/lies/${file}`, handle }, { offset: 0, length: 65_536, size, signal }),
              ).rejects.toMatchObject({ code: 'TOO_LARGE' })
        })(),
      )

      test(
        'reads of a vast file what is asked of it',
        withMount(async (mount) => {
          const outcome = await mount.read({ path: '/lies/vast' }, { offset: 0, length: 65_536, signal })
          expect(outcome).toMatchObject({ bytes: 65_536, end: false, size: Number.MAX_SAFE_INTEGER })
        }),
      )
    }

    test(
      'reads what a link says, where it can',
      withMount(async (mount) => {
        if (!mount.readLink) return
        expect(await mount.readLink('/link', { signal })).toBe('small.bin')
        expect(await mount.readLink('/dangling', { signal })).toBe('nowhere')
      }),
    )

    test(
      'does nothing more once the signal aborts',
      withMount(async (mount) => {
        const abort = new AbortController()
        const reason = new Error('enough')
        const pages = mount.list({ path: '/many' }, { attributes: false, signal: abort.signal })[Symbol.asyncIterator]()
        abort.abort(reason)
        await expect(pages.next()).rejects.toBe(reason)
        const read = mount.read({ path: '/large.bin' }, { offset: 0, length: 10, signal: abort.signal })
        await expect(read).rejects.toBe(reason)
        await expect(mount.stat('/', { signal: abort.signal })).rejects.toBe(reason)
      }),
    )
  })
}
