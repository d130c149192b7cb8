import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, expectTypeOf, test } from 'vitest'
import type { NfsExport } from '../client/export.ts'
import { mountExport } from '../mount/mount-export.ts'
import {
  directory,
  file,
  generated,
  link,
  type NfsServer,
  type NfsServerOptions,
  oddFile,
  patternByte,
  special,
  startNfsServer,
  type TreeFile,
} from '../testing/index.ts'
import { NfsFiles } from './files.ts'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

const mib = 1_048_576
const tree = directory({
  scene: directory({
    'a.txt': file('hello', { mode: 0o640, uid: 5, gid: 6, modifiedMs: 1_234_567_890_500 }),
    'Käse.txt': file('Käse'),
    empty: file(''),
    pipe: special('fifo'),
  }),
  many: generated(3_000, 'f', (index) => file(index)),
  big: file(5 * mib + 17),
  huge: file(2n ** 31n),
  links: directory({
    here: link('../scene/a.txt'),
    folder: link('../scene'),
    chained: link('./folder/../links/here'),
    loop: link('loop'),
    above: link('../../etc/passwd'),
    absolute: link('/etc/passwd'),
    dangling: link('nothing'),
  }),
})

interface SetUp {
  readonly server: NfsServer
  readonly mounted: NfsExport
  readonly fs: NfsFiles
}

async function setUp(options: Partial<NfsServerOptions> = {}): Promise<SetUp> {
  const server = await startNfsServer({ tree, ...options })
  open.push(server)
  const mounted = await mountExport(server.address)
  open.push(mounted)
  return { server, mounted, fs: new NfsFiles(mounted) }
}

const expected = (from: number, count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, index) => patternByte(from + index)))

const gathered = async (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

describe('readFile', () => {
  test('gives bytes, or text in an encoding', async () => {
    const { fs } = await setUp()
    expect(await fs.readFile('/scene/a.txt')).toEqual(Buffer.from('hello'))
    expect(await fs.readFile('scene/Käse.txt', 'utf8')).toBe('Käse')
    expect(await fs.readFile('/scene/a.txt', { encoding: 'hex' })).toBe('68656c6c6f')
    expect(await fs.readFile('/scene/empty')).toEqual(Buffer.alloc(0))
    expect(await fs.readFile('/scene/empty', 'utf8')).toBe('')
  })

  test('gives a file of many READs whole and in order', async () => {
    const { fs, server } = await setUp({ rtmax: 65_536, latencyMs: 1 })
    expect((await fs.readFile('/big')).equals(expected(0, 5 * mib + 17))).toBe(true)
    expect(server.calls['READ']).toBe(81)
  })

  test('makes one LOOKUP a name and one READ for a small file', async () => {
    const { fs, server } = await setUp()
    await fs.readFile('/scene/a.txt')
    expect(server.calls).toEqual({ MNT: 1, FSINFO: 1, LOOKUP: 2, READ: 1 })
  })

  test('works where the server leaves out attributes', async () => {
    const { fs } = await setUp({ attributes: false })
    expect(await fs.readFile('/scene/a.txt', 'utf8')).toBe('hello')
  })

  test.each([
    ['/scene/none', 'NOENT', /\/scene\/none: /],
    ['/none/none', 'NOENT', /\/none\/none: /],
    ['/scene', 'ISDIR', /\/scene: a directory, expected a file/],
    ['/scene/pipe', 'INVAL', /a fifo, expected a file/],
    ['/scene/a.txt/below', 'NOTDIR', /\/scene\/a.txt\/below: /],
    ['/huge', 'FBIG', /2147483648 bytes, at most 2147483647 fit \(use a stream\)/],
    ['/../etc', 'OPTION_INVALID', /a path without '\.', '\.\.'/],
  ])('of %s is %s, and names the path', async (path, code, message) => {
    const { fs } = await setUp()
    await expect(fs.readFile(path)).rejects.toMatchObject({
      name: 'NfsError',
      code,
      message: expect.stringMatching(message),
    })
  })

  test('ends with the reason of its signal', async () => {
    const { fs } = await setUp({ latencyMs: 1_000 })
    const why = new Error('no need')
    const controller = new AbortController()
    const reading = fs.readFile('/big', { signal: controller.signal })
    controller.abort(why)
    await expect(reading).rejects.toBe(why)
  })
})

describe('a server that does not give what it says', () => {
  const withFile = (size: number, answer: Parameters<typeof oddFile>[1]) =>
    setUp({ tree: directory({ odd: oddFile(size, answer) }) })

  test('READs that come short are continued', async () => {
    const { fs } = await withFile(100_000, (_offset, asked) => ({ count: Math.min(asked, 7_000), eof: false }))
    expect((await fs.readFile('odd')).equals(expected(0, 100_000))).toBe(true)
  })

  test('a file without bytes before its end is INCOMPLETE, and no short file', async () => {
    const { fs } = await withFile(100_000, (offset) =>
      offset >= 50_000 ? { count: 0, eof: false } : { count: 50_000 },
    )
    await expect(fs.readFile('odd')).rejects.toMatchObject({
      code: 'INCOMPLETE',
      message: expect.stringContaining('odd: READ at byte 50000 brought none, and the file has 100000'),
    })
    await expect(text(fs.createReadStream('odd'))).rejects.toMatchObject({ code: 'INCOMPLETE' })
  })

  test('a byte at a time is refused after a while', async () => {
    const { fs } = await withFile(100_000, () => ({ count: 1, eof: false }))
    await expect(fs.readFile('odd')).rejects.toMatchObject({ code: 'PROTOCOL' })
  })

  test('a file that was cut since it was looked up ends where it ends now', async () => {
    let size = 100_000
    const cut: TreeFile = {
      type: 'file',
      get size() {
        return size
      },
    }
    const { fs, server } = await setUp({ tree: directory({ cut }), rtmax: 10_000 })
    server.fault = ({ procedure }) => {
      if (procedure === 'READ') size = 15_000
      return undefined
    }
    expect((await fs.readFile('cut')).equals(expected(0, 15_000))).toBe(true)
  })

  test('a size in a reply that GETATTR does not confirm is not believed', async () => {
    const { fs } = await withFile(100_000, (offset) => ({ count: offset < 1_000 ? 1_000 : 0, eof: true, size: 1_000 }))
    await expect(fs.readFile('odd')).rejects.toMatchObject({ code: 'INCOMPLETE' })
  })

  test('names that no directory may hold are said, after all others', async () => {
    const { fs } = await setUp({ tree: directory({ good: file('x'), 'a/b': file('y') }) })
    const seen: string[] = []
    const all = async (): Promise<void> => {
      for await (const { name } of await fs.opendir('/')) seen.push(name)
    }
    await expect(all()).rejects.toMatchObject({ code: 'PROTOCOL' })
    expect(seen).toEqual(['good'])
    await expect(fs.readdir('/')).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: expect.stringContaining('the server lists 1 names that no directory may hold'),
    })
  })
})

