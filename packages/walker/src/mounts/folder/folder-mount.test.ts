import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { mkdir, open, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeMount } from '../../testing/describe-mount.ts'
import { type FolderTree, folderTree } from '../../testing/folder-tree.ts'
import { manyEntries, memoryTree } from '../../testing/memory-tree.ts'
import { walk } from '../../walk/walk.ts'
import type { Entry, Mount } from '../mount.ts'
import { folderMount, openReadLane } from './folder-mount.ts'

describeMount({ afterAll, describe, expect, test }, 'folder', async (tree) => {
  const { folder, dispose } = await folderTree(tree)
  return { mount: folderMount({ folder }), dispose }
})

describeMount({ afterAll, describe, expect, test }, 'folder, far away', async (tree) => {
  const { folder, dispose } = await folderTree(tree)
  const lane = openReadLane()
  await lane.close()
  return { mount: folderMount({ folder, lane }), dispose }
})

const { signal } = new AbortController()
const head = { offset: 0, length: 65_536, signal }

async function list(mount: Mount, path: string): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const page of mount.list({ path }, { attributes: false, signal })) entries.push(...page.entries)
  return entries
}

describe('a folder', () => {
  let outer: FolderTree
  let folder: string
  let mount: Mount

  beforeEach(async () => {
    outer = await folderTree(
      memoryTree({ secret: { key: 10 }, export: { d: { f: 1_000 }, out: '../secret', in: 'd', up: '..' } }),
    )
    folder = join(outer.folder, 'export')
    mount = folderMount({ folder })
  })
  afterEach(async () => {
    await mount.close()
    await outer.dispose()
  })

  test('that is missing, or a file, is named in the error', async () => {
    await writeFile(join(folder, 'file'), '')
    const missing = join(folder, 'missing')
    expect(() => folderMount({ folder: missing })).toThrow(
      expect.objectContaining({
        code: 'NOT_FOUND',
        message: `folder is "${missing}", expected a folder that is there`,
      }),
    )
    expect(() => folderMount({ folder: join(folder, 'file') })).toThrow(
      expect.objectContaining({ code: 'NOT_A_DIRECTORY', message: expect.stringContaining('it is a file') }),
    )
  })

  test('may itself be reached over a link', async () => {
    await symlink(folder, join(outer.folder, 'alias'))
    const alias = folderMount({ folder: join(outer.folder, 'alias') })
    expect(alias.name).toBe(join(outer.folder, 'alias'))
    expect(await alias.read({ path: '/d/f' }, head)).toMatchObject({ bytes: 1_000 })
    await symlink(join(outer.folder, 'alias', 'd', 'f'), join(folder, 'absolute'))
    expect(await alias.readLink?.('/absolute', { signal })).toBe('/d/f')
    await alias.close()
  })

  test('lets nothing out, for any path and operation', async () => {
    const outside = expect.objectContaining({ code: 'OUTSIDE' })
    await expect(mount.read({ path: '/out/key' }, head)).rejects.toEqual(outside)
    await expect(mount.stat('/out/key', { signal })).rejects.toEqual(outside)
    await expect(mount.readLink?.('/up/export/in', { signal })).resolves.toBe('d')
    await expect(mount.readLink?.('/out/key', { signal })).rejects.toEqual(outside)
    await expect(list(mount, '/out')).rejects.toEqual(outside)
    await expect(list(mount, '/up')).rejects.toEqual(outside)
    await expect(list(mount, '/up/secret')).rejects.toEqual(outside)
  })

  test('does not take a neighbour whose name begins the same for a part of itself', async () => {
    await mkdir(join(outer.folder, 'export2'))
    await symlink('../export2', join(folder, 'neighbour'))
    await expect(list(mount, '/neighbour')).rejects.toMatchObject({ code: 'OUTSIDE' })
  })

  test('may be walked over a link on the way that stays within', async () => {
    expect(await mount.read({ path: '/in/f' }, head)).toMatchObject({ bytes: 1_000 })
    expect(await mount.stat('/in/f', { signal })).toMatchObject({ kind: 'file' })
  })

  test('a directory that is swapped for a link leading out is not listed', async () => {
    expect(await list(mount, '/d')).toHaveLength(1)
    await rm(join(folder, 'd'), { recursive: true })
    await symlink('../secret', join(folder, 'd'))
    await expect(list(mount, '/d')).rejects.toMatchObject({ code: 'OUTSIDE' })
  })

  test.for(['link', 'FIFO', 'directory'] as const)(
    'a file that is swapped for a %s is not read, without a wait',
    async (kind) => {
      const [entry] = await list(mount, '/d')
      const path = join(folder, 'd', 'f')
      await rename(path, join(folder, 'away'))
      if (kind === 'link') await symlink('../away', path)
      else if (kind === 'directory') await mkdir(path)
      else await promisify(execFile)('mkfifo', [path])
      for (const handle of [entry?.handle, undefined])
        await expect(mount.read({ path: '/d/f', handle }, head)).rejects.toMatchObject({ code: 'NOT_A_FILE' })
    },
  )

  test('what no listing called a file is not even opened when it is none', async () => {
    const path = join(folder, 'fifo')
    await promisify(execFile)('mkfifo', [path])
    let opened = false
    // Opens only when the FIFO is opened to read.
    const writer = open(path, 'w').then((file) => {
      opened = true
      return file.close()
    })
    const lane = openReadLane()
    const far = folderMount({ folder, lane })
    for (const one of [mount, far])
      await expect(one.read({ path: '/fifo' }, head)).rejects.toMatchObject({ code: 'NOT_A_FILE' })
    await lane.close()
    expect(await far.read({ path: '/d/f' }, head)).toMatchObject({ bytes: 1_000 })
    await expect(far.read({ path: '/fifo' }, head)).rejects.toMatchObject({ code: 'NOT_A_FILE' })
    expect(opened).toBe(false)
    await (await open(path, constants.O_RDONLY | constants.O_NONBLOCK)).close()
    await writer
  })

  test('a socket is neither opened nor a failure of a walk', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve))
    try {
      await expect(mount.read({ path: '/socket' }, head)).rejects.toMatchObject({ code: 'NOT_A_FILE' })
      const under = walk([mount], { entries: 'none' })
      await under.done
      expect(under.counters).toMatchObject({ directories: 2, files: 1, specialSkipped: 4, failures: {} })
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })

  test('a file that vanishes after its listing is a failure', async () => {
    const [entry] = await list(mount, '/d')
    await unlink(join(folder, 'd', 'f'))
    await expect(mount.read({ path: '/d/f', handle: entry?.handle }, head)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a name that no file can have is not found, a long one too long', async () => {
    await expect(mount.read({ path: '/d/\ud800' }, head)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(mount.stat('/d/\ud800', { signal })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(mount.stat(`/d/${'x'.repeat(300)}`, { signal })).rejects.toMatchObject({ code: 'NAME_TOO_LONG' })
  })

  test('an absolute link leads within the export only if it names the folder', async () => {
    await symlink(join(folder, 'd', 'f'), join(folder, 'inside'))
    await symlink(folder, join(folder, 'root'))
    await symlink('/etc/passwd', join(folder, 'outside'))
    await symlink(`${folder}2/f`, join(folder, 'neighbour'))
    expect(await mount.readLink?.('/inside', { signal })).toBe('/d/f')
    expect(await mount.readLink?.('/root', { signal })).toBe('/')
    await expect(mount.readLink?.('/outside', { signal })).rejects.toMatchObject({ code: 'OUTSIDE' })
    await expect(mount.readLink?.('/neighbour', { signal })).rejects.toMatchObject({ code: 'OUTSIDE' })
  })

  test('an abort ends a read between blocks', async () => {
    await promisify(execFile)('truncate', ['-s', '1T', join(folder, 'huge')])
    const abort = new AbortController()
    const read = mount.read({ path: '/huge' }, { offset: 0, length: Number.POSITIVE_INFINITY, signal: abort.signal })
    setTimeout(() => abort.abort('enough'), 5)
    await expect(read).rejects.toBe('enough')
  })

  test('an abort ends a listing between pages', async () => {
    const many = await folderTree(manyEntries(1_100, () => ({ kind: 'file', size: 0 })))
    const abort = new AbortController()
    const pages = folderMount({ folder: many.folder }).list({ path: '/' }, { attributes: false, signal: abort.signal })
    const iterator = pages[Symbol.asyncIterator]()
    expect((await iterator.next()).value?.entries).toHaveLength(1_024)
    abort.abort('enough')
    await expect(iterator.next()).rejects.toBe('enough')
    await many.dispose()
  })

  test('attributes that are asked for and can not be had leave the entry as it is', async () => {
    for await (const { entries } of mount.list({ path: '/d' }, { attributes: true, signal }))
      expect(entries).toMatchObject([{ name: 'f', kind: 'file', size: 1_000, modifiedMs: expect.any(Number) }])
  })
})

test('a folder is walked through three mounts, odd names, links and all', async () => {
  const tree = memoryTree({
    'a b': { '\udcff': 5, 'new\nline': 70_000, link: '../c/f' },
    c: { f: 3, deep: { g: 200_000 } },
    loop: '.',
    fifo: { kind: 'other' },
  })
  const { folder, dispose } = await folderTree(tree)
  const mounts = ['one', 'two', 'three'].map((name) => folderMount({ folder, name }))
  try {
    const under = walk(mounts, {
      symlinks: 'all',
      entries: 'none',
      headBytes: Number.POSITIVE_INFINITY,
      chunkBytes: 65_536,
    })
    await under.done
    const bytes = 5 + 70_000 + 3 + 200_000 + 3
    expect(under.counters).toMatchObject({ directories: 4, files: 5, bytes, specialSkipped: 1, failures: { LOOP: 1 } })
    for (const counts of Object.values(under.counters.mounts))
      expect(counts).toMatchObject({ files: 5, bytes, failures: 0 })
  } finally {
    await Promise.all(mounts.map((mount) => mount.close()))
    await dispose()
  }
})
