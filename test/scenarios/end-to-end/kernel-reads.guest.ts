import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { aJob } from '@cachewarmer/core/testing'
import { silentLogger } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'
import { steadyClock, systemClock, systemRandom } from '@cachewarmer/service/cli'
import { noFleet, openLedger, runManager, StatusStore } from '@cachewarmer/service/manager'
import { reportJson } from '@cachewarmer/service/report'
import { submitJob, watchJob } from '@cachewarmer/service/submit'
import { type AccessOptions, openAccess, runWorker } from '@cachewarmer/service/worker'
import { Lab, pause } from '../../support/lab.ts'

/*
 * Runs inside nfslab's guest: the same job twice through each kind of kernel mount, by another worker the second time, and
 * what the server and the mounts counted each time. What was seen is written as JSON.
 */
const addresses = (process.env['ADDRESSES'] ?? '').split(',')
const exportPath = process.env['EXPORT'] ?? ''

interface Reads {
  readonly reads: number
  readonly bytes: number
}

/** READs that the server has answered in any version, and their bytes (nfsstat(8) reads the same file). */
function served(): Reads {
  const text = readFileSync('/proc/net/rpc/nfsd', 'latin1')
  const numbers = (name: string): number[] =>
    new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]?.split(' ').map(Number) ?? []
  // The first number counts those behind it; READ is procedure 6 of version 3, operation 25 of version 4.
  return { reads: (numbers('proc3')[7] ?? 0) + (numbers('proc4ops')[26] ?? 0), bytes: numbers('io')[0] ?? 0 }
}

/** READs and bytes by mount, as the kernel's client counts them until it is unmounted. */
function asked(): Map<string, Reads> {
  const known = new Map<string, Reads>()
  for (const mount of readFileSync('/proc/self/mountstats', 'latin1').split(/^device /m)) {
    const [, address, point] = /^([\d.]+):\S* mounted on (\S+) with fstype nfs/.exec(mount) ?? []
    const operations = /^\s+READ: (\d+)/m.exec(mount)?.[1]
    const bytes = /^\s+bytes:\s+(?:\d+ ){4}(\d+)/m.exec(mount)?.[1]
    if (point !== undefined && operations !== undefined)
      known.set(`${address} ${point}`, { reads: Number(operations), bytes: Number(bytes) })
  }
  return known
}

const own = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .filter((line) => line.includes('/cachewarmer-mounts-'))

/** A worker of a run mounts for that run alone, so the kernel's figures for an address are those of its new mounts. */
async function job(meanwhile: () => Promise<void> = async () => undefined, path = '/tree'): Promise<object> {
  const before = { server: served(), client: asked() }
  const latest = new Map<string, Reads>()
  const watch = (): void => {
    for (const [mount, reads] of asked()) latest.set(mount, reads)
  }
  const watching = setInterval(watch, 20)
  const { messageId } = await submitJob(service, prefix, aJob({ addresses, exportPath, paths: [path] }))
  const disturbed = meanwhile()
  let report: unknown
  for await (const status of watchJob(service, prefix, { messageId }, { clock: steadyClock, intervalMs: 50 }))
    report = reportJson(status)
  await disturbed
  watch()
  clearInterval(watching)
  const { reads, bytes } = served()
  const byAddress: Record<string, Reads> = {}
  for (const [mount, now] of latest) {
    const [address = ''] = mount.split(' ')
    const then = before.client.get(mount) ?? { reads: 0, bytes: 0 }
    const sum = byAddress[address] ?? { reads: 0, bytes: 0 }
    byAddress[address] = { reads: sum.reads + now.reads - then.reads, bytes: sum.bytes + now.bytes - then.bytes }
  }
  return { report, server: { reads: reads - before.server.reads, bytes: bytes - before.server.bytes }, byAddress }
}

type Access = Pick<AccessOptions, 'policy'> & {
  readonly versions?: AccessOptions['kernel']['versions']
  readonly template?: string
  readonly path?: string
}

/** A job through a worker of this process. */
async function jobThrough({ policy, versions, template = '', path }: Access): Promise<object> {
  const stop = new AbortController()
  const resolve = async (host: string): Promise<string[]> => [host]
  const openMount = openAccess({
    policy,
    folder: { template },
    direct: { resolve, maxInFlight: 64, clock: steadyClock },
    kernel: { resolve, versions, parent: tmpdir() },
  })
  const working = runWorker(
    { service, clock: steadyClock, random: systemRandom, logger: silentLogger, openMount },
    { prefix },
    { stopTaking: stop.signal, abortWork: new AbortController().signal },
  )
  const seen = await job(undefined, path)
  stop.abort()
  await working
  return seen
}

