import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Lab } from './lab.ts'

/* Runs inside nfslab's guest: one job through the kernel's own NFS client, then what is left of its mounts, as JSON. */
const addresses = process.env['ADDRESSES'] ?? ''
const exportPath = process.env['EXPORT'] ?? ''
await using lab = new Lab()
const manager = lab.start('manager', ['--ledger', join(lab.folder, 'ledger.db'), '--workers', '1', '--access', 'mount'])
const submitted = lab.run('submit', [
  '--addresses',
  addresses,
  '--export',
  exportPath,
  '--path',
  '/',
  '--wait',
  '--json',
])
const mounts = (): string[] =>
  readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes('cachewarmer-mounts-'))
let during: string[] = []
const watching = setInterval(() => {
  const now = mounts()
  if (now.length > during.length) during = now
}, 20)
const { code, stdout, stderr } = await submitted
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
  `@@${JSON.stringify({ code, report: JSON.parse(stdout.trim().split('\n').at(-1) ?? 'null') as unknown, stderr, log: manager.log().slice(-2_000), during, after: mounts(), left })}`,
)
