import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { lstat, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import {
  decodeName,
  encodeName,
  type FileHandle,
  isNfsError,
  type MountOptions,
  mountExport,
  type NfsExport,
  NfsFiles,
  readRange,
} from '@cachewarmer/nfs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Ganesha, type GaneshaOptions, ganeshaMissing, startGanesha } from '../support/ganesha.ts'

/*
 * Against nfs-ganesha, with nfs-ls and nfs-cat of libnfs as a second opinion.
 */

const run = promisify(execFile)
const missing = ganeshaMissing()
/** The programs of libnfs-utils. */
const libnfs = { list: 'nfs-ls', cat: 'nfs-cat' }
const noLibnfs = spawnSync(libnfs.list, ['--usage']).error !== undefined
const tebibyte = 2 ** 40

/** Names that a shell script would stumble over, as bytes. */
const oddNames = [
  Buffer.from('plain'),
  Buffer.from(' spaces  inside '),
  Buffer.from('naïve 🐟'),
  Buffer.from('line\nbreak'),
  Buffer.from('quotes"\'`$(x)\\'),
  Buffer.of(0xff, 0xfe, 0x80),
  Buffer.from([...Buffer.from('latin-'), 0xfc]),
  Buffer.from('n'.repeat(255)),
  Buffer.from('...'),
  Buffer.from('-rf'),
  Buffer.from('\x01\x1b[2J'),
]

function makeTree(folder: string): void {
  const at = (...names: string[]) => join(folder, ...names)
  for (const name of ['odd', 'many', 'deep/a/b/c']) mkdirSync(at(name), { recursive: true })
  for (const name of oddNames) writeFileSync(Buffer.concat([Buffer.from(`${at('odd')}/`), name]), name)
  for (let index = 0; index < 10_000; index++) writeFileSync(at('many', `file-${index}`), '')
  writeFileSync(at('deep/a/b/c/leaf'), 'at the bottom')
  writeFileSync(at('secret'), 'for root alone', { mode: 0o600 })
  symlinkSync('../\u00e9lsewhere', at('link'))
  symlinkSync('deep/a/../a/b', at('way'))
  execFileSync('mkfifo', [at('pipe')])
  const noise = Buffer.from(Array.from({ length: 5_000_011 }, (_, index) => (index * index) >> 3))
  writeFileSync(at('medium'), noise)
  writeFileSync(at('huge'), '')
  truncateSync(at('huge'), 5 * tebibyte)
  const huge = openSync(at('huge'), 'r+')
  writeSync(huge, 'the end', 5 * tebibyte - 7)
  closeSync(huge)
}

describe.skipIf(missing !== undefined)(`nfs-ganesha${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let folder = ''
  /** For what a killed process leaves behind. */
  let scratch = ''
  let ganesha: Ganesha
  const open: NfsExport[] = []
  const others: Ganesha[] = []

  const start = async (options: Partial<GaneshaOptions> = {}): Promise<Ganesha> => {
    const started = await startGanesha({ folder, ...options })
    if (started === undefined) throw new Error('nfs-ganesha is gone')
    return started
  }
  const mount = async (options: Partial<MountOptions> = {}, server: Ganesha = ganesha): Promise<NfsExport> => {
    const { exportPath, nfsPort, mountPort } = server
    const mounted = await mountExport({ host: '127.0.0.11', exportPath, nfsPort, mountPort, ...options })
    open.push(mounted)
    return mounted
  }
  const list = async (mounted: NfsExport, path: string) => {
    const entries = []
    for await (const page of mounted.list((await mounted.resolve(path)).handle)) entries.push(...page.entries)
    return entries
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nfs-tree-'))
    makeTree(folder)
    scratch = mkdtempSync(join(tmpdir(), 'nfs-scratch-'))
    ganesha = await start()
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map((mounted) => mounted.close()))
    await Promise.all(others.splice(0).map((server) => server.stop()))
  })
  afterAll(async () => {
    await ganesha?.stop()
    for (const used of [folder, scratch]) rmSync(used, { recursive: true, force: true })
  })

  test('lists names of every kind with their sizes, and reads each by its handle', async () => {
    const mounted = await mount()
    const entries = await list(mounted, '/odd')
    const key = (name: string) => encodeName(name).toString('hex')
    expect(entries.map(({ name }) => key(name)).sort()).toEqual(oddNames.map((name) => name.toString('hex')).sort())
    for (const { name, handle, attributes } of entries) {
      const into = Buffer.alloc(1_000)
      const { count, eof, size } = await mounted.read(handle as FileHandle, 0, 1_000, { into })
      expect([into.toString('hex', 0, count), eof, size, attributes?.size]).toEqual([
        key(name),
        true,
        BigInt(count),
        BigInt(count),
      ])
    }
  })

  test('gives files by path as node:fs does', async () => {
    const fs = new NfsFiles(await mount())
    const local = (...names: string[]) => join(folder, ...names)
    const medium = await readFile(local('medium'))
    expect((await fs.readFile('/medium')).equals(medium)).toBe(true)
    const range = { start: 1_234_567, end: 3_456_789 }
    expect((await buffer(fs.createReadStream('/medium', range))).equals(medium.subarray(1_234_567, 3_456_790))).toBe(
      true,
    )
    const tail = { start: 5 * tebibyte - 7 }
    expect(await text(fs.createReadStream('/huge', tail))).toBe('the end')
    expect(await fs.readFile('/way/c/leaf', 'utf8')).toBe(await readFile(local('way/c/leaf'), 'utf8'))
    expect(await fs.readlink('/way')).toBe('deep/a/../a/b')
    await expect(fs.stat('/link')).rejects.toMatchObject({ code: 'LINK_OUTSIDE' })
    expect((await fs.readdir('/many')).toSorted()).toEqual(readdirSync(local('many')).toSorted())
    for (const name of ['medium', 'deep', 'pipe', 'way']) {
      const [ours, theirs] = [await fs.lstat(`/${name}`), await lstat(local(name))]
      for (const key of ['size', 'mode', 'uid', 'gid', 'nlink', 'ino'] as const)
        expect([name, key, ours[key]]).toEqual([name, key, theirs[key]])
      expect(Math.abs(ours.mtimeMs - theirs.mtimeMs)).toBeLessThan(1)
      for (const is of ['isFile', 'isDirectory', 'isSymbolicLink', 'isFIFO'] as const)
        expect([name, is, ours[is]()]).toEqual([name, is, theirs[is]()])
    }
    for (const [path, code] of [
      ['/none', 'NOENT'],
      ['/deep', 'ISDIR'],
      ['/medium/below', 'NOTDIR'],
    ] as const) {
      await expect(readFile(local(path))).rejects.toMatchObject({ code: `E${code}` })
      await expect(fs.readFile(path)).rejects.toMatchObject({ code })
    }
  })

  test('looks up names of every kind', async () => {
    const mounted = await mount()
    for (const name of oddNames) {
      const { attributes } = await mounted.resolve(`/odd/${decodeName(name)}`)
      expect(attributes).toMatchObject({ type: 'file', size: BigInt(name.length) })
    }
  })

  test.skipIf(noLibnfs)('agrees with nfs-ls about names, kinds, modes and sizes', async () => {
    const mounted = await mount()
    const { nfsPort, mountPort } = ganesha
    const { stdout } = await run(libnfs.list, [`nfs://127.0.0.12${folder}/?nfsport=${nfsPort}&mountport=${mountPort}`])
    const theirs = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
    const letters = { file: '-', directory: 'd', symlink: 'l', fifo: 'p', socket: 's', block: 'b', character: 'c' }
    const bits = (mode: number) =>
      'rwxrwxrwx'
        .split('')
        .map((letter, bit) => ((mode >> (8 - bit)) & 1 ? letter : '-'))
        .join('')
    const ours = (await list(mounted, '/')).map(({ name, attributes: a }) =>
      a === undefined ? [] : [letters[a.type] + bits(a.mode), `${a.nlink}`, `${a.uid}`, `${a.gid}`, `${a.size}`, name],
    )
    // It prints a FIFO as a file, and a link with nothing behind.
    const comparable = (rows: string[][]) =>
      rows
        .filter(([mode, , , , , name]) => name !== 'pipe' && !mode?.startsWith('l'))
        .map((row) => row.slice(0, 6).join(' '))
        .sort()
    expect(comparable(ours)).toEqual(comparable(theirs))
    expect(ours.find((row) => row[5] === 'pipe')?.[0]).toMatch(/^p/)
  })

  test.skipIf(noLibnfs)('agrees with nfs-cat about bytes', async () => {
    const mounted = await mount({ maxReadBytes: 65_536 })
    const { nfsPort, mountPort } = ganesha
    const url = `nfs://127.0.0.12${folder}/medium?nfsport=${nfsPort}&mountport=${mountPort}`
    const { stdout } = await run(libnfs.cat, [url], { encoding: 'buffer', maxBuffer: 1 << 24 })
    const { handle, attributes } = await mounted.resolve('/medium')
    const bytes = Buffer.alloc(Number(attributes?.size))
    for (let at = 0; at < bytes.length; )
      at += (await mounted.read(handle, at, bytes.length - at, { into: bytes.subarray(at) })).count
    const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex')
    expect([bytes.length, digest(bytes)]).toEqual([5_000_011, digest(stdout)])
  })

  test('lists 10,000 names, each once, in large pages', async () => {
    const mounted = await mount()
    const names = (await list(mounted, '/many')).map(({ name }) => name)
    expect(names.sort()).toEqual(readdirSync(join(folder, 'many')).sort())
    expect(mounted.stats.procedures['READDIRPLUS']?.calls).toBeLessThan(20)
  })

  test('continues a listing where another mount of it stopped', async () => {
    const [one, other] = [await mount({ maxPageBytes: 16_384 }), await mount({ host: '127.0.0.13' })]
    const { handle } = await one.resolve('/many')
    const first = await one.readdirplus(handle)
    const rest = []
    for await (const page of other.list(handle, { from: first })) rest.push(...page.entries)
    expect(new Set([...first.entries, ...rest].map(({ name }) => name)).size).toBe(10_000)
    expect(first.entries.length + rest.length).toBe(10_000)
  })

  test('reads the end of a file of 5 TiB', async () => {
    const mounted = await mount()
    const { handle, attributes } = await mounted.resolve('/huge')
    expect(attributes?.size).toBe(5n * 2n ** 40n)
    const into = Buffer.alloc(100)
    expect(await mounted.read(handle, 5n * 2n ** 40n - 7n, 100, { into })).toMatchObject({ count: 7, eof: true })
    expect(into.toString('utf8', 0, 7)).toBe('the end')
    expect(await readRange(mounted, handle, { offset: 5 * tebibyte - 3_000_000 })).toMatchObject({
      bytes: 3_000_000,
      eof: true,
    })
  })

  test('allocates nothing of a size that it reads', async () => {
    let most = 0
    const latency = () => {
      most = Math.max(most, process.memoryUsage().arrayBuffers)
    }
    const mounted = await mount({ observer: { latency } })
    const { handle } = await mounted.resolve('/huge')
    const before = process.memoryUsage().arrayBuffers
    expect((await readRange(mounted, handle, { length: 500_000_000 })).bytes).toBe(500_000_000)
    expect(most - before).toBeLessThan(16_000_000)
  })

  test('is the same export at each of its addresses, and takes handles of one at the others', async () => {
    const mounts = await Promise.all(['127.0.0.11', '127.0.0.12', '127.0.0.13'].map((host) => mount({ host })))
    expect(new Set(mounts.map(({ handleSpace }) => handleSpace)).size).toBe(1)
    const { handle } = await (mounts[0] as NfsExport).resolve('/deep/a/b/c/leaf')
    const reads = await Promise.all(mounts.map((mounted) => mounted.read(handle, 0, 100)))
    expect(reads.map(({ count }) => count)).toEqual([13, 13, 13])
  })

  test('killed and started again in the middle of a read, brings every byte', async () => {
    const server = await start()
    others.push(server)
    const mounted = await mount({ maxReadBytes: 65_536 }, server)
    const { handle } = await mounted.resolve('/huge')
    const reading = readRange(mounted, handle, { offset: 5 * tebibyte - 200_000_000, inFlight: 4 })
    await expect.poll(() => mounted.stats.procedures['READ']?.replies ?? 0).toBeGreaterThan(100)
    await server.kill()
    await server.restart()
    expect(await reading).toMatchObject({ bytes: 200_000_000, eof: true })
    expect(mounted.stats.reconnects).toBeGreaterThan(0)
  })

  test('says what objects are and may not be read', async () => {
    const mounted = await mount()
    expect(await mounted.readlink((await mounted.resolve('/link')).handle)).toBe('../\u00e9lsewhere')
    expect((await mounted.resolve('/pipe')).attributes?.type).toBe('fifo')
    await expect(mounted.read((await mounted.resolve('/pipe')).handle, 0, 10)).rejects.toMatchObject({ code: 'INVAL' })
    await expect(mounted.read((await mounted.resolve('/deep')).handle, 0, 10)).rejects.toMatchObject({ code: 'ISDIR' })
    await expect(mounted.resolve('/nothing')).rejects.toMatchObject({ code: 'NOENT' })
    expect((await mounted.fsstat()).totalBytes).toBeGreaterThan(0n)
    expect(await mounted.ping()).toBeUndefined()
    expect(await mounted.getattr(mounted.root)).toMatchObject({ type: 'directory' })
  })

  test('lets a user read what the user may', async () => {
    const [root, unprivileged] = [await mount(), await mount({ uid: 65_534, gid: 65_534, gids: [1, 2] })]
    const { handle } = await root.resolve('/secret')
    expect((await root.read(handle, 0, 100)).count).toBe(14)
    await expect(unprivileged.read(handle, 0, 100)).rejects.toMatchObject({ code: 'ACCES' })
    expect([(await root.access(handle, 1)).granted, (await unprivileged.access(handle, 1)).granted]).toEqual([1, 0])
  })

  test('says which exports there are', async () => {
    await expect(mount({ exportPath: '/wrong' })).rejects.toMatchObject({
      code: 'EXPORT_NOT_FOUND',
      message: expect.stringContaining(folder),
    })
  })

  test('ends with the process that started it, even if that is killed', async () => {
    const helper = new URL('../support/ganesha.ts', import.meta.url).href
    const script = `const { startGanesha } = await import(${JSON.stringify(helper)})
      console.log(JSON.stringify(await startGanesha({ folder: ${JSON.stringify(folder)} })))
      setInterval(() => {}, 1000)`
    const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, TMPDIR: scratch },
    })
    const [line] = await once(starter.stdout, 'data')
    const started: Ganesha = JSON.parse(String(line))
    expect(await (await mount({}, started)).ping()).toBeUndefined()
    starter.kill('SIGKILL')
    const attempt = () =>
      mount({}, started).then(
        () => 'mounted',
        (error: unknown) => (isNfsError(error) ? error.code : error),
      )
    await expect.poll(attempt, { timeout: 10_000 }).toBe('REFUSED')
  })

  test('wants Kerberos where its export says so', async () => {
    const server = await start({ exportSettings: ['SecType = krb5;'] })
    others.push(server)
    await expect(mount({}, server)).rejects.toMatchObject({ code: 'KERBEROS_ONLY' })
  })

  test('with version 3 off and no portmapper says so, which is where workers turn to kernel mounts', async () => {
    const server = await start({ version: 4 })
    others.push(server)
    const asked = mount({ mountPort: undefined, portmapPort: server.mountPort }, server)
    await expect(asked).rejects.toMatchObject({ code: 'VERSION' })
  })

  test('wants a privileged port where its export says so, and gets one', async () => {
    const server = await start({ exportSettings: ['PrivilegedPort = true;'] })
    others.push(server)
    expect(await (await mount({}, server)).ping()).toBeUndefined()
    await expect(mount({ privilegedPort: 'never' }, server)).rejects.toMatchObject({ name: 'NfsError' })
  })
})
