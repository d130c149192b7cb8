import { type FileHandle, mountExport } from '@cachewarmer/nfs'
import { directory, file, type NfsServer, oddFile, startNfsServer } from '@cachewarmer/nfs/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { measure, nfsProber, type Prober, type SampledFile } from './measure.ts'

const { signal } = new AbortController()
const tree = directory({
  sound: file(10_000),
  small: file(100),
  empty: file(0),
  drops: oddFile(10_000, (offset, asked) => ({ count: Math.min(asked, 700, 10_000 - offset), eof: false })),
  stalls: oddFile(10_000, (offset) => ({ count: Math.max(0, 1_000 - offset), eof: false })),
  nothing: oddFile(10_000, () => ({ count: 0, eof: false })),
  'ends early': oddFile(10_000, (offset) => ({ count: Math.max(0, 1_000 - offset), eof: true })),
  'says less': oddFile(10_000, () => ({ count: 0, eof: true, size: 0 })),
})
const odd = ['stalls', 'nothing', 'ends early', 'says less']

describe('the head of a file counts as read', () => {
  let server: NfsServer
  let prober: Prober
  let files: readonly SampledFile[]

  beforeAll(async () => {
    server = await startNfsServer({ tree })
    const mounted = await mountExport(server.address)
    prober = nfsProber(mounted, { now: () => performance.now(), headBytes: 4_096, handleSpace: mounted.handleSpace })
    const { entries } = await mounted.readdirplus(mounted.root)
    files = entries
      .filter(({ attributes }) => attributes?.type === 'file')
      .map(({ name, handle, attributes }) => ({
        path: `/${name}`,
        handle: handle as FileHandle,
        size: Number(attributes?.size),
      }))
  })
  afterAll(() => server.stop())

  const fileOf = (name: string): SampledFile => files.find(({ path }) => path === `/${name}`) ?? { path: `/${name}` }

  test.each(['sound', 'small', 'empty', 'drops'])('where all of it came: %s', async (name) => {
    expect(await prober.read(fileOf(name), signal)).toBeGreaterThan(0)
    expect(await prober.read({ path: `/${name}` }, signal)).toBeGreaterThan(0)
  })

  test.each(odd)('nowhere else: %s', async (name) => {
    for (const asked of [fileOf(name), { path: `/${name}` }])
      await expect(prober.read(asked, signal)).rejects.toThrow(/^\/.*: INCOMPLETE: \d+ bytes received, 4096 expected$/)
  })

  test('and a measurement names those that did not come whole', async () => {
    const measured = await measure(prober, [fileOf('sound'), ...files], { signal })
    expect(measured.failures.map(({ path }) => path).sort()).toEqual(odd.map((name) => `/${name}`).sort())
    expect(measured.files).toHaveLength(files.length - odd.length)
  })
})
