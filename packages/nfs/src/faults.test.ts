import { afterEach, describe, expect, test } from 'vitest'
import type { NfsExport } from './client/export.ts'
import { firstReadBytes, readRange } from './client/read-range.ts'
import { mountExport } from './mount/mount-export.ts'
import type { MountOptions } from './mount/options.ts'
import type { ReadResult } from './nfs3/files.ts'
import type { FileHandle } from './nfs3/objects.ts'
import {
  directory,
  everyNth,
  type Fault,
  file,
  firstOf,
  generated,
  type NfsServer,
  onCalls,
  startNfsServer,
} from './testing/index.ts'

const tree = directory({ files: generated(300, 'f', (index) => file(index * 7)), big: file(20_000_000) })
const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

async function setUp(options: Partial<MountOptions> = {}): Promise<{ server: NfsServer; mounted: NfsExport }> {
  const server = await startNfsServer({ tree })
  open.push(server)
  const mounted = await mountExport({ ...server.address, timeoutMs: 250, retries: 60, ...options })
  open.push(mounted)
  return { server, mounted }
}

/** Lists 300 files and reads them all at once; the sum of their bytes. */
async function readAll(mounted: NfsExport): Promise<number> {
  const { handle } = await mounted.resolve('/files')
  let bytes = 0
  for await (const page of mounted.list(handle)) {
    const reads = await Promise.all(page.entries.map((entry) => mounted.read(entry.handle as FileHandle, 0, 1_000_000)))
    bytes += reads.reduce((sum, { count }) => sum + count, 0)
  }
  return bytes
}
const everything = (299 * 300 * 7) / 2

describe('with a fault in one call in ten, everything is read once', () => {
  const faults: readonly Fault[] = [
    { kind: 'late', ms: 20 },
    { kind: 'late', ms: 400 },
    { kind: 'drop' },
    { kind: 'twice' },
    { kind: 'garbage' },
    { kind: 'short', bytes: 8 },
    { kind: 'status', status: 'JUKEBOX' },
  ]
  test.each(faults)('$kind', async (fault) => {
    const { server, mounted } = await setUp()
    server.fault = firstOf(
      everyNth('READ', 10, fault),
      onCalls('READDIRPLUS', 1, 1, fault),
      onCalls('LOOKUP', 1, 1, fault),
    )
    expect(await readAll(mounted)).toBe(everything)
    expect(mounted.outstanding).toBe(0)
  })
})

describe('with a fault of the connection, everything is read once', () => {
  const faults: readonly Fault[] = [
    { kind: 'noise' },
    { kind: 'reset', afterBytes: 0 },
    { kind: 'reset', afterBytes: 3 },
    { kind: 'reset', afterBytes: 60 },
    { kind: 'half-close' },
    { kind: 'black-hole' },
  ]
  test.each(faults)('%j', async (fault) => {
    const { server, mounted } = await setUp()
    server.fault = firstOf(
      onCalls('READ', 100, 100, fault),
      onCalls('READ', 333, 333, fault),
      onCalls('READDIRPLUS', 1, 1, fault),
    )
    expect(await readAll(mounted)).toBe(everything)
    expect(mounted.stats.reconnects).toBeGreaterThanOrEqual(2)
    expect(mounted.stats.retransmissions).toBeGreaterThanOrEqual(2)
  })

  test('on several connections, when one breaks, the others continue', async () => {
    const { server, mounted } = await setUp({ connections: 3 })
    server.fault = everyNth('READ', 50, { kind: 'reset', afterBytes: 10 })
    expect(await readAll(mounted)).toBe(everything)
  })
})

test('a server that goes away and comes back is waited for', async () => {
  const { server, mounted } = await setUp()
  await server.pause()
  const reading = readAll(mounted)
  await expect.poll(() => mounted.outstanding).toBe(1)
  await server.resume()
  expect(await reading).toBe(everything)
})

test('a server that goes away before all connections were used is waited for by each of them', async () => {
  const { server, mounted } = await setUp({ connections: 4 })
  await server.pause()
  const pings = Promise.all(Array.from({ length: 8 }, () => mounted.ping()))
  await expect.poll(() => mounted.outstanding).toBe(8)
  await server.resume()
  expect(await pings).toHaveLength(8)
})

test('a server that stays away is a TIMEOUT that says what happened last', async () => {
  const { server, mounted } = await setUp({ timeoutMs: 50, retries: 3 })
  await mounted.ping()
  await server.pause()
  await expect(mounted.ping()).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: expect.stringContaining('nothing listens'),
  })
  await server.resume()
  expect(await mounted.ping()).toBeUndefined()
})

