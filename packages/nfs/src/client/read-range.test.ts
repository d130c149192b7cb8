import { afterEach, describe, expect, test } from 'vitest'
import { mountExport } from '../mount/mount-export.ts'
import type { FileHandle } from '../nfs3/objects.ts'
import { directory, oddFile, type ReadAnswer } from '../testing/index.ts'
import { type NfsServer, type NfsServerOptions, startNfsServer } from '../testing/server.ts'
import type { NfsExport } from './export.ts'
import { type ReadRangeOptions, readRange, readStanding } from './read-range.ts'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

type Answer = (offset: number, asked: number, nth: number) => ReadAnswer | undefined

interface SetUp {
  readonly server: NfsServer
  readonly mounted: NfsExport
  readonly handle: FileHandle
}

const mib = 1_048_576

async function setUp(size: number | bigint, answer: Answer, options: Partial<NfsServerOptions> = {}): Promise<SetUp> {
  let nth = 0
  const tree = directory({ file: oddFile(size, (offset, asked) => answer(offset, asked, ++nth)) })
  const server = await startNfsServer({ tree, ...options })
  open.push(server)
  const mounted = await mountExport({ ...server.address, timeoutMs: 20_000, retries: 2 })
  open.push(mounted)
  return { server, mounted, handle: (await mounted.lookup(mounted.root, 'file')).handle }
}

/** Reads the file, and counts calls as the server does. */
async function rangeOf(
  size: number | bigint,
  answer: Answer,
  options: ReadRangeOptions & { readonly server?: Partial<NfsServerOptions> } = {},
) {
  const { server, mounted, handle } = await setUp(size, answer, options.server)
  const range = await readRange(mounted, handle, options)
  return { ...range, calls: { READ: server.calls['READ'], GETATTR: server.calls['GETATTR'] ?? 0 } }
}

const atMost =
  (bytes: number): Answer =>
  (_offset, asked) => ({ count: Math.min(asked, bytes), eof: false })

describe('a READ that came short', () => {
  test('is continued from where it stopped, as often as it takes', async () => {
    const answer: Answer = (offset, asked) => ({ count: Math.min(asked, 7_000, 1_000_000 - offset) })
    expect(await rangeOf(1_000_000, answer)).toMatchObject({
      bytes: 1_000_000,
      eof: true,
      complete: true,
      reads: Math.ceil(1_000_000 / 7_000),
    })
  })

  test('is continued in each of the pieces of a long range', async () => {
    const seen = new Set<number>()
    const answer: Answer = (offset, asked) => {
      const count = Math.min(asked, 300_000, 5 * mib - offset)
      for (let at = offset; at < offset + count; at += 4) seen.add(at)
      return { count }
    }
    const range = await rangeOf(5 * mib, answer, { inFlight: 3 })
    expect(range).toMatchObject({ bytes: 5 * mib, eof: true, complete: true })
    expect(seen.size).toBe((5 * mib) / 4)
  })

  test('is continued also where the server calls it the end, and its size says that it is not', async () => {
    const answer: Answer = (offset, asked) => ({ count: Math.min(asked, 4_096, 10_000 - offset), eof: true })
    expect(await rangeOf(10_000, answer)).toMatchObject({ bytes: 10_000, eof: true, complete: true, reads: 3 })
  })

  test('of a byte each of a large file is given up after a while', async () => {
    const { mounted, handle } = await setUp(10_000_000, () => undefined)
    Object.assign(mounted, { read: async () => ({ count: 1, eof: false, size: 10_000_000n }) })
    await expect(readRange(mounted, handle)).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: expect.stringContaining('calls brought no more than'),
    })
  })

  test('of a byte each of a small file is read whole', async () => {
    expect(await rangeOf(300, atMost(1))).toMatchObject({ bytes: 300, complete: true, reads: 300 })
  })
})

