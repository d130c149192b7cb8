import {
  directory,
  file,
  generated,
  link,
  type NfsServer,
  type NfsServerOptions,
  startNfsServer,
} from '@cachewarmer/nfs/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { type Verdict, type VerifyOptions, verify } from './index.ts'
import { seeded } from './testing/seeded.ts'

const servers: NfsServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

async function serve(options: NfsServerOptions): Promise<NfsServer> {
  const server = await startNfsServer(options)
  servers.push(server)
  return server
}

const optionsFor = ({ address }: NfsServer, more: Partial<VerifyOptions> = {}): VerifyOptions => ({
  addresses: [address.host],
  exportPath: address.exportPath,
  nfs: { nfsPort: address.nfsPort, mountPort: address.mountPort },
  random: seeded(1),
  ...more,
})

const tree = directory({
  scene1: generated(120, 'f', () => file(5_000)),
  scene2: generated(300, 'g', () => file(100)),
  readme: file('hello'),
  link: link('/scene1'),
})

/** READs before the first that counts, with one file at a time. */
const rehearsal = 3

/** From then on every second READ is a re-read; of the others each `n`th is a cold one. */
const coldFirstReads = (n: number, ms: number) => (call: { procedure: string; nth: number }) =>
  call.procedure === 'READ' && call.nth > rehearsal && call.nth % 2 === 0 && ((call.nth - rehearsal - 1) / 2) % n === 0
    ? ({ kind: 'late', ms } as const)
    : undefined

/*
 * A busy machine may hold up any call, and then no verdict is possible. So what is asserted of a verdict is only that it is not
 * wrong; that there is one where it can be told is shown by `coverage.test.ts`, without a clock.
 */
function expectNotWrong(verdict: Verdict | undefined, truth: number): void {
  if (verdict?.conclusive !== true) expect(verdict).toMatchObject({ share: null, low: null, high: null })
  else expect(verdict.low <= truth && truth <= verdict.high, `${truth} in ${JSON.stringify(verdict)}`).toBe(true)
}

test('a quarter of the first reads is delayed: an interval holds three quarters, or there is none', async () => {
  const server = await serve({ tree, fault: coldFirstReads(4, 40) })
  const warmth = await verify(optionsFor(server, { inFlight: 1, sample: 200 }))
  const [address] = warmth.addresses
  expect(warmth.population).toBe(421)
  expect(warmth.directories).toBe(3)
  expect(address).toMatchObject({ name: '127.0.0.1', sampled: 200, failures: [], gone: 0 })
  expectNotWrong(address, 0.75)
  expectNotWrong(warmth.whole, 0.75)
  expect(address?.slow).toBeGreaterThanOrEqual(50)
  // Three calls per file: NULL, READ, READ.
  expect(server.calls['READ']).toBe(rehearsal + 400)
  expect(server.calls['NULL']).toBeGreaterThanOrEqual(201)
})

test.each([8, 9, 4])(
  'all first reads are cold, and one re-read in %i is held up: it is not called warm',
  async (every) => {
    const isHeldUp = (read: number): boolean => read % 2 === 1 || (read / 2) % every === 0
    const server = await serve({
      tree,
      fault: ({ procedure, nth }) =>
        procedure === 'READ' && nth > rehearsal && isHeldUp(nth - rehearsal) ? { kind: 'late', ms: 40 } : undefined,
    })
    const warmth = await verify(optionsFor(server, { inFlight: 1, sample: 150 }))
    expectNotWrong(warmth.whole, 0)
    expectNotWrong(warmth.addresses[0], 0)
    for (const directory of warmth.byDirectory.directories) expectNotWrong(directory, 0)
  },
)

test('a tenth is cold, and one re-read in nine is held up: it is not called warm altogether', async () => {
  const server = await serve({
    tree,
    fault: ({ procedure, nth }) => {
      const read = nth - rehearsal
      if (procedure !== 'READ' || read <= 0) return undefined
      const isLate = read % 2 === 1 ? ((read - 1) / 2) % 10 === 0 : (read / 2) % 9 === 0
      return isLate ? { kind: 'late', ms: 40 } : undefined
    },
  })
  const warmth = await verify(optionsFor(server, { inFlight: 1, sample: 300 }))
  expectNotWrong(warmth.whole, 0.9)
})

test('where one address can not be told the whole can not, nor can any directory', async () => {
  const server = await serve({ tree })
  // Connections are opened one after the other: all reads through some of them are slow, again and again.
  server.fault = ({ procedure, connection }) =>
    procedure === 'READ' && connection >= server.connections.total / 2 ? { kind: 'late', ms: 100 } : undefined
  const warmth = await verify(optionsFor(server, { addresses: ['127.0.0.1', 'localhost'], sample: 205 }))
  const nothing = { conclusive: false, share: null, low: null, high: null }
  const isTold = warmth.addresses.map(({ conclusive }) => conclusive)
  expect(isTold).toContain(false)
  expect(warmth.whole).toEqual(nothing)
  for (const directory of warmth.byDirectory.directories) expect(directory).toMatchObject(nothing)
})

test('a directory gets an interval of its own where the sample is large enough, else it is only counted', async () => {
  const server = await serve({ tree })
  const { byDirectory } = await verify(optionsFor(server, { sample: 300 }))
  expect(byDirectory.directories.map(({ path }) => path)).toEqual(['/scene2'])
  expect(byDirectory.tooFew).toBe(2)
})

