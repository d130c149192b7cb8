import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { seededRandom } from '@cachewarmer/core/testing'
import { reportOf, submitSlowly } from '../../support/chaos.ts'
import { Lab, pause } from '../../support/lab.ts'
import { startRpcProxy } from '../../support/rpc-proxy.ts'

/*
 * Runs inside nfslab's guest, with the kernel's own NFS server: one job through the kernel's client, while the server is
 * stopped, started and made slow, and what is left of the mounts; then one job each through the direct client and the
 * kernel's, while half of the server's answers are lost. What was seen is written as JSON.
 */
const addresses = (process.env['ADDRESSES'] ?? '').split(',')
const exportPath = process.env['EXPORT'] ?? ''
await using lab = new Lab()
const manager = lab.start('manager', ['--ledger', join(lab.folder, 'ledger.db'), '--workers', '1', '--access', 'mount'])
const mounts = (): string[] =>
  readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes('cachewarmer-mounts-'))
let during: string[] = []
const watching = setInterval(() => {
  const now = mounts()
  if (now.length > during.length) during = now
}, 20)
/** READ calls of the kernel's client so far: `proc3`, a count of procedures, then one number for each. */
const reads = (): number =>
  Number(/^proc3 (.*)$/m.exec(readFileSync('/proc/net/rpc/nfs', 'utf8'))?.[1]?.split(' ')[7] ?? 0)
const reachReads = (least: number): Promise<void> => lab.eventually(async () => reads() >= least, 120_000)

let over = false
const submitted = submitSlowly(lab, 40, { addresses, exportPath, path: '/plain' }).finally(() => {
  over = true
})
await reachReads(20)
execFileSync('nfslab-server', ['stop'])
await pause(500)
const beforeStandstill = reads()
await pause(2_500)
const readsWhileStopped = reads() - beforeStandstill
execFileSync('nfslab-server', ['start'])
await reachReads(beforeStandstill + 20)
execFileSync('nfslab-rtt', ['600'])
const troubleInTime = !over
await pause(3_000)
execFileSync('nfslab-rtt', ['0'])
const finished = await submitted
clearInterval(watching)
manager.process.kill('SIGTERM')
await manager.finished
const left = readdirSync(tmpdir()).filter(
  (name) =>
    name.startsWith('cachewarmer-mounts-') &&
    existsSync(join(tmpdir(), name)) &&
    readdirSync(join(tmpdir(), name)).length > 0,
)

/** Half of the answers do not arrive, though never three to one call; packets that are lost TCP would only send again. */
await using network = await startRpcProxy({ targetPort: 2049, random: seededRandom(1) })
async function halfLost(access: readonly string[]): Promise<{ code: number | null; report: unknown; lost: number }> {
  Object.assign(network.weather, { lost: 0.5, lostInARow: 2 })
  const before = { passed: network.passed, dropped: network.dropped }
  const reader = lab.start('manager', ['--ledger', join(lab.folder, 'ledger.db'), '--workers', '1', ...access])
  const ended = await submitSlowly(lab, 100_000, { addresses, exportPath, path: '/lossy' })
  const dropped = network.dropped - before.dropped
  network.weather.lost = 0
  reader.process.kill('SIGTERM')
  await reader.finished
  return { code: ended.code, report: reportOf(ended), lost: dropped / (dropped + network.passed - before.passed) }
}
const direct = await halfLost(['--access', 'direct', '--nfs-port', String(network.port), '--nfs-timeout-ms', '500'])

// A worker's mount options, except that the kernel repeats a call after half a second instead of fifteen.
const options = `ro,nfsvers=3,proto=tcp,mountproto=tcp,nolock,soft,timeo=5,retrans=3,retry=0,port=${network.port}`
const mounted = join(lab.folder, 'lossy')
for (const address of addresses) {
  const folder = join(mounted, address + exportPath)
  mkdirSync(folder, { recursive: true })
  await promisify(execFile)('mount', ['-t', 'nfs', '-o', options, `${address}:${exportPath}`, folder])
}
const kernel = await halfLost(['--folder', `${mounted}/{address}{export}`])
for (const address of addresses) await promisify(execFile)('umount', [join(mounted, address + exportPath)])

console.log(
  `@@${JSON.stringify({ code: finished.code, report: reportOf(finished), troubleInTime, readsWhileStopped, log: manager.log().slice(-2_000), during, after: mounts(), left, direct, kernel })}`,
)
