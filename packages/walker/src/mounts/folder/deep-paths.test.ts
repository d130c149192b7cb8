import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { walk } from '../../walk/walk.ts'
import { ExportGuard } from './export-guard.ts'
import { folderMount } from './folder-mount.ts'
import { openFolder } from './open-folder.ts'

const name = 'd'.repeat(200)
/** Deeper than the kernel takes a path (4,096 bytes), and than the walk does (8,192). */
const depth = 45
const deepest = 8_192
const pathAt = (at: number): string => `/${name}`.repeat(at)
const fileBytes = 100

/** Each directory is made in the one above it, by its descriptor. Every one has a file, and a link to the export's root. */
function makeDeep(folder: string): void {
  let fd = openSync(folder, 'r')
  for (let at = 0; at <= depth; at++) {
    const here = `/proc/self/fd/${fd}`
    writeFileSync(`${here}/file`, Buffer.alloc(fileBytes))
    symlinkSync(folder, `${here}/link`)
    mkdirSync(`${here}/${name}`)
    const below = openSync(`${here}/${name}`, 'r')
    closeSync(fd)
    fd = below
  }
  closeSync(fd)
}

describe.skipIf(process.platform !== 'linux')('paths that are longer than the kernel takes', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'deep-paths-'))
    makeDeep(folder)
  })
  afterAll(() => {
    execFileSync('rm', ['-rf', folder])
  })

  test('are walked and read; what lies beyond the bound of the walk is named', async () => {
    const mount = folderMount({ folder })
    const warm = walk([mount], { entries: 'none' })
    await warm.done
    const files = Array.from({ length: depth }, (_, at) => `${pathAt(at)}/file`).filter(
      (path) => path.length <= deepest,
    )
    expect(files.at(-1)?.length).toBeGreaterThan(8_000)
    expect(warm.counters).toMatchObject({ files: files.length, bytes: files.length * fileBytes })
    expect(new Set(warm.takeFailures().map(({ code }) => code))).toEqual(new Set(['NAME_TOO_LONG']))
    await mount.close()
  })

  test('can be asked for one by one, without what is above them', async () => {
    const mount = folderMount({ folder })
    const { signal } = new AbortController()
    const path = `${pathAt(35)}/file`
    expect(await mount.stat(path, { signal })).toMatchObject({ kind: 'file', size: fileBytes })
    expect(await mount.read({ path }, { offset: 0, length: 1_000, signal })).toMatchObject({ bytes: fileBytes })
    expect(await mount.readLink?.(`${pathAt(35)}/link`, { signal })).toBe('/')
    await expect(mount.stat(`${pathAt(35)}/missing/file`, { signal })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await mount.close()
  })

  test('lead through no link, nor through a file', async () => {
    const guard = new ExportGuard(openFolder(folder))
    await expect(guard.enter(`${pathAt(35)}/link`)).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' })
    await expect(guard.enter(`${pathAt(35)}/link/${name}`)).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' })
    await expect(guard.enter(`${pathAt(35)}/file`)).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' })
    guard.close()
  })
})