describe('a READ without bytes before the end', () => {
  test.each([
    ['at the beginning', 0, 0],
    ['after the first READ', 65_536, 65_536],
    ['in the middle of a piece', 3 * mib + 5, 3 * mib + 5],
  ])('%s ends the range there', async (_where, wall, bytes) => {
    const answer: Answer = (offset, asked) => ({ count: Math.max(0, Math.min(asked, wall - offset)), eof: false })
    expect(await rangeOf(10_000_000, answer)).toMatchObject({ bytes, eof: false, complete: false, size: 10_000_000n })
  })

  test('is asked for once, not for ever', async () => {
    const { calls } = await rangeOf(10_000_000, () => ({ count: 0, eof: false }), { inFlight: 1 })
    expect(calls).toEqual({ READ: 1, GETATTR: 0 })
    const wall: Answer = (offset, asked) =>
      offset === 0 ? { count: Math.min(asked, 65_536) } : { count: 0, eof: false }
    expect((await rangeOf(10_000_000, wall, { inFlight: 1 })).calls).toEqual({ READ: 2, GETATTR: 0 })
  })

  test('is no end because it is called one', async () => {
    const answer: Answer = (offset) => ({ count: Math.max(0, 4_096 - offset), eof: true })
    expect(await rangeOf(10_000_000, answer)).toMatchObject({ bytes: 4_096, eof: false, complete: false })
  })

  test('leaves out what came from behind it, which is to be read again', async () => {
    const answer: Answer = (offset) => (offset === 2 * mib ? { count: 0, eof: false } : undefined)
    const range = await rangeOf(8 * mib, answer, { inFlight: 4 })
    expect(range).toMatchObject({ bytes: 2 * mib, complete: false })
    expect(range.reads).toBeGreaterThan(3)
  })

  test('comes to an end where the range can be read on from later', async () => {
    const { mounted, handle } = await setUp(3 * mib, (offset, asked, nth) =>
      nth === 2 ? { count: 0, eof: false } : { count: Math.min(asked, 3 * mib - offset) },
    )
    const begun = await readRange(mounted, handle, { inFlight: 1 })
    expect(begun).toMatchObject({ bytes: mib, complete: false })
    expect(await readRange(mounted, handle, { offset: begun.bytes })).toMatchObject({
      bytes: 2 * mib,
      eof: true,
      complete: true,
    })
  })
})

describe('the end of a file', () => {
  test('is its size, also where the server never says eof', async () => {
    const never: Answer = (offset, asked) => ({ count: Math.min(asked, 3_000_000 - offset), eof: false })
    expect(await rangeOf(3_000_000, never)).toMatchObject({ bytes: 3_000_000, eof: true, complete: true, reads: 3 })
  })

  test('is where the first READ saw it: growth is not chased', async () => {
    const growing: Answer = (offset, asked) => ({ count: Math.min(asked, mib), eof: false, size: offset + 3 * mib })
    expect(await rangeOf(3 * mib, growing)).toMatchObject({ bytes: 3 * mib, complete: true, reads: 3 })
  })

  test('told to be nearer later is believed where GETATTR says the same', async () => {
    let size = 5_000_000
    const { mounted, handle, server } = await setUp(5_000_000, (offset, asked, nth) => {
      if (nth > 1) size = 1_500_000
      return { count: Math.max(0, Math.min(asked, size - offset)), size }
    })
    const getattr = mounted.getattr.bind(mounted)
    Object.assign(mounted, { getattr: async () => ({ ...(await getattr(handle)), size: BigInt(size) }) })
    expect(await readRange(mounted, handle, { inFlight: 1 })).toMatchObject({
      bytes: 1_500_000,
      eof: true,
      complete: true,
      size: 1_500_000n,
    })
    expect(server.calls['GETATTR']).toBe(1)
  })

  test('told to be nearer is not believed where GETATTR denies it', async () => {
    const liar: Answer = (_offset, asked) => ({ count: Math.min(asked, 100), eof: true, size: 100 })
    const range = await rangeOf(
      5_000,
      (offset, asked, nth) => (offset < 200 ? liar(offset, asked, nth) : { count: 0, eof: true, size: 100 }),
      {
        expectedSize: 5_000,
      },
    )
    expect(range).toMatchObject({ bytes: 200, eof: false, complete: false, size: 5_000n })
    expect(range.calls.GETATTR).toBe(2)
  })

  test('is asked for by GETATTR once, where neither reply nor listing tell a size', async () => {
    const silent: Answer = (offset, asked) => ({ count: Math.min(asked, mib, 3_000_000 - offset), size: null })
    const range = await rangeOf(3_000_000, silent)
    expect(range).toMatchObject({ bytes: 3_000_000, eof: true, complete: true, calls: { READ: 3, GETATTR: 1 } })
    const listed = await rangeOf(3_000_000, silent, { expectedSize: 3_000_000 })
    expect(listed).toMatchObject({ bytes: 3_000_000, eof: true, complete: true, calls: { READ: 3, GETATTR: 0 } })
  })

  test('said too early without a size is checked against the listing', async () => {
    const early: Answer = (offset) => ({ count: Math.max(0, 4_096 - offset), eof: true, size: null })
    const range = await rangeOf(10_000, early, { expectedSize: 10_000 })
    expect(range).toMatchObject({ bytes: 4_096, complete: false, size: 10_000n })
  })

  test('changes with each reply, and the range ends all the same', async () => {
    let nth = 0
    const answer: Answer = (_offset, asked) => ({
      count: Math.min(asked, 50_000),
      eof: false,
      size: 200_000 + 7 * ++nth,
    })
    expect(await rangeOf(200_000, answer)).toMatchObject({ bytes: 200_007, complete: true })
  })
})