const twice = async (access: Access): Promise<object> => ({
  jobs: [await jobThrough(access), await jobThrough(access)],
})

/** Mounted beforehand, as an operator would, with the kernel's own defaults. */
async function throughFolders(version: string): Promise<object> {
  const base = join('/mnt', version)
  for (const address of addresses) {
    const folder = join(base, address, exportPath)
    mkdirSync(folder, { recursive: true })
    const options = `ro,nfsvers=${version},proto=tcp${version === '3' ? ',nolock,mountproto=tcp' : ''}`
    execFileSync('mount', ['-t', 'nfs', '-o', options, `${address}:${exportPath}`, folder])
  }
  const seen = await twice({ policy: 'folder', template: `${base}/{address}{export}` })
  for (const address of addresses) execFileSync('umount', [join(base, address, exportPath)])
  return seen
}

/** Worker programs: two jobs, the end of their mounts while the worker lives on, and a third job in which it is killed. */
async function throughPrograms(): Promise<object> {
  const options = ['--queue', queue, '--queue-name-prefix', prefix, '--access', 'mount', '--lease-ms', '3000']
  const start = () => lab.start('worker', options)
  const first = start()
  const jobs = [await job(), await job()]
  for (let waitedMs = 0; own().length > 0 && waitedMs < 20_000; waitedMs += 100) await pause(100)
  const mounts = own()
  let orphans: string[] = []
  let second = first
  const disturb = async (): Promise<void> => {
    while (own().length < addresses.length) await pause(5)
    first.process.kill('SIGKILL')
    await first.finished
    orphans = own()
    second = start()
  }
  jobs.push(await job(disturb))
  const stillThere = own().filter((mount) => orphans.includes(mount))
  second.process.kill('SIGTERM')
  const { stderr } = await second.finished
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith('cachewarmer-mounts-'))
  return { jobs, mounts, orphans: orphans.length, stillThere, folders, log: stderr.slice(-2_000) }
}

await using lab = new Lab()
const prefix = 'lab'
const place = mkdtempSync(join(tmpdir(), 'kernel-reads-'))
const queue = `sqlite:${join(place, 'queue.db')}`
const service = await openService(queue, {})
const ledger = openLedger(join(place, 'ledger.db'))
const over = new AbortController()
const observer = new StatusStore(
  { clock: systemClock, fleet: noFleet, ledger },
  { name: 'lab', prefix, steering: false },
)
const managing = runManager(
  { service, clock: steadyClock, random: systemRandom, logger: silentLogger, ledger, fleet: noFleet, observer },
  { prefix, statusMs: 100 },
  { stop: over.signal },
)

const seen: Record<string, object> = { 'programs 3': await throughPrograms() }
for (const version of ['4.0', '4.1'] as const)
  seen[`mount ${version}`] = await twice({ policy: 'mount', versions: [version] })
seen['mount 4.2'] = { jobs: [await jobThrough({ policy: 'mount', versions: ['4.2'] })] }
for (const version of ['3', '4.1']) seen[`folder ${version}`] = await throughFolders(version)
// Another file system below the export, which NFSv4 shows.
const nested = `/nfslab${exportPath}/nested`
mkdirSync(nested)
execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', nested])
writeFileSync(join(nested, 'file'), 'of another file system')
seen['nested 4.0'] = { jobs: [await jobThrough({ policy: 'mount', versions: ['4.0'], path: '/nested' })] }
// The server switches version 3 off.
execFileSync('sh', ['-c', 'rpc.nfsd 0 && rpc.nfsd -N 3 -V 4.0 -V 4.1 -V 4.2 16 && echo 1 >/proc/fs/nfsd/v4_end_grace'])
seen['auto without 3'] = await twice({ policy: 'auto' })
if (process.env['WITH_KERBEROS'] === '1') {
  // It takes nothing else.
  execFileSync('sh', ['-c', 'rpc.nfsd 0 && rpc.nfsd -V 3 -N 4 16'])
  execFileSync(fileURLToPath(new URL('../../support/nfslab/kerberos', import.meta.url)), { stdio: 'ignore' })
  seen['auto with Kerberos'] = await twice({ policy: 'auto' })
}
over.abort()
await managing
await service.close()
console.log(`@@${JSON.stringify({ seen, left: own() })}`)
