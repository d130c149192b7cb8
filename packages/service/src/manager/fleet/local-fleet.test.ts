import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '@cachewarmer/queue'
import { fakeClock } from '@cachewarmer/queue/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Fleet } from '../ports.ts'
import { alive, eventually } from '../testing/processes.ts'
import { localFleet, workerEnvironment } from './local-fleet.ts'

let folder: string
let fleet: Fleet | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cw-fleet-'))
})
afterEach(async () => {
  for (const pid of started()) if (alive(pid)) process.kill(pid, 'SIGKILL')
  await fleet?.stop()
  rmSync(folder, { recursive: true })
})

/** Every worker leaves a file named after its process once it is ready. */
const started = (): number[] =>
  readdirSync(folder)
    .map(Number)
    .filter((pid) => pid > 0)
const living = (): number[] => started().filter(alive)

const ready = `require('node:fs').writeFileSync(require('node:path').join(process.env.FOLDER, String(process.pid)), '')`
const waits = `process.stdin.resume(); process.stdin.on('end', () => process.exit(0)); ${ready}`
const obeys = `process.on('SIGTERM', () => process.exit(0)); ${waits}`
const stubborn = `process.on('SIGTERM', () => undefined); ${waits}`
const dies = `${ready}; process.exit(7)`

function open(script: string, drainMs?: number) {
  const clock = fakeClock()
  const warn = vi.fn<(message: string) => void>()
  const logger: Logger = { debug: vi.fn(), info: vi.fn(), warn, error: vi.fn(), child: () => logger }
  const opened = localFleet({
    command: [process.execPath, '-e', script],
    environment: { FOLDER: folder },
    clock,
    logger,
    ...(drainMs === undefined ? {} : { drainMs }),
  })
  fleet = opened
  return { clock, warn, fleet: opened }
}

describe('worker processes', { timeout: 60_000 }, () => {
  test('are started until there are as many as wanted', async () => {
    const { fleet } = open(obeys)
    fleet.want(3)
    fleet.want(3)
    await eventually(() => started().length === 3)
    expect(fleet.observe()).toEqual({ kind: 'local', wanted: 3, running: 3, notes: [] })
    await fleet.stop()
    expect(started()).toHaveLength(3)
  })

  test('end on SIGTERM when fewer are wanted, which is no death', async () => {
    const { fleet, warn } = open(obeys)
    fleet.want(3)
    await eventually(() => started().length === 3)
    fleet.want(1)
    expect(fleet.observe()).toMatchObject({ wanted: 1, running: 1 })
    await eventually(() => living().length === 1)
    await fleet.stop()
    expect(living()).toEqual([])
    expect(warn).not.toHaveBeenCalled()
  })

  test('that do not end are killed after the drain, not before', async () => {
    const { clock, fleet } = open(stubborn, 5_000)
    fleet.want(1)
    await eventually(() => started().length === 1)
    const stopped = fleet.stop()
    await clock.advance(4_999)
    expect(living()).toHaveLength(1)
    await clock.advance(1)
    await stopped
    expect(living()).toEqual([])
  })

  test('that die are started again, after a pause that doubles', async () => {
    const { clock, fleet, warn } = open(dies)
    let deaths = 0
    for (const pauseMs of [200, 400, 800]) {
      fleet.want(1)
      deaths += 1
      await eventually(() => warn.mock.calls.length === deaths)
      await clock.advance(pauseMs - 1)
      fleet.want(1)
      expect(fleet.observe().running).toBe(0)
      await clock.advance(1)
    }
    expect(fleet.observe().notes).toEqual(started().map(() => expect.stringMatching(/ended: exit code 7$/)))
    fleet.want(0)
  })

  test('that lived for long are started again without much ado', async () => {
    const { clock, fleet, warn } = open(obeys)
    for (let death = 1; death <= 3; death += 1) {
      fleet.want(1)
      await eventually(() => living().length === 1)
      await clock.advance(10_000)
      for (const pid of living()) process.kill(pid, 'SIGKILL')
      await eventually(() => warn.mock.calls.length === death)
      expect(warn).toHaveBeenLastCalledWith(expect.stringContaining('SIGKILL'))
      await clock.advance(200)
    }
  })

  test('that can not be started at all are reported', async () => {
    const warn = vi.fn<(message: string) => void>()
    const logger: Logger = { debug: vi.fn(), info: vi.fn(), warn, error: vi.fn(), child: () => logger }
    fleet = localFleet({ command: [join(folder, 'missing')], environment: {}, clock: fakeClock(), logger })
    fleet.want(1)
    await eventually(() => warn.mock.calls.length === 1)
    expect(fleet.observe()).toMatchObject({ wanted: 1, running: 0, notes: [expect.stringContaining('ENOENT')] })
  })

  test('end with a manager that was killed, as their standard input does', async () => {
    const manager = join(folder, 'manager.mjs')
    const url = (file: string): string => new URL(file, import.meta.url).href
    writeFileSync(
      manager,
      `import { localFleet } from ${JSON.stringify(url('../../../dist/manager/fleet/local-fleet.js'))}
       const logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger }
       const clock = { now: () => 0, setTimer: () => () => {} }
       localFleet({ command: [process.execPath, '-e', ${JSON.stringify(waits)}], environment: process.env, clock, logger }).want(2)`,
    )
    const parent = spawn(process.execPath, [manager], { env: { FOLDER: folder }, stdio: 'ignore' })
    await eventually(() => started().length === 2)
    expect(living()).toHaveLength(2)
    parent.kill('SIGKILL')
    await eventually(() => living().length === 0)
  })
})