test('a storm of JUKEBOX is reported to the observer, and passes', async () => {
  const heard: string[] = []
  const observer = {
    jukebox: (procedure: string, waitMs: number) => heard.push(`${procedure} ${waitMs >= 50}`),
    latency: (ms: number, procedure: string) => heard.push(`${procedure} ${ms >= 0}`),
  }
  const { server, mounted } = await setUp({ observer })
  server.fault = onCalls('READ', 1, 450, { kind: 'status', status: 'JUKEBOX' })
  heard.length = 0
  expect(await readAll(mounted)).toBe(everything)
  expect(mounted.stats).toMatchObject({ jukeboxes: 450, retransmissions: 0 })
  expect(heard.filter((one) => one === 'READ true')).toHaveLength(450 + 750)
})

test('an observer that throws does no harm', async () => {
  const fail = () => {
    throw new Error('a broken observer')
  }
  const { server, mounted } = await setUp({
    observer: { latency: fail, jukebox: fail, timeout: fail, reconnect: fail },
  })
  server.fault = firstOf(
    onCalls('READ', 1, 1, { kind: 'status', status: 'JUKEBOX' }),
    onCalls('READ', 2, 2, { kind: 'reset', afterBytes: 0 }),
    onCalls('READ', 3, 3, { kind: 'drop' }),
  )
  expect(await readAll(mounted)).toBe(everything)
})

test('JUKEBOX is an error when no wait is allowed', async () => {
  const { server, mounted } = await setUp({ jukeboxMs: 0 })
  server.fault = onCalls('GETATTR', 1, 1, { kind: 'status', status: 'JUKEBOX' })
  await expect(mounted.getattr(mounted.root)).rejects.toMatchObject({ code: 'JUKEBOX' })
})

test('a call that may be put off for less than the others fails sooner, and they wait', async () => {
  const { server, mounted } = await setUp()
  server.fault = ({ procedure, nth }) =>
    procedure === 'GETATTR' && nth <= 2 ? { kind: 'status', status: 'JUKEBOX' } : undefined
  const answers = [mounted.getattr(mounted.root, { jukeboxMs: 0 }), mounted.getattr(mounted.root)]
  const [hasty, patient] = await Promise.allSettled(answers)
  expect(hasty).toMatchObject({ status: 'rejected', reason: { code: 'JUKEBOX' } })
  expect(patient).toMatchObject({ status: 'fulfilled' })
})

test('a call that is never answered fails alone', async () => {
  const { server, mounted } = await setUp({ timeoutMs: 50, retries: 1 })
  const timeouts: string[] = []
  server.fault = onCalls('GETATTR', 1, 9, { kind: 'drop' })
  const failing = expect(mounted.getattr(mounted.root)).rejects.toMatchObject({
    code: 'TIMEOUT',
    exportPath: '/export',
  })
  const pings = (async () => {
    while (mounted.outstanding > 0) timeouts.push(String(await mounted.ping()))
  })()
  await Promise.all([failing, pings])
  expect(new Set(timeouts)).toEqual(new Set(['undefined']))
})

test('nonsense without end is PROTOCOL', async () => {
  const { server, mounted } = await setUp({ retries: 2 })
  server.fault = onCalls('FSSTAT', 1, 99, { kind: 'garbage' })
  await expect(mounted.fsstat()).rejects.toMatchObject({ code: 'PROTOCOL', host: expect.stringContaining('127.0.0.1') })
  expect(server.calls['FSSTAT']).toBe(3)
})

test('an abort ends a listing that would never end', async () => {
  const endless = generated(Number.MAX_SAFE_INTEGER, 'e', () => file(0))
  const server = await startNfsServer({ tree: endless, pageBytes: 4_096 })
  open.push(server)
  const mounted = await mountExport(server.address)
  open.push(mounted)
  const stop = new AbortController()
  const listing = (async () => {
    let pages = 0
    for await (const page of mounted.list(mounted.root, { signal: stop.signal })) {
      expect(page.eof).toBe(false)
      if (++pages === 5) stop.abort(new Error('enough'))
    }
  })()
  await expect(listing).rejects.toThrow('enough')
})