test('each address gets files of its own, and the whole is the mean of the addresses', async () => {
  const server = await serve({ tree, host: '127.0.0.1' })
  const warmth = await verify(optionsFor(server, { addresses: ['127.0.0.1', 'localhost'], sample: 1_000 }))
  expect(warmth.addresses.map(({ sampled }) => sampled)).toEqual([210, 209])
})

test('an address that the resolver refuses is not connected to', async () => {
  const server = await serve({ tree })
  const refused = Object.assign(new Error('not there'), { code: 'ADDRESS_REFUSED' })
  const { nfs } = optionsFor(server)
  const asked = verify(optionsFor(server, { nfs: { ...nfs, resolve: () => Promise.reject(refused) } }))
  await expect(asked).rejects.toMatchObject({ code: 'UNREACHABLE', message: expect.stringContaining('not there') })
  expect(server.connections.total).toBe(0)
})

test('filters and paths say which files count; links are not followed', async () => {
  const server = await serve({ tree })
  const only = {
    file: (path: string) => !path.endsWith('7'),
    size: (bytes: number) => bytes > 1_000,
    modified: () => true,
    directory: () => true,
  }
  const warmth = await verify(optionsFor(server, { filter: only }))
  expect(warmth.population).toBe(108)
  expect((await verify(optionsFor(server, { paths: ['/scene1/f3', '/readme'] }))).population).toBe(2)
})

test('a file that can not be read is not warm, and named; one that is gone does not count', async () => {
  let reads = 0
  const server = await serve({ tree: directory({ d: generated(50, 'f', () => file(10)) }) })
  server.fault = ({ procedure }) => {
    if (procedure !== 'READ') return undefined
    reads += 1
    if (reads === rehearsal + 1) return { kind: 'status', status: 'ACCES' }
    return reads === rehearsal + 2 ? { kind: 'status', status: 'NOENT' } : undefined
  }
  const [address] = (await verify(optionsFor(server, { inFlight: 1 }))).addresses
  expect(address).toMatchObject({ sampled: 48, gone: 1 })
  expect(address?.failures).toHaveLength(1)
  expect(address?.slow).toBeGreaterThanOrEqual(1)
})

test('re-reads that are slow themselves prove nothing', async () => {
  const server = await serve({ tree })
  server.fault = ({ procedure }) => (procedure === 'READ' ? { kind: 'late', ms: 300 } : undefined)
  const warmth = await verify(optionsFor(server, { sample: 60 }))
  const nothing = { conclusive: false, share: null, low: null, high: null }
  expect(warmth.whole).toEqual(nothing)
  expect(warmth.addresses[0]).toMatchObject(nothing)
  expect(warmth.addresses[0]?.doubt).toBeDefined()
  for (const directory of warmth.byDirectory.directories) expect(directory).toMatchObject(nothing)
})

test('of a list each file counts whose size is wanted, and all below its directories', async () => {
  const server = await serve({ tree })
  async function* listed() {
    yield [{ path: '/readme', kind: 'file' as const }]
    yield [
      { path: '/scene1/f3', kind: 'file' as const },
      { path: '/gone', kind: 'file' as const },
      { path: '/scene2', kind: 'tree' as const },
    ]
  }
  const filter = {
    file: () => false,
    size: (bytes: number) => bytes < 1_000,
    modified: () => true,
    directory: () => true,
  }
  const { addresses, population } = await verify(optionsFor(server, { listed: listed(), filter }))
  const [one] = addresses
  // What the tree holds has other names than are wanted; one file goes to the rehearsal.
  expect({ population, seen: (one?.sampled ?? 0) + (one?.gone ?? 0), failures: one?.failures }).toEqual({
    population: 3,
    seen: 1,
    failures: [],
  })
})

test('time that is over ends the listing, and the report says so', async () => {
  const server = await serve({
    tree: directory({ a: generated(1_000_000, 'd', () => directory({ f: file(1) })), f: file(1) }),
    latencyMs: 20,
  })
  const warmth = await verify(optionsFor(server, { listMs: 500 }))
  expect(warmth.complete).toBe(false)
  expect(warmth.population).toBeLessThan(1_000_001)
})

describe('what can not be done is said', () => {
  const failing = (code: string, text: string) =>
    expect.objectContaining({ name: 'VerifyError', code, message: expect.stringContaining(text) })

  test.each<[string, Partial<VerifyOptions>, string, string]>([
    ['no address', { addresses: [] }, 'OPTION_INVALID', 'addresses'],
    ['a sample of none', { sample: 0 }, 'OPTION_INVALID', 'sample has to be a whole number from 1'],
    ['a head of a GiB', { headBytes: 1_073_741_824 }, 'OPTION_INVALID', 'headBytes'],
    ['a host that is none', { addresses: ['a b'] }, 'OPTION_INVALID', 'host'],
    ['a path that is not there', { paths: ['/nowhere'] }, 'NOTHING_TO_READ', '/nowhere is not in the export'],
    ['an export that is not there', { exportPath: '/else' }, 'UNREACHABLE', '/export'],
    [
      'nothing to read',
      { filter: { file: () => false, size: () => true, modified: () => true, directory: () => true } },
      'NOTHING_TO_READ',
      'no file below /',
    ],
  ])('%s', async (_, more, code, text) => {
    const server = await serve({ tree })
    await expect(verify(optionsFor(server, more))).rejects.toEqual(failing(code, text))
  })

  test('an abort ends it with its reason', async () => {
    const server = await serve({ tree, latencyMs: 50 })
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await expect(verify(optionsFor(server, { signal }))).rejects.toBe(reason)
  })
})