/** What a manager may have; a worker needs little of it. */
const own = {
  PATH: '/bin',
  HOME: '/root',
  VMSS_PASSWORD: 'vmss-secret',
  CACHEWARMER_STATUS_TOKEN: 'token-secret',
  AWS_SECRET_ACCESS_KEY: 'foreign-secret',
  DATABASE_URL: 'postgres://user:foreign-secret@db',
  AZURE_TENANT_ID: 'tenant',
  AZURE_CLIENT_ID: 'client',
  AZURE_CLIENT_SECRET: 'client-secret',
  AZURE_CLIENT_CERTIFICATE_PASSWORD: 'certificate-secret',
  STORAGE_KEY: 'key-secret',
  AZURE_STORAGE_KEY: 'second-key-secret',
  CACHEWARMER_STORAGE_SAS: 'sig=sas-secret',
  CACHEWARMER_CONNECTION_STRING: 'AccountKey=connection-secret',
  AZURE_STORAGE_CONNECTION_STRING: 'AccountKey=second-connection-secret',
  https_proxy: 'http://user:proxy-secret@proxy:3128',
  no_proxy: 'filer',
  CACHEWARMER_NFS_UID: '1000',
}
const secretsOf = (environment: Readonly<Record<string, string>>): string[] =>
  Object.entries(environment).flatMap(([name, value]) => (value.includes('secret') ? [name] : []))
const url = 'https://studio.queue.core.windows.net'

describe('a worker process', () => {
  test('of a queue that is a file has no secret at all', () => {
    expect(workerEnvironment({ queue: 'sqlite:/var/lib/q.db', storageKey: 'argument-secret' }, own)).toEqual({
      PATH: '/bin',
      HOME: '/root',
      CACHEWARMER_NFS_UID: '1000',
    })
  })

  test.each([
    ['a signature in its URL', { queue: `${url}?sig=url-secret` }, own, ['https_proxy', 'CACHEWARMER_QUEUE']],
    ['a key that was an argument', { queue: url, storageKey: 'a-secret' }, own, ['https_proxy', 'STORAGE_KEY']],
    ['a key in a file', { queue: url, storageKeyFile: '/run/key' }, own, ['https_proxy']],
    ['a signature', { storageAccountName: 'studio' }, own, ['https_proxy', 'CACHEWARMER_STORAGE_SAS']],
    ['a key', { queue: url }, { ...own, CACHEWARMER_STORAGE_SAS: '' }, ['https_proxy', 'STORAGE_KEY']],
    ['a connection string', {}, own, ['https_proxy', 'CACHEWARMER_CONNECTION_STRING']],
    [
      'an identity alone',
      { queue: url },
      { ...own, STORAGE_KEY: '', AZURE_STORAGE_KEY: '', CACHEWARMER_STORAGE_SAS: '' },
      ['https_proxy', 'AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PASSWORD'],
    ],
  ])(
    'whose queue is entered by %s has that secret, a way through the proxy, and no other',
    (_, config, from, names) => {
      expect(secretsOf(workerEnvironment(config, from)).sort()).toEqual(names.sort())
    },
  )

  test('asks for its tokens as the options of the manager say', () => {
    const told = { queue: url, azureClientId: 'id', azureAuthorityHost: 'https://login.example' }
    expect(workerEnvironment(told, { AZURE_CLIENT_ID: 'other' })).toEqual({
      AZURE_CLIENT_ID: 'id',
      AZURE_AUTHORITY_HOST: 'https://login.example',
    })
  })
})