describe('a range', () => {
  const rangeOf = async (options: Parameters<typeof readRange>[2], fault?: (server: NfsServer) => void) => {
    // Patient: on a machine that is busy otherwise a call made twice would be counted twice.
    const { server, mounted } = await setUp({ timeoutMs: 20_000, retries: 2 })
    const { handle } = await mounted.resolve('/big')
    fault?.(server)
    const range = await readRange(mounted, handle, options)
    expect(range.reads).toBe(server.calls['READ'])
    return range
  }

  test('is the whole file by default', async () => {
    expect(await rangeOf({})).toEqual({ bytes: 20_000_000, eof: true, complete: true, size: 20_000_000n, reads: 20 })
  })

  test.each([
    [{ offset: 0, length: 0 }, 0, false, 1],
    [{ offset: 5, length: 10 }, 10, false, 1],
    [{ offset: 1_000_000, length: 3_000_000 }, 3_000_000, false, 3],
    [{ offset: 19_999_990, length: 100 }, 10, true, 1],
    [{ offset: 30_000_000 }, 0, true, 1],
    [{ length: Number.POSITIVE_INFINITY, inFlight: 1 }, 20_000_000, true, 20],
    // What the caller expects changes what is asked for first, never what is read.
    [{ expectedSize: 20_000_000 }, 20_000_000, true, 20],
    [{ expectedSize: 30_000_000 }, 20_000_000, true, 20],
    [{ expectedSize: 10 }, 20_000_000, true, 21],
    [{ offset: 19_999_990, expectedSize: 20_000_000 }, 10, true, 1],
    [{ offset: 19_999_990, expectedSize: 0 }, 10, true, 1],
  ])('%j', async (options, bytes, eof, reads) => {
    expect(await rangeOf(options)).toMatchObject({ bytes, eof, reads })
  })

  test('shares a bound of READs in flight with others', async () => {
    const { mounted } = await setUp({ timeoutMs: 20_000, retries: 2 })
    const { handle } = await mounted.resolve('/big')
    let [out, most, reads] = [0, 0, 0]
    let turn: Promise<unknown> = Promise.resolve()
    const limiter = {
      run: <T>(read: () => Promise<T>): Promise<T> => {
        const result = turn.then(async () => {
          reads++
          most = Math.max(most, ++out)
          return await read().finally(() => out--)
        })
        turn = result
        return result
      },
    }
    const read = await Promise.all([0, 1].map(() => readRange(mounted, handle, { limiter })))
    expect(read.map(({ bytes }) => bytes)).toEqual([20_000_000, 20_000_000])
    expect([most, reads]).toEqual([1, 40])
  })

  test('continues from a first READ that the caller has made', async () => {
    const { server, mounted } = await setUp({ timeoutMs: 20_000, retries: 2 })
    const { handle } = await mounted.resolve('/big')
    const count = firstReadBytes(0, Number.POSITIVE_INFINITY, 100_000)
    expect(count).toBe(102_400)
    const first = await new Promise<ReadResult>((resolve, reject) =>
      mounted.readTo({ resolve, reject }, handle, 0, count),
    )
    expect(first).toMatchObject({ count: 102_400, eof: false })
    const range = await readRange(mounted, handle, { expectedSize: 100_000, first })
    expect(range).toMatchObject({ bytes: 20_000_000, eof: true, reads: server.calls['READ'] })
  })

  test.each([
    [0, 10, undefined, 10],
    [0, Number.POSITIVE_INFINITY, 0, 4_096],
    [0, Number.POSITIVE_INFINITY, 4_095, 4_096],
    [0, Number.POSITIVE_INFINITY, 4_096, 8_192],
    [4_000, Number.POSITIVE_INFINITY, 4_096, 4_096],
    [0, 65_536, 1_000_000, 65_536],
    [5_000, 65_536, 4_096, 65_536],
  ])('from %j, %j bytes long, of a file of %j bytes begins with a READ of %j', (offset, length, size, bytes) => {
    expect(firstReadBytes(offset, length, size)).toBe(bytes)
  })

  test.each([
    [-1, 10],
    [0.5, 10],
    [0, -1],
    [0, Number.NaN],
  ])('READ from %j of %j bytes is refused, with a promise and with a receiver', async (offset, count) => {
    const { mounted } = await setUp()
    const refused = { code: 'OPTION_INVALID' }
    await expect(mounted.read(mounted.root, offset, count)).rejects.toMatchObject(refused)
    const told = new Promise((resolve, reject) => mounted.readTo({ resolve, reject }, mounted.root, offset, count))
    await expect(told).rejects.toMatchObject(refused)
  })

  test('fails with the first failure, and asks for no more then', async () => {
    const { server, mounted } = await setUp()
    const { handle } = await mounted.resolve('/big')
    server.fault = onCalls('READ', 3, 3, { kind: 'status', status: 'IO' })
    await expect(readRange(mounted, handle, { inFlight: 2 })).rejects.toMatchObject({ code: 'IO' })
    await mounted.ping()
    expect(server.calls['READ']).toBeLessThan(8)
  })

  test('of a server that gives little at a time, and no attributes, is whole', async () => {
    const server = await startNfsServer({ tree, rtmax: 100_000, attributes: false })
    open.push(server)
    const mounted = await mountExport(server.address)
    open.push(mounted)
    const { handle } = await mounted.resolve('/big')
    expect(await readRange(mounted, handle)).toMatchObject({ bytes: 20_000_000, eof: true, size: 20_000_000n })
  })

  test.each([{ offset: -1 }, { length: -1 }, { offset: 0.5 }, { inFlight: 0 }])('%j is refused', async (options) => {
    await expect(rangeOf(options)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })
})
