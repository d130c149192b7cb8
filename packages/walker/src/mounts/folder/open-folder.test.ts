import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openFolder } from './open-folder.ts'

let outer: string
beforeEach(() => {
  outer = realpathSync(mkdtempSync(join(tmpdir(), 'cachewarmer-open-')))
  mkdirSync(join(outer, 'mounts/10.0.1.11/animation/data'), { recursive: true })
  mkdirSync(join(outer, 'secret'))
  writeFileSync(join(outer, 'mounts/10.0.1.11/animation/data/frame'), 'x')
  // What a user of the filer may make in the export.
  symlinkSync(join(outer, 'secret'), join(outer, 'mounts/10.0.1.11/animation/evil'))
  symlinkSync('/', join(outer, 'mounts/10.0.1.11/animation/root'))
  symlinkSync('data', join(outer, 'mounts/10.0.1.11/animation/harmless'))
})
afterEach(() => rmSync(outer, { recursive: true }))

const opens = (path: string, within = 'mounts'): string[] => {
  const folder = openFolder(join(outer, path), join(outer, within))
  try {
    return readdirSync(`${folder.path}/.`)
  } finally {
    folder.close()
  }
}

test("a folder below the operator's own is opened, and so is that one itself", () => {
  expect(opens('mounts/10.0.1.11/animation/data')).toEqual(['frame'])
  expect(opens('mounts')).toEqual(['10.0.1.11'])
})

test.each(['evil', 'root', 'root/etc', 'harmless', 'root/proc/self'])(
  'a link on the way, as %s, is not followed wherever it leads',
  (name) => {
    expect(() => opens(`mounts/10.0.1.11/animation/${name}`)).toThrow(expect.objectContaining({ code: 'OUTSIDE' }))
  },
)

test('links of the operator, above that, are', () => {
  symlinkSync('mounts', join(outer, 'alias'))
  expect(opens('alias/10.0.1.11/animation/data', 'alias')).toEqual(['frame'])
})

test.each([
  ['mounts/10.0.1.12/animation', 'NOT_FOUND'],
  ['mounts/10.0.1.11/animation/data/frame', 'OUTSIDE'],
])('%s is refused as %s', (path, code) => {
  expect(() => opens(path)).toThrow(expect.objectContaining({ code }))
})

test('nothing stays open', () => {
  const open = (): number => readdirSync('/proc/self/fd').length
  const before = open()
  for (const name of ['data', 'evil', 'missing']) {
    try {
      opens(`mounts/10.0.1.11/animation/${name}`)
    } catch {
      // Refused, as it should be.
    }
  }
  expect(open()).toBe(before)
})

// As `umount -l` does it: in a namespace of its own, where the kernel lets this user make one.
const alone = ['--user', '--map-root-user', '--mount']
const mayMount = spawnSync('unshare', [...alone, 'mount', '-t', 'tmpfs', 'none', tmpdir()]).status === 0

test.skipIf(!mayMount)('once its file system is unmounted, nothing of the machine lies in it', () => {
  const script = `
    import { execFileSync } from 'node:child_process'
    import { writeFileSync } from 'node:fs'
    import { folderMount } from ${JSON.stringify(new URL('../../index.ts', import.meta.url).href)}
    const folder = ${JSON.stringify(join(outer, 'mounts/10.0.1.11'))}
    execFileSync('mount', ['-t', 'tmpfs', 'none', folder])
    execFileSync('ln', ['-s', ${JSON.stringify(join(outer, 'secret'))}, folder + '/evil'])
    writeFileSync(folder + '/frame', 'x')
    const mount = folderMount({ folder, within: ${JSON.stringify(join(outer, 'mounts'))} })
    const read = (path) => mount.read({ path }, { offset: 0, length: 9, signal: new AbortController().signal })
      .then(({ bytes }) => bytes, ({ code }) => code)
    const before = [await read('/frame'), await read('/evil/file')]
    execFileSync('umount', ['-l', folder])
    console.log(JSON.stringify([before, await read('/frame'), await read('/evil/file')]))
    await mount.close()`
  writeFileSync(join(outer, 'secret/file'), 'secret')
  const { stdout } = spawnSync('unshare', [...alone, process.execPath, '--input-type=module', '-e', script])
  expect(JSON.parse(stdout.toString())).toEqual([[1, 'OUTSIDE'], 1, 'STALE'])
})
