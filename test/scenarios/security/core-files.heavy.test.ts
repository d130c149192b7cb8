import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { workerCloudInit } from '@cachewarmer/vmss'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Azurite, startAzurite } from '../../support/azurite.ts'
import { submitSlowly } from '../../support/chaos.ts'
import { Lab, makeTree, type Running, workersBelow } from '../../support/lab.ts'
import { readText } from '../../support/repository.ts'
import { type Remains, takeRemains } from './remains.ts'

/* The core file of a crashed process: with all of its memory it would contain every secret that the process knows. */

const token = 'Open-Sesame-4-The-Page'
/** The kernel's default content of a core: all private memory, with the environment. */
const wholeMemory = '33'

/** Why this machine writes no core into a process's folder; undefined where it does. */
function whyNoCores(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux is looked at'
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim()
  if (/^\||\//.test(pattern)) return `the kernel sends cores elsewhere (core_pattern: ${pattern})`
  const hard = execFileSync('/bin/sh', ['-c', 'ulimit -H -c'], { encoding: 'utf8' }).trim()
  return hard === 'unlimited' ? undefined : `core files are limited to ${hard} blocks here`
}
const withoutCores = whyNoCores()
if (withoutCores !== undefined) console.warn(`no core file is looked into: ${withoutCores}`)

/** A shell that goes to a folder, sets the limit of core files, and becomes the program. */
const launcher = (folder: string, limit: string): readonly string[] => [
  '/bin/sh',
  '-c',
  'cd "$0" && ulimit -c "$1" && shift && exec "$@"',
  folder,
  limit,
]

const filterOf = (pid: number): number => Number.parseInt(readFileSync(`/proc/${pid}/coredump_filter`, 'utf8'), 16)
const dumpAll = (pid: number): void => writeFileSync(`/proc/${pid}/coredump_filter`, wholeMemory)

describe.skipIf(process.platform !== 'linux')('a process that crashes', { timeout: 120_000 }, () => {
  let azurite: Azurite
  let lab: Lab
  let cores: string
  beforeAll(async () => {
    azurite = await startAzurite()
    lab = new Lab({
      CACHEWARMER_QUEUE: azurite.url,
      STORAGE_KEY: azurite.accountKey,
      CACHEWARMER_STATUS_TOKEN: token,
    })
    cores = join(lab.folder, 'cores')
    mkdirSync(cores)
    makeTree(lab.exportFolder, 2, 20)
    void submitSlowly(lab, 1)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
    await azurite.stop()
  })

  function start(limit: string): { manager: Running; pid: number } {
    lab.launcher = launcher(cores, limit)
    const manager = lab.startManager('--status-listen', '127.0.0.1:0')
    lab.launcher = []
    return { manager, pid: manager.process.pid ?? 0 }
  }

  /** The workers of a manager, once they know what they have to know. */
  async function workersOf(manager: Running): Promise<readonly number[]> {
    const atWork = (): boolean => workersBelow(lab.folder).length === 2 && manager.log().includes('page is served')
    await lab.eventually(async () => atWork() && workersBelow(lab.folder).every((pid) => filterOf(pid) === 0))
    return workersBelow(lab.folder)
  }

  const left = (): Remains[] => takeRemains(cores, [azurite.accountKey, token])

  async function crashWorker(manager: Running, pid: number): Promise<Remains[]> {
    process.kill(pid, 'SIGSEGV')
    await lab.eventually(async () => manager.log().includes(`worker process ${pid} ended: SIGSEGV`))
    return left()
  }

  async function crashManager(manager: Running): Promise<Remains[]> {
    manager.process.kill('SIGABRT')
    await manager.finished
    return left()
  }

  test('has its memory kept out of core files, asks Node for no report, and leaves nothing as a service', async () => {
    const { manager, pid } = start('0')
    const workers = await workersOf(manager)
    for (const one of [pid, ...workers]) {
      expect(filterOf(one)).toBe(0)
      const [, ...args] = readFileSync(`/proc/${one}/cmdline`, 'utf8').split('\0')
      expect(args.join(' ')).not.toMatch(/--(report|heapsnapshot|heap-prof|cpu-prof|abort|diagnostic-dir|inspect)/)
      expect(readFileSync(`/proc/${one}/environ`, 'utf8')).not.toContain('NODE_OPTIONS')
      // So that the limit alone is at work from here on.
      dumpAll(one)
    }
    expect(await crashWorker(manager, workers[0] ?? 0)).toEqual([])
    expect(await crashManager(manager)).toEqual([])
  })

  test.skipIf(withoutCores !== undefined)('leaves cores without secrets if the system asks for cores', async () => {
    const { manager } = start('unlimited')
    const [one = 0, other = 0] = await workersOf(manager)
    const core = { name: expect.stringMatching(/^core/), isCore: true }
    // A core and nothing else: no report and no snapshot of Node's.
    expect(await crashWorker(manager, one)).toEqual([{ ...core, secrets: [] }])
    // The same process with all of its memory, so that the search is known to find something.
    dumpAll(other)
    expect(await crashWorker(manager, other)).toEqual([
      { ...core, secrets: expect.arrayContaining([azurite.accountKey]) },
    ])
    expect(await crashManager(manager)).toEqual([{ ...core, secrets: [] }])
    const again = start('unlimited')
    await lab.eventually(async () => again.manager.log().includes('page is served'))
    dumpAll(again.pid)
    expect(await crashManager(again.manager)).toEqual([{ ...core, secrets: [azurite.accountKey, token] }])
  })

  test('a report of Node would be found, which has the whole environment', () => {
    const options = { cwd: cores, env: { CACHEWARMER_STATUS_TOKEN: token } }
    spawnSync(process.execPath, ['--report-uncaught-exception', '-e', 'throw 1'], options)
    expect(left()).toEqual([{ name: expect.stringMatching(/^report\..*\.json$/), isCore: false, secrets: [token] }])
  })
})

test('every service that we ship leaves no core', () => {
  const units = ['manager', 'worker'].map((role) =>
    readText(`packages/service/bootstrap/systemd/cachewarmer-${role}.service`),
  )
  const ofImage = workerCloudInit({ source: { from: 'image', command: ['/opt/cachewarmer-worker'] } })
  const [, inCloudInit = ''] = /- path: \S+cachewarmer-worker\.service\n([\s\S]*?)\n {2}- path/.exec(ofImage) ?? []
  for (const unit of [...units, inCloudInit]) {
    expect(unit).toContain('ExecStart=')
    expect(unit).toMatch(/^ *LimitCORE=0$/m)
  }
})
