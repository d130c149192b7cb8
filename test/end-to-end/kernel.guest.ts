import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reportOf, submitSlowly } from '../chaos/chaos.ts'
import { Lab, pause } from './lab.ts'

/*
 * Runs inside nfslab's guest: one job through the kernel's own NFS client, while the server is stopped, started and made
 * slow; then what is left of the mounts, as JSON.
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
const submitted = submitSlowly(lab, 40, { addresses, exportPath }).finally(() => {
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
console.log(
  `@@${JSON.stringify({ code: finished.code, report: reportOf(finished), troubleInTime, readsWhileStopped, log: manager.log().slice(-2_000), during, after: mounts(), left })}`,
)
