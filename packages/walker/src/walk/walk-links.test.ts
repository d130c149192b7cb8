import { describe, expect, test } from 'vitest'
import type { Mount } from '../mounts/mount.ts'
import { memoryMount, memoryTree, type RecordedMount, recorded, type TreeLiteral, until } from '../testing/index.ts'
import type { WalkOptions } from './options.ts'
import { type Walk, walk } from './walk.ts'

async function walked(
  tree: TreeLiteral | Mount,
  options: WalkOptions,
): Promise<Walk & { files: string[]; mount: RecordedMount }> {
  const isMount = 'read' in tree && typeof tree.read === 'function'
  const mount = recorded(isMount ? (tree as Mount) : memoryMount({ name: 'm', tree: memoryTree(tree as TreeLiteral) }))
  const under = walk([mount], { ...options, entries: 'all' })
  const files: string[] = []
  for await (const entry of under) {
    if (entry.kind === 'file') files.push(entry.path)
    else if (entry.kind === 'failed') files.push(`${entry.error.code} ${entry.path}`)
  }
  return Object.assign(under, { files: files.toSorted(), mount })
}

const reads = (mount: RecordedMount): string[] =>
  mount.calls.flatMap(({ operation, path }) => (operation === 'read' ? path : [])).toSorted()

describe('symbolic links', () => {
  const tree: TreeLiteral = {
    data: { real: 10, deep: { inner: 3 } },
    file: 'data/real',
    absolute: '/data/real',
    chain: 'file',
    directory: 'data/deep',
    fifo: { kind: 'other' },
    special: 'fifo',
  }

  test('are left alone unless asked for', async () => {
    const { files, counters } = await walked(tree, {})
    expect(files).toEqual(['/data/deep/inner', '/data/real'])
    expect(counters).toMatchObject({ files: 2, specialSkipped: 6 })
  })

  test('files: are read under their own path, by the path of what they lead to', async () => {
    const { files, counters, mount } = await walked(tree, { symlinks: 'files' })
    expect(files).toEqual(['/absolute', '/chain', '/data/deep/inner', '/data/real', '/file'])
    expect(reads(mount)).toEqual(['/data/deep/inner', '/data/real', '/data/real', '/data/real', '/data/real'])
    // The FIFO, the link to it, and the link to a directory.
    expect(counters).toMatchObject({ files: 5, bytes: 43, specialSkipped: 3 })
  })

  test('all: directories are walked under the path of the link', async () => {
    const { files, counters, mount } = await walked(tree, { symlinks: 'all' })
    expect(files).toContain('/directory/inner')
    expect(reads(mount).filter((path) => path === '/data/deep/inner')).toHaveLength(2)
    expect(counters).toMatchObject({ files: 6, directories: 4, specialSkipped: 2 })
  })

  test('that lead nowhere are failures', async () => {
    const { files } = await walked({ gone: 'nowhere', below: 'gone/x' }, { symlinks: 'files' })
    expect(files).toEqual(['NOT_FOUND /below', 'NOT_FOUND /gone'])
  })

  test.for(['../outside', '/../outside', 'd/../../outside', '..', 'up'])('never out of the export: %s', async (to) => {
    const { files } = await walked({ d: {}, link: to, up: '..' }, { symlinks: 'all' })
    expect(files).toContain('OUTSIDE /link')
  })

  test('may go up and down within the export', async () => {
    const { files } = await walked({ a: { b: { link: '../../c/./f' } }, c: { f: 1 } }, { symlinks: 'files' })
    expect(files).toEqual(['/a/b/link', '/c/f'])
  })

  test('in a circle are failures', async () => {
    const { files } = await walked({ a: 'b', b: 'a', self: 'self' }, { symlinks: 'all' })
    expect(files).toEqual(['LOOP /a', 'LOOP /b', 'LOOP /self'])
  })

  test('that lead back to a directory they lie in are one failure each, not an endless walk', async () => {
    const { files, counters } = await walked(
      { a: { f: 1, up: '..', here: '.', b: { top: '/a' } } },
      { symlinks: 'all' },
    )
    expect(files).toEqual(['/a/f', 'LOOP /a/b/top', 'LOOP /a/here', 'LOOP /a/up'])
    expect(counters).toMatchObject({ files: 1, directories: 3, failures: { LOOP: 3 } })
  })

  test('to each other`s directories end where a directory would come a second time', async () => {
    const { files } = await walked({ a: { f: 1, b: '/b' }, b: { g: 1, a: '/a' } }, { symlinks: 'all' })
    expect(files).toEqual(['/a/b/g', '/a/f', '/b/a/f', '/b/g', 'LOOP /a/b/a', 'LOOP /b/a/b'])
  })

  test('pass the filter by what they lead to', async () => {
    const filter = {
      needsAttributes: false,
      size: () => true,
      modified: () => true,
      file: (_path: string, name: string) => name.endsWith('.txt'),
      directory: (_path: string, name: string) => name !== 'pruned',
    }
    const literal: TreeLiteral = {
      d: { 'f.txt': 1 },
      'link.txt': 'd/f.txt',
      'link.jpg': 'd/f.txt',
      pruned: 'd',
      kept: 'd',
    }
    const { files, counters } = await walked(literal, { symlinks: 'all', filter })
    expect(files).toEqual(['/d/f.txt', '/kept/f.txt', '/link.txt'])
    expect(counters.entriesSkipped).toBe(2)
  })

  test('on the way to a part are followed, and its loops are found as from the root', async () => {
    const literal: TreeLiteral = { real: { deep: { f: 10, loop: '/real' } }, link: 'real' }
    const tree = await walked(literal, { symlinks: 'all', parts: [{ kind: 'tree', path: '/link/deep' }] })
    expect(tree.files).toEqual(['/link/deep/f', 'LOOP /link/deep/loop'])
    const names = await walked(literal, {
      symlinks: 'files',
      parts: [{ kind: 'files', directory: '/link/deep', names: ['f'] }],
    })
    expect(names.files).toEqual(['/link/deep/f'])
    expect(reads(names.mount)).toEqual(['/real/deep/f'])
    const range = await walked(literal, {
      symlinks: 'files',
      parts: [{ kind: 'range', path: '/link/deep/f', offset: 0, ordinal: 0 }],
    })
    expect(reads(range.mount)).toEqual(['/real/deep/f'])
  })

  test('are looked at through another mount when one does not answer', async () => {
    const mounts = ['one', 'two'].map((name) =>
      memoryMount({
        name,
        tree: memoryTree({ f: 1, link: 'f' }),
        faults: (operation) =>
          operation !== 'read' && operation !== 'list' && name === 'one' ? 'MOUNT_DOWN' : undefined,
      }),
    )
    const under = walk(mounts, { symlinks: 'files', entries: 'none' })
    await under.done
    expect(under.counters).toMatchObject({ files: 2, failures: {} })
  })

  test('that are handed away are parts of their own', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree({ f: 1, link: 'f', other: 'f' }) }))
    mount.hold(({ operation, path }) => operation === 'stat' && path === '/other')
    const under = walk([mount], { symlinks: 'files', entries: 'none', listings: 1, concurrency: 1 })
    await until(() => mount.held === 1)
    expect(under.take(5)).toEqual([{ part: { kind: 'tree', path: '/link' }, scope: undefined }])
    mount.release()
    await under.done
    expect(under.counters.files).toBe(2)
  })
})
