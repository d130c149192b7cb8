import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { directory, file, link, startNfsServer } from '@cachewarmer/nfs/testing'
import { describe, expect, test } from 'vitest'
import { Lab } from '../support/lab.ts'
import { root } from '../support/repository.ts'

const example = (name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  promisify(execFile)(process.execPath, [join(root, 'examples', `${name}.ts`), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
    timeout: 60_000,
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  )

describe('the examples run', () => {
  test('custom-warmer: recent files first, through each mount', async () => {
    await using lab = new Lab()
    for (const mount of ['one', 'two']) {
      mkdirSync(join(lab.folder, mount, 'shot-7'), { recursive: true })
      for (const name of ['new.exr', 'old.exr']) writeFileSync(join(lab.folder, mount, 'shot-7', name), 'x'.repeat(100))
      utimesSync(join(lab.folder, mount, 'shot-7/old.exr'), 1, 1)
    }
    const { code, stdout } = await example('custom-warmer', [
      '/shot-7',
      join(lab.folder, 'one'),
      join(lab.folder, 'two'),
    ])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'recent: 1 files, 100 bytes\nrest: 1 files, 100 bytes\n' })
    expect(await example('custom-warmer', ['/gone', join(lab.folder, 'one')])).toMatchObject({ code: 1 })
  })

  test('queue-for-other-work: what is added is worked on', async () => {
    await using lab = new Lab()
    const queue = `sqlite:${join(lab.folder, 'work.db')}`
    const files = ['a', 'b', 'c'].map((name) => join(lab.folder, name))
    for (const name of files) writeFileSync(name, name)
    expect(await example('queue-for-other-work', [queue, 'add', ...files])).toMatchObject({ code: 0 })
    const { code, stdout } = await example('queue-for-other-work', [queue, 'work'])
    const lines = files.map((name) => `${createHash('sha256').update(name).digest('hex')}  ${name}`)
    expect({ code, lines: stdout.trim().split('\n').sort() }).toEqual({ code: 0, lines: lines.sort() })
  })

  test('submit-from-pipeline: the step ends when the cache is warm', async () => {
    await using lab = new Lab()
    mkdirSync(join(lab.exportFolder, 'scene1'))
    writeFileSync(join(lab.exportFolder, 'scene1/a.exr'), 'aaa')
    lab.startManager()
    const env = { CACHEWARMER_QUEUE: `sqlite:${join(lab.folder, 'queue.db')}`, QUEUE_PREFIX: 'lab' }
    const args = [lab.addresses.join(','), '/animation', '/scene1']
    expect(await example('submit-from-pipeline', args, env)).toMatchObject({
      code: 0,
      stdout: 'warmed: 1 files, 3 bytes\n',
    })
    const wrong = await example('submit-from-pipeline', ['not an address', '/animation', '/../etc'], env)
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('expected') })
  })

  test('list-and-read: reads an export without a mount', async () => {
    await using server = await startNfsServer({ tree: directory({ deep: directory({ 'a.exr': file('abc') }) }) })
    const url = `nfs://${server.host}${server.exportPath}?nfsport=${server.nfsPort}&mountport=${server.mountPort}`
    const { code, stdout } = await example('list-and-read', [url, '/'])
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('1 files, 3 bytes, 0 failures') })
  })

  test('nfs-without-mount: lists, prints and copies', async () => {
    await using lab = new Lab()
    const tree = directory({ deep: directory({ 'a.exr': file('abc') }), here: link('deep/a.exr') })
    await using server = await startNfsServer({ tree })
    const url = `nfs://${server.host}${server.exportPath}?nfsport=${server.nfsPort}&mountport=${server.mountPort}`
    const { stdout } = await example('nfs-without-mount', [url, 'ls', '/'])
    expect(stdout.split('\n').map((line) => line.split(' ').at(-1))).toEqual(['deep/', 'here@', ''])
    expect(await example('nfs-without-mount', [url, 'cat', '/here'])).toMatchObject({ code: 0, stdout: 'abc' })
    const copy = join(lab.folder, 'copy.exr')
    expect(await example('nfs-without-mount', [url, 'copy', '/deep/a.exr', copy])).toMatchObject({ code: 0 })
    expect(readFileSync(copy, 'utf8')).toBe('abc')
    expect(await example('nfs-without-mount', [url, 'cat', '/deep'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('/deep: a directory, expected a file'),
    })
  })

  test.each(['custom-warmer', 'queue-for-other-work', 'submit-from-pipeline', 'list-and-read', 'nfs-without-mount'])(
    '%s without arguments says how it is called, and exits with 2',
    async (name) => {
      expect(await example(name, [])).toMatchObject({ code: 2, stderr: expect.stringContaining(`examples/${name}.ts`) })
    },
  )
})
