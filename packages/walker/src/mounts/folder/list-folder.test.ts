import type { opendir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FolderTree, folderTree } from '../../testing/folder-tree.ts'
import { manyEntries, memoryTree } from '../../testing/memory-tree.ts'
import type { Entry } from '../mount.ts'
import { type ListFolderOptions, listFolder } from './list-folder.ts'

/** A directory that tells what these names are, and of the others nothing, which Node then fails at in this way. */
function tellsOnly(names: readonly string[]): { open: typeof opendir; closed: () => boolean } {
  let closed = false
  let at = 0
  const directory = {
    read(callback: (error: Error | null, found: object | null) => void): void {
      const name = names[at++]
      const kinds = { isFile: () => true, isDirectory: () => false, isSymbolicLink: () => false }
      const error = Object.assign(new TypeError('must be of type string'), { code: 'ERR_INVALID_ARG_TYPE' })
      setImmediate(() => (name === undefined ? callback(error, null) : callback(null, { ...kinds, name })))
    },
    async close(): Promise<void> {
      closed = true
    },
  }
  return { open: (async () => directory) as unknown as typeof opendir, closed: () => closed }
}

async function pagesOf(folder: string, options: ListFolderOptions = { tellsAllKinds: true }): Promise<Entry[][]> {
  const pages: Entry[][] = []
  for await (const page of listFolder(Buffer.from(folder), options)) pages.push(page)
  return pages
}

const kinds = (entries: readonly Entry[]): Record<string, string> =>
  Object.fromEntries(entries.map(({ name, kind }) => [name, kind]))

describe('a directory that does not tell what its names are', () => {
  let tree: FolderTree
  let many: FolderTree
  beforeAll(async () => {
    tree = await folderTree(memoryTree({ f: 7, d: {}, link: 'f', '\udcff': 1, fifo: { kind: 'other' } }))
    many = await folderTree(manyEntries(2_500, () => ({ kind: 'file', size: 0 })))
  })
  afterAll(() => Promise.all([tree.dispose(), many.dispose()]))

  test.for([true, false])('is listed by looking at each of them (tellsAllKinds: %s)', async (tellsAllKinds) => {
    const { open, closed } = tellsOnly([])
    const entries = (await pagesOf(tree.folder, { tellsAllKinds, open })).flat()
    expect(kinds(entries)).toEqual({ f: 'file', d: 'directory', link: 'symlink', '\udcff': 'file', fifo: 'other' })
    expect(entries.find(({ name }) => name === 'f')).toMatchObject({ size: 7, modifiedMs: expect.any(Number) })
    expect(closed()).toBe(true)
  })

  test('from some page on, gives the names that are left, each once', async () => {
    // Node sorts names that come without kinds, so their order is another than before.
    const names = (await pagesOf(many.folder)).flat().map(({ name }) => name)
    const told = names.slice(0, 1_024).toReversed()
    const pages = await pagesOf(many.folder, { tellsAllKinds: false, open: tellsOnly(told).open })
    expect(pages.map((page) => page.length)).toEqual([1_024, 1_024, 452])
    expect(
      pages
        .flat()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(names.toSorted())
  })

  test('although its file system always does, is a failure rather than a guess', async () => {
    const told = Array.from({ length: 1_024 }, (_, at) => `f${at}`)
    const pages = pagesOf(many.folder, { tellsAllKinds: true, open: tellsOnly(told).open })
    await expect(pages).rejects.toMatchObject({ code: 'LISTING_CHANGED' })
  })
})

test('other errors of a listing go out as they are', async () => {
  await expect(pagesOf('/nowhere/at/all')).rejects.toMatchObject({ code: 'ENOENT' })
})
