import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  const shots = (folder: string, frames: readonly number[]): string => {
    mkdirSync(join(folder, 'shot-7/notes'), { recursive: true })
    for (const frame of frames) writeFileSync(join(folder, `shot-7/a.${frame}.exr`), 'x'.repeat(100_000))
    writeFileSync(join(folder, 'shot-7/notes/readme.txt'), 'text')
    return folder
  }

  test('warm: whole files through each folder, and what is not there fails it', async () => {
    await using lab = new Lab()
    const folders = ['one', 'two'].map((name) => shots(join(lab.folder, name), [1001, 1002])).join(',')
    const warmed = { code: 0, stdout: 'warm 3 files, 200004 bytes\n' }
    expect(await example('warm', [folders, '/shot-7'])).toMatchObject(warmed)
    const gone = await example('warm', [folders, '/shot-7', '/shot-8'])
    expect(gone).toMatchObject({ code: 1, stdout: expect.stringContaining("code: 'NOT_FOUND'") })
  })

  test('warm-exr: frames alone, and one that one folder can not read is tried three times', async () => {
    await using lab = new Lab()
    const [one = '', two = ''] = ['one', 'two'].map((name) => shots(join(lab.folder, name), [1001, 1002, 1003]))
    const args = ['1003-1003', `${one},${two}`, '/shot-7']
    expect(await example('warm-exr', args)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/100 % read\n3 of 3 frames, 300000 bytes each through 2\n$/),
    })
    rmSync(join(two, 'shot-7/a.1003.exr'))
    const { code, stdout, stderr } = await example('warm-exr', args)
    expect({ code, tries: stderr.match(/1 frames failed/g)?.length }).toEqual({ code: 1, tries: 3 })
    expect(stdout).toContain('2 of 3 frames')
  })

  test('dry-run: names in order with sizes, and totals', async () => {
    await using lab = new Lab()
    const { code, stdout } = await example('dry-run', [shots(lab.folder, [1002, 1001]), '/shot-7'])
    expect(code).toBe(0)
    expect(stdout.split('\n').map((line) => line.trim())).toEqual([
      '100000 /shot-7/a.1001.exr',
      '100000 /shot-7/a.1002.exr',
      '4 /shot-7/notes/readme.txt',
      '3 files in 2 directories, 200004 bytes',
      '1 of less than 8 bytes',
      '2 of less than 131072 bytes',
      '',
    ])
  })

  test('warm-in-ci: over NFS, with a summary for programs; late or unreachable fails the job', async () => {
    const tree = directory({ 'shot-7': directory({ 'a.exr': file('abc') }) })
    await using server = await startNfsServer({ tree })
    await using slow = await startNfsServer({ tree, latencyMs: 60_000 })
    const urlOf = ({ host, exportPath, nfsPort, mountPort }: typeof server): string =>
      `nfs://${host}${exportPath}?nfsport=${nfsPort}&mountport=${mountPort}`
    const { code, stdout } = await example('warm-in-ci', ['1', urlOf(server), '/shot-7'])
    expect({ code, summary: JSON.parse(stdout) }).toEqual({
      code: 0,
      summary: { complete: true, files: 1, bytes: 3, directories: 1, failures: 0 },
    })
    const missing = await example('warm-in-ci', ['1', urlOf(server), '/shot-8'])
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('/shot-8') })
    expect(await example('warm-in-ci', ['0.01', urlOf(slow), '/shot-7'])).toMatchObject({ code: 1 })
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

  test('thumbnail-queue: makes thumbnails until it is told to stop, and puts aside what is no picture', async () => {
    await using lab = new Lab()
    const queue = `sqlite:${join(lab.folder, 'work.db')}`
    const [picture, text] = [join(lab.folder, 'Käse.ppm'), join(lab.folder, 'text.ppm')]
    writeFileSync(picture, Buffer.concat([Buffer.from('P6 256 128 255\n'), Buffer.alloc(3 * 256 * 128, 'rgb')]))
    writeFileSync(text, 'no picture')
    expect(await example('thumbnail-queue', [queue, 'add', picture, text])).toMatchObject({ code: 0 })
    const worker = spawn(process.execPath, [join(root, 'examples/thumbnail-queue.ts'), queue, 'work'])
    const ended = once(worker, 'close')
    await expect.poll(() => existsSync(`${picture}.thumbnail.ppm`), { timeout: 30_000 }).toBe(true)
    const put = async (): Promise<string> => (await example('thumbnail-queue', [queue, 'dead'])).stdout
    await expect.poll(put, { timeout: 30_000 }).toContain('text.ppm')
    worker.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    const expected = Buffer.concat([Buffer.from('P6 64 32 255\n'), Buffer.alloc(3 * 64 * 32, 'rgb')])
    expect(readFileSync(`${picture}.thumbnail.ppm`).equals(expected)).toBe(true)
    expect(await example('thumbnail-queue', [queue, 'again'])).toMatchObject({ code: 0, stdout: '1 put back\n' })
    expect(await put()).toBe('')
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

  test('nfs-over-http: serves files, and parts of them', async () => {
    const tree = directory({ deep: directory({ 'ä.exr': file('0123456789'), empty: file('') }) })
    await using server = await startNfsServer({ tree })
    const url = `nfs://${server.host}${server.exportPath}?nfsport=${server.nfsPort}&mountport=${server.mountPort}`
    const program = spawn(process.execPath, [join(root, 'examples/nfs-over-http.ts'), url, '0'])
    const ended = once(program, 'close')
    const [said] = (await once(program.stdout, 'data')) as [Buffer]
    const get = async (path: string, range?: string): Promise<[number, string]> => {
      const response = await fetch(new URL(path, said.toString().trim()), range ? { headers: { range } } : {})
      return [response.status, await response.text()]
    }
    expect(await get('/deep')).toEqual([200, '["ä.exr","empty"]'])
    expect(await get('/deep/ä.exr')).toEqual([200, '0123456789'])
    expect(await get('/deep/ä.exr', 'bytes=2-4')).toEqual([206, '234'])
    expect(await get('/deep/ä.exr', 'bytes=7-')).toEqual([206, '789'])
    expect(await get('/deep/ä.exr', 'bytes=10-')).toEqual([416, ''])
    expect(await get('/deep/empty')).toEqual([200, ''])
    expect(await get('/none')).toEqual([404, expect.stringContaining('/none: ')])
    program.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
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

  test.each([
    'warm',
    'warm-exr',
    'warm-in-ci',
    'dry-run',
    'queue-for-other-work',
    'submit-from-pipeline',
    'list-and-read',
    'nfs-without-mount',
    'nfs-over-http',
    'thumbnail-queue',
  ])('%s without arguments says how it is called, and exits with 2', async (name) => {
    expect(await example(name, [])).toMatchObject({ code: 2, stderr: expect.stringContaining(`examples/${name}.ts`) })
  })
})