describe('streams', () => {
  test('give a range, its last byte included, as node:fs does', async () => {
    const { fs } = await setUp({ rtmax: 4_096 })
    const range = { start: 1_000, end: 20_000 }
    const wanted = expected(1_000, 19_001)
    expect((await gathered(fs.createReadStream('/big', range))).equals(wanted)).toBe(true)
    expect((await gathered(fs.readableWebStream('/big', range))).equals(wanted)).toBe(true)
    expect((await gathered(fs.chunks('/big', range))).equals(wanted)).toBe(true)
    expect(await gathered(fs.chunks('/scene/a.txt', { start: 1, end: 99 }))).toEqual(Buffer.from('ello'))
    expect(await gathered(fs.chunks('/scene/a.txt', { start: 99 }))).toEqual(Buffer.alloc(0))
  })

  test('give text in an encoding, also where a character is cut by a chunk', async () => {
    const { fs } = await setUp()
    expect(await text(fs.createReadStream('/scene/Käse.txt', { encoding: 'utf8', highWaterMark: 2 }))).toBe('Käse')
    expect(await text(fs.createReadStream('/scene/a.txt', 'utf8'))).toBe('hello')
    expect(await new Response(fs.readableWebStream('/scene/a.txt') as ReadableStream).text()).toBe('hello')
  })

  test('read no further ahead than inFlight', async () => {
    const { fs, server } = await setUp({ rtmax: 65_536 })
    const chunks = fs.chunks('/big', { inFlight: 3 })
    expect((await chunks.next()).value?.length).toBe(65_536)
    expect(server.calls['READ']).toBeLessThanOrEqual(3)
    await chunks.next()
    expect(server.calls['READ']).toBeLessThanOrEqual(4)
    await chunks.return()
    expect(await fs.readFile('/scene/a.txt', 'utf8')).toBe('hello')
    expect(server.calls['READ']).toBeLessThanOrEqual(6)
  })

  test('emit what fails, and end with their signal', async () => {
    const { fs } = await setUp()
    await expect(text(fs.createReadStream('/none'))).rejects.toMatchObject({ code: 'NOENT' })
    await expect(gathered(fs.readableWebStream('/scene'))).rejects.toMatchObject({ code: 'ISDIR' })
    const stopped = { signal: AbortSignal.abort() }
    await expect(text(fs.createReadStream('/big', stopped))).rejects.toMatchObject({ name: 'AbortError' })
    await expect(gathered(fs.chunks('/big', stopped))).rejects.toMatchObject({ name: 'AbortError' })
  })

  test.each([{ start: -1 }, { end: 1.5 }, { start: 5, end: 4 }, { inFlight: 0 }, { highWaterMark: 0 }])(
    '%j is refused at once',
    async (options) => {
      const { fs } = await setUp()
      expect(() => fs.createReadStream('/big', options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    },
  )
})

describe('attributes', () => {
  test('come in the shape of fs.Stats, with all 64 bits beside', async () => {
    const { fs } = await setUp()
    const stats = await fs.stat('/scene/a.txt')
    expect(stats).toMatchObject({ size: 5, mode: 0o100_640, uid: 5, gid: 6, mtimeMs: 1_234_567_890_500, nlink: 1 })
    expect(stats.mtime).toEqual(new Date(1_234_567_890_500))
    expect([stats.isFile(), stats.isDirectory(), stats.isSymbolicLink()]).toEqual([true, false, false])
    expect(stats.attributes.size).toBe(5n)
    expect([stats.ino, stats.dev, stats.blocks, stats.atimeMs, stats.ctimeMs].every(Number.isFinite)).toBe(true)
    expect((await fs.stat('/')).isDirectory()).toBe(true)
    expect((await fs.stat('')).mode & 0o170_000).toBe(0o040_000)
    const pipe = await fs.stat('/scene/pipe')
    expect([pipe.isFIFO(), pipe.isSocket(), pipe.isBlockDevice(), pipe.isCharacterDevice()]).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
})

describe('directories', () => {
  test('are listed as names, or as entries with attributes', async () => {
    const { fs, server } = await setUp()
    expect(await fs.readdir('/scene')).toEqual(['a.txt', 'Käse.txt', 'empty', 'pipe'])
    const entries = await fs.readdir('/scene', { withFileTypes: true })
    expect(entries.map((entry) => [entry.parentPath, entry.name, entry.isFile(), entry.stats.size])).toEqual([
      ['/scene', 'a.txt', true, 5],
      ['/scene', 'Käse.txt', true, 5],
      ['/scene', 'empty', true, 0],
      ['/scene', 'pipe', false, 0],
    ])
    expect(server.calls).toMatchObject({ READDIRPLUS: 2, LOOKUP: 2 })
    expect(server.calls['GETATTR']).toBeUndefined()
  })

  test('are opened, and read a page at a time', async () => {
    const { fs, server } = await setUp({ pageBytes: 8_192 })
    const folder = await fs.opendir('/many')
    expect((await folder.read())?.name).toBe('f0')
    expect(server.calls['READDIRPLUS']).toBe(1)
    let rest = 0
    for await (const entry of folder) rest += entry.isFile() ? 1 : 0
    expect(rest).toBe(2_999)
    expect(await folder.read()).toBeNull()
    await using again = await fs.opendir('/many')
    await again.close()
    expect(await again.read()).toBeNull()
  })

  test.each([{ attributes: false }, { readdirplus: false }])('have types where the server has %j', async (options) => {
    const { fs } = await setUp(options)
    const types = (await fs.readdir('/scene', { withFileTypes: true })).map((entry) => [entry.name, entry.isFile()])
    expect(types).toEqual([
      ['a.txt', true],
      ['Käse.txt', true],
      ['empty', true],
      ['pipe', false],
    ])
  })

  test('are NOTDIR where there is a file, and NOENT where there is nothing', async () => {
    const { fs } = await setUp()
    await expect(fs.readdir('/scene/a.txt')).rejects.toMatchObject({ code: 'NOTDIR' })
    await expect(fs.opendir('/none')).rejects.toMatchObject({ code: 'NOENT' })
  })
})

describe('symbolic links', () => {
  test('are followed, on the way as well, and through .. of their targets', async () => {
    const { fs } = await setUp()
    expect(await fs.readFile('/links/here', 'utf8')).toBe('hello')
    expect(await fs.readFile('/links/folder/a.txt', 'utf8')).toBe('hello')
    expect(await fs.readFile('/links/chained', 'utf8')).toBe('hello')
    expect(await fs.readdir('/links/folder')).toContain('a.txt')
    expect((await fs.stat('/links/folder')).isDirectory()).toBe(true)
  })

  test('are told apart by lstat, and read by readlink', async () => {
    const { fs } = await setUp()
    expect((await fs.lstat('/links/here')).isSymbolicLink()).toBe(true)
    expect((await fs.lstat('/links/folder/a.txt')).isFile()).toBe(true)
    expect(await fs.readlink('/links/absolute')).toBe('/etc/passwd')
    await expect(fs.readlink('/scene/a.txt')).rejects.toMatchObject({
      code: 'INVAL',
      message: expect.stringContaining('/scene/a.txt: '),
    })
  })

  test.each([
    ['loop', 'LINK_LOOP'],
    ['above', 'LINK_OUTSIDE'],
    ['absolute', 'LINK_OUTSIDE'],
    ['dangling', 'NOENT'],
  ])('%s is %s', async (name, code) => {
    const { fs } = await setUp()
    await expect(fs.stat(`/links/${name}`)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`/links/${name}: `),
    })
  })
})

test('types follow the options', async () => {
  const { fs } = await setUp()
  expectTypeOf(await fs.readFile('/scene/a.txt')).toEqualTypeOf<Buffer>()
  expectTypeOf(await fs.readFile('/scene/a.txt', null)).toEqualTypeOf<Buffer>()
  expectTypeOf(await fs.readFile('/scene/a.txt', 'utf8')).toBeString()
  expectTypeOf(await fs.readdir('/scene')).toEqualTypeOf<string[]>()
  expectTypeOf((await fs.readdir('/scene', { withFileTypes: true }))[0]?.name).toEqualTypeOf<string | undefined>()
})