describe('a reply that can not be', () => {
  const told = { code: 'PROTOCOL' }

  test('with more bytes than were asked for is refused', async () => {
    await expect(rangeOf(10_000, () => ({ count: 20_000 }), { length: 4_096 })).rejects.toMatchObject(told)
  })

  test('with another count than it has bytes is refused', async () => {
    await expect(rangeOf(10_000, () => ({ count: 100, said: 4_096 }))).rejects.toMatchObject(told)
  })

  test.each(['directory', 'symlink', 'fifo'] as const)('with the attributes of a %s is refused', async (type) => {
    await expect(rangeOf(10_000, () => ({ type }))).rejects.toMatchObject({
      code: 'INVAL',
      message: expect.stringContaining(type),
    })
  })
})

describe('a size that can not be', () => {
  const zeros: Answer = (_offset, asked) => ({ count: asked, eof: false })

  test.each([2n ** 63n - 1n, 2n ** 64n - 1n, 2n ** 57n, 2n ** 53n])('%d is FBIG, after one READ', async (size) => {
    const { mounted, handle, server } = await setUp(size, zeros)
    await expect(readRange(mounted, handle)).rejects.toMatchObject({
      code: 'FBIG',
      message: expect.stringContaining(`${size}`),
    })
    expect(server.calls['READ']).toBe(1)
  })

  test.each([2n ** 53n - 1n, 2n ** 44n])('%d can be: the range that is asked for is read', async (size) => {
    expect(await rangeOf(size, zeros, { length: 3 * mib })).toMatchObject({
      bytes: 3 * mib,
      complete: true,
      eof: false,
      size,
    })
  })

  test('is one beyond what the file system says that it can hold', async () => {
    const server = { maxFileSize: 2n ** 44n - 1n }
    await expect(rangeOf(2n ** 44n, zeros, { server, length: mib })).rejects.toMatchObject({ code: 'FBIG' })
    expect(await rangeOf(2n ** 44n - 1n, zeros, { server, length: mib })).toMatchObject({ bytes: mib })
  })

  test.each([0n, 1n, 65_536n, 2n ** 64n - 1n])('a bound of %d is not believed', async (maxFileSize) => {
    expect(await rangeOf(10_000_000, zeros, { server: { maxFileSize } })).toMatchObject({ bytes: 10_000_000 })
  })
})

/** A READ of 4,096 bytes at 0 that brought `count`. */
test.each([
  ['all that was wanted came', { count: 4_096, eof: false, size: 9_999n }, undefined, 'done'],
  [
    'all that was wanted came, and the rest of the reply is ignored',
    { count: 4_096, eof: true, size: 9_999n },
    9_999,
    'done',
  ],
  ['the file ends here', { count: 100, eof: true, size: 100n }, 100, 'done'],
  ['the file ends here, and eof is never said', { count: 100, eof: false, size: 100n }, 100, 'done'],
  ['an empty file', { count: 0, eof: true, size: 0n }, 0, 'done'],
  ['a READ that came short', { count: 100, eof: false, size: 9_999n }, 9_999, 'short'],
  ['a READ that came short of a file that has grown', { count: 100, eof: false, size: 101n }, 100, 'short'],
  ['an end that the size in the same reply denies', { count: 100, eof: true, size: 9_999n }, 9_999, 'short'],
  ['no bytes, and no end', { count: 0, eof: false, size: 9_999n }, 9_999, 'short'],
  ['no bytes and an end at the beginning of a file', { count: 0, eof: true, size: 9_999n }, undefined, 'short'],
  ['a size beyond what doubles tell apart', { count: 0, eof: true, size: 2n ** 63n - 1n }, 0, 'short'],
  ['a file that was cut since it was listed, or a wrong reply', { count: 100, eof: true, size: 100n }, 9_999, 'unsure'],
  ['no attributes, and the end where the listing saw it', { count: 100, eof: true, size: undefined }, 100, 'done'],
  ['no attributes and no end, where the listing saw it', { count: 100, eof: false, size: undefined }, 100, 'done'],
  ['no attributes, short of the listed size', { count: 100, eof: false, size: undefined }, 9_999, 'short'],
  ['no attributes, an end before the listed size', { count: 100, eof: true, size: undefined }, 9_999, 'unsure'],
  ['no attributes and no bytes before the listed size', { count: 0, eof: false, size: undefined }, 9_999, 'unsure'],
  ['no attributes, and nothing listed', { count: 100, eof: true, size: undefined }, undefined, 'unsure'],
  ['no attributes, nothing listed, and no end', { count: 100, eof: false, size: undefined }, undefined, 'unsure'],
] as const)('%s', (_what, read, expected, standing) => {
  expect(readStanding(read, read.count, 4_096, expected)).toBe(standing)
})
