import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directory, file, generated, type NfsServer, startNfsServer } from '@cachewarmer/nfs/testing'
import { aJob, anEnded, aStatus } from '@cachewarmer/service/testing'
import type { Warmth } from '@cachewarmer/walker/verify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { start } from '../testing/child.ts'
import { hurriedClock, runHere } from '../testing/here.ts'
import { openQueueFile } from '../testing/queue-file.ts'

let server: NfsServer
beforeEach(async () => {
  server = await startNfsServer({ tree: directory({ scene1: generated(200, 'f', () => file(300)), notes: file('x') }) })
})
afterEach(() => server.stop())

const ports = (): string[] => ['--nfs-port', `${server.nfsPort}`, '--mount-port', `${server.mountPort}`]
const target = (path = '/scene1'): string[] => [
  'verify',
  '--addresses',
  '127.0.0.1',
  '--export',
  server.exportPath,
  '--path',
  path,
  ...ports(),
]
const run = (...argv: string[]) => runHere(argv).finished

/** What a person reads: a share, or that it can't be told, as on a machine that is busy with other work. */
const headline =
  /^(\d+\.\d% is warm, between \d+\.\d% and \d+\.\d% with 95 % confidence|Can't tell how warm it is): a sample of 179 of 180 files/

test('needs no queue where options say what to look at, and tells a person how warm it is', async () => {
  const { code, stdout, stderr } = await run(...target(), '--exclude', '*7')
  expect(stderr).toBe('')
  expect(stdout).toMatch(headline)
  expect(stdout).toContain('first reads  |')
  expect(code).toBe(0)
})

test('prints JSON, and writes a picture, as the built program too', { timeout: 60_000 }, async () => {
  const svg = join(tmpdir(), `cw-verify-${process.pid}.svg`)
  const { code, stdout } = await start([...target(), '--json', '--sample', '50', '--picture', svg]).finished
  expect(await readFile(svg, 'utf8')).toMatch(/^<svg /)
  await rm(svg)
  const [address] = (JSON.parse(stdout) as Warmth).addresses
  expect({ code, ...address }).toMatchObject({ code: 0, name: '127.0.0.1', sampled: 50, failures: [] })
})

test('where it can not be told no number stands for a share, in text, JSON and picture, at any level', async () => {
  // Reads of what has just been read are as slow as first ones, and NULL calls are not.
  server.fault = ({ procedure }) => (procedure === 'READ' ? { kind: 'late', ms: 100 } : undefined)
  const { stdout, code } = await run(...target('/'))
  expect(stdout).toMatch(/^Can't tell how warm it is: a sample of 200 of 201 files/)
  expect(stdout).toMatch(/^ {2}127\.0\.0\.1 +200 +\? +\? +\? /m)
  expect(stdout).toMatch(/^ {2}\/scene1 +\d+ +\? +\? +\?$/m)
  expect(stdout).not.toMatch(/\d%/)
  expect(code).toBe(0)
  const written = new Map<string, string>()
  const json = await runHere([...target('/'), '--json', '--picture', 'warmth.svg'], { written }).finished
  const picture = written.get('warmth.svg')
  expect(picture).toContain('can&#39;t tell how warm')
  expect(picture).not.toMatch(/\d %/)
  const warmth = JSON.parse(json.stdout) as Warmth
  const nothing = { conclusive: false, share: null, low: null, high: null }
  expect(warmth).toMatchObject({ whole: nothing, addresses: [nothing] })
  expect(warmth.byDirectory.directories).toMatchObject([{ path: '/scene1', ...nothing }])
})

test('takes what to look at from the run of a job', async () => {
  const queues = openQueueFile(hurriedClock)
  try {
    const job = aJob({ addresses: ['127.0.0.1'], exportPath: server.exportPath, paths: ['/notes'] })
    const ended = anEnded('warmed', { label: 'night', job })
    const mounts = { '127.0.0.1': { files: 1, bytes: 1, failures: 0, latencies: { '45': 1 } } }
    const counts = { ...ended.progress.counts, mounts }
    await queues.posts.post({ ...ended, progress: { ...ended.progress, counts } })
    const { stdout, code } = await run('verify', 'night', ...ports(), '--json', ...queues.arguments)
    expect(JSON.parse(stdout)).toMatchObject({ population: 1, addresses: [{ warmUpMs: expect.closeTo(354.8, 1) }] })
    expect(code).toBe(0)
    expect((await run('verify', 'night', ...ports(), ...queues.arguments)).stdout).toContain('the warm-up  |')
    await queues.posts.post(aStatus({ run: 'abcdefghijkl', label: 'bad', jobMessageId: 'm2', job: null }))
    expect((await run('verify', 'bad', ...queues.arguments)).stderr).toContain('bad was refused')
    expect(await run('verify', 'nobody', ...queues.arguments)).toMatchObject({ code: 2 })
  } finally {
    await queues.remove()
  }
})

test('connects to no address that is refused, whether it is named here or by the run of a job', async () => {
  const metadata = '169.254.169.254'
  const named = ['verify', '--addresses', metadata, '--export', '/', '--path', '/']
  expect(await run(...named)).toMatchObject({ code: 3, stderr: expect.stringContaining('link-local') })
  expect(await run(...named, '--allow-address', 'all')).toMatchObject({ code: 2 })
  const queues = openQueueFile(hurriedClock)
  try {
    await queues.posts.post(anEnded('warmed', { label: 'night', job: aJob({ addresses: [metadata] }) }))
    const { code, stderr } = await run('verify', 'night', ...queues.arguments)
    expect([code, stderr]).toEqual([3, expect.stringContaining(`--allow-address ${metadata} permits it`)])
  } finally {
    await queues.remove()
  }
})

describe('a list', () => {
  test('is sampled with all below its directories, with any of them missing, and a tree besides', async () => {
    const files = { list: ['/scene1/f1', 'scene1/f2', '/gone', '/notes', '/scene1/', ''].join('\n') }
    const here = target().filter((word) => word !== '--path' && word !== '/scene1')
    const { code, stdout, stderr } = await runHere([...here, '--files-from', 'list', '--json'], { files }).finished
    expect(stderr).toBe('')
    const { population, addresses } = JSON.parse(stdout) as Warmth
    expect({ code, population, failures: addresses[0]?.failures }).toEqual({ code: 0, population: 204, failures: [] })
    // One goes to the rehearsal.
    expect((addresses[0]?.sampled ?? 0) + (addresses[0]?.gone ?? 0)).toBe(203)
  })

  test('of a run is named again', async () => {
    const queues = openQueueFile(hurriedClock)
    try {
      const list = { id: 'abcdefgh1234', chunks: 1, paths: 2 }
      const job = aJob({ addresses: ['127.0.0.1'], exportPath: server.exportPath, paths: [], list })
      await queues.posts.post(anEnded('warmed', { label: 'night', job }))
      const without = await run('verify', 'night', ...ports(), ...queues.arguments)
      expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('name it with --files-from') })
      const files = { again: '/notes\0/scene1/f7\0' }
      const again = ['verify', 'night', ...ports(), ...queues.arguments, '--files-from', 'again', '--null', '--json']
      const { stdout } = await runHere(again, { files }).finished
      expect(JSON.parse(stdout)).toMatchObject({ population: 2 })
    } finally {
      await queues.remove()
    }
  })
})

