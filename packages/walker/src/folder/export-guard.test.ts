import { mkdir, mkdtemp, readdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ExportGuard } from './export-guard.ts'

let outer: string
let guard: ExportGuard
const traits = { closesAtOnce: true }
beforeEach(async () => {
  outer = await realpath(await mkdtemp(join(tmpdir(), 'cachewarmer-guard-')))
  for (const [folder, file] of [
    ['export/d/inner', 'inside'],
    ['outside/inner', 'secret'],
  ] as const) {
    await mkdir(join(outer, folder), { recursive: true })
    await writeFile(join(outer, folder, file), file)
  }
  guard = new ExportGuard(join(outer, 'export'))
})
afterEach(() => rm(outer, { recursive: true }))

const swap = async (): Promise<void> => {
  await rename(join(outer, 'export/d'), join(outer, 'export/away'))
  await symlink('../outside', join(outer, 'export/d'))
}

test('a directory that was entered is the one that is listed, though a link has its place by then', async () => {
  const entered = await guard.enter('/d/inner', traits)
  await swap()
  expect(await readdir(entered.path)).toEqual(['inside'])
  entered.close()
})

test.each(['/d', '/d/inner'])('%s is not entered once a link leads out of the export on its way', async (directory) => {
  await swap()
  await expect(guard.enter(directory, traits)).rejects.toMatchObject({ code: 'OUTSIDE' })
})

test('a link within the export is no directory, but one on the way is', async () => {
  await symlink('d', join(outer, 'export/link'))
  await expect(guard.enter('/link', traits)).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' })
  const entered = await guard.enter('/link/inner', traits)
  expect(await readdir(entered.path)).toEqual(['inside'])
  entered.close()
})
