import { readdirSync, readlinkSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ExportGuard } from './export-guard.ts'
import { mountPoints } from './file-system.ts'
import { openFolder } from './open-folder.ts'

let outer: string
let guard: ExportGuard
beforeEach(async () => {
  outer = await realpath(await mkdtemp(join(tmpdir(), 'cachewarmer-guard-')))
  for (const [folder, file] of [
    ['export/d/inner', 'inside'],
    ['outside/inner', 'secret'],
  ] as const) {
    await mkdir(join(outer, folder), { recursive: true })
    await writeFile(join(outer, folder, file), file)
  }
  guard = new ExportGuard(openFolder(join(outer, 'export')))
})
afterEach(() => {
  guard.close()
  return rm(outer, { recursive: true })
})

const swap = async (): Promise<void> => {
  await rename(join(outer, 'export/d'), join(outer, 'export/away'))
  await symlink('../outside', join(outer, 'export/d'))
}

test('a directory that was entered is the one that is listed, though a link has its place by then', async () => {
  const entered = await guard.enter('/d/inner')
  await swap()
  expect(await readdir(entered.path)).toEqual(['inside'])
  entered.release()
})

test.each(['/d', '/d/inner'])('%s is not entered once a link leads out of the export on its way', async (directory) => {
  await swap()
  await expect(guard.enter(directory)).rejects.toMatchObject({ code: 'OUTSIDE' })
})

test('a link within the export is no directory, but one on the way is', async () => {
  await symlink('d', join(outer, 'export/link'))
  await expect(guard.enter('/link')).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' })
  const entered = await guard.enter('/link/inner')
  expect(await readdir(entered.path)).toEqual(['inside'])
  entered.release()
})

test('a file is read in the directory that was looked at, though a link has its place by then', async () => {
  const held = await guard.hold('/d/inner')
  await swap()
  expect(await readFile(held.in('inside'), 'utf8')).toBe('inside')
  held.release()
  const again = await guard.hold('/d/inner')
  expect(await readFile(again.in('inside'), 'utf8')).toBe('inside')
  again.release()
})

test('the export stays the same one, though a link has its place by then', async () => {
  await rename(join(outer, 'export'), join(outer, 'renamed'))
  await symlink('outside', join(outer, 'export'))
  const held = await guard.hold('/d/inner')
  expect(await readdir(held.path)).toEqual(['inside'])
  held.release()
})

test('many that ask for a directory at once share it, and in the end nothing is left open', async () => {
  const open = (): number => readdirSync('/proc/self/fd').length
  const before = open()
  for (let at = 0; at < 300; at++) await mkdir(join(outer, 'export/many', String(at)), { recursive: true })
  await Promise.all(
    Array.from({ length: 300 }, async (_, at) => {
      const users = await Promise.all(Array.from({ length: 5 }, async () => guard.hold(`/many/${at}`)))
      expect(new Set(users).size).toBe(1)
      for (const user of users) user.release()
    }),
  )
  await new Promise((resolve) => setImmediate(resolve))
  expect(open() - before).toBeLessThanOrEqual(128)
  guard.close()
  expect(open()).toBe(before - 1)
  guard = new ExportGuard(openFolder(join(outer, 'export')))
})

test('what is mounted below is out of the export for a guard of one file system', async () => {
  const below =
    mountPoints()
      .find((point) => /^\/dev\/[^/]+$/.test(point))
      ?.slice('/dev'.length) ?? ''
  expect(below).not.toBe('')
  const strict = new ExportGuard(openFolder('/dev'), { oneFileSystem: true })
  await expect(strict.enter(below)).rejects.toMatchObject({ code: 'OUTSIDE' })
  ;(await strict.enter('/')).release()
  strict.close()
  const wide = new ExportGuard(openFolder('/dev'))
  ;(await wide.enter(below)).release()
  wide.close()
})

test('what is in use closes with its last user', async () => {
  const held = await guard.hold('/d/inner')
  const same = await guard.hold('/d/inner')
  guard.close()
  held.release()
  expect(await readdir(same.path)).toEqual(['inside'])
  same.release()
  await new Promise((resolve) => setImmediate(resolve))
  await expect(readdir(same.path)).rejects.toThrow()
  guard = new ExportGuard(openFolder(join(outer, 'export')))
})

test('what is asked for while it closes finds no other folder under its number, and leaves nothing open', async () => {
  const open = (): string[] => readdirSync('/proc/self/fd').map((fd) => placeOf(fd))
  const before = open().filter((place) => place.startsWith(outer)).length
  await mkdir(join(outer, 'other/d/inner'), { recursive: true })
  const holding = Array.from({ length: 100 }, async (_, at) =>
    guard.hold(at === 0 ? '/d' : `/d/${'./'.repeat(at)}inner`),
  )
  guard.close()
  const other = openFolder(join(outer, 'other'))
  const held = await Promise.all(holding)
  expect(
    new Set(held.map(({ path }) => placeOf(String(path).split('/')[4] ?? '').startsWith(join(outer, 'export')))),
  ).toEqual(new Set([true]))
  for (const one of held) one.release()
  other.close()
  await new Promise((resolve) => setImmediate(resolve))
  expect(open().filter((place) => place.startsWith(outer)).length).toBe(before - 1)
  await expect(Promise.resolve(guard.hold('/d')).then(() => 'held')).rejects.toMatchObject({ code: 'OTHER' })
  guard = new ExportGuard(openFolder(join(outer, 'export')))
})

function placeOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}