describe('--require', () => {
  test('is met where the lower bound reaches it, and by nothing else', async () => {
    const { code, stdout } = await run(...target(), '--require', '50%', '--json')
    const { whole } = JSON.parse(stdout) as Warmth
    expect(code).toBe(whole.conclusive && whole.low >= 0.5 ? 0 : 1)
  })

  test('is not met by what is cold', async () => {
    // Of one file at a time every second READ is the re-read.
    server.fault = ({ procedure, nth }) => (procedure === 'READ' && nth === 1 ? { kind: 'late', ms: 50 } : undefined)
    expect((await run(...target('/notes'), '--require', '0.9')).code).toBe(1)
  })

  test('is not met by an inconclusive result', async () => {
    server.fault = ({ procedure }) => (procedure === 'READ' ? { kind: 'late', ms: 300 } : undefined)
    const { code, stdout } = await run(...target(), '--sample', '40', '--require', '1%')
    expect(stdout).toContain("Can't tell how warm it is")
    expect(code).toBe(1)
  })
})

describe('what can not be done is said', () => {
  test.each<[string, () => string[], number, string]>([
    ['a share of 0', () => [...target(), '--require', '0'], 2, 'Expected a share as 99% or 0.99'],
    ['a share of 101 %', () => [...target(), '--require', '101%'], 2, 'Expected a share'],
    ['no address', () => ['verify', '--export', '/e', '--path', '/'], 2, '--addresses'],
    ['a path with ..', () => target('/../x'), 2, '--path'],
    ['a port of 0', () => [...target(), '--nfs-port', '0'], 2, 'from 1 to 65535'],
    ['a path that is not there', () => target('/nowhere'), 1, '/nowhere is not in the export'],
  ])('%s', async (_, argv, code, said) => {
    const finished = await run(...argv())
    expect(finished.stderr).toContain(said)
    expect(finished.code).toBe(code)
  })

  test('an address where nothing listens', async () => {
    await server.stop()
    const { code, stderr } = await run(...target())
    expect(stderr).toMatch(/^cachewarmer-submit: 127\.0\.0\.1/)
    expect(code).toBe(3)
  })
})
