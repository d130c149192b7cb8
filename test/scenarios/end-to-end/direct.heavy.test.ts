import { spawnSync } from 'node:child_process'
import { symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Ganesha, ganeshaMissing, startGanesha } from '../../support/ganesha.ts'
import { Lab, makeTree, pause } from '../../support/lab.ts'

const missing = ganeshaMissing()
if (missing !== undefined) console.log(`SKIPPED: jobs on a real NFS server, because ${missing}`)

const ownHosts = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0
if (!ownHosts) console.log('SKIPPED: a name of /etc/hosts, because mounting needs root')

interface Report {
  readonly outcome: string
  readonly files: number
  readonly bytes: number
  readonly failures: { readonly total: number; readonly byCode: Readonly<Record<string, number>> }
  readonly addresses: readonly {
    readonly address: string
    readonly files: number
    readonly limit: number | null
    readonly longReads: { readonly limit: number; readonly p50Ms: number | null } | null
  }[]
}

const hosts = ['127.0.0.11', '127.0.0.12', '127.0.0.13']

async function serve(lab: Lab): Promise<Ganesha> {
  const ganesha = await startGanesha({ folder: lab.exportFolder })
  if (ganesha === undefined) throw new Error('nfs-ganesha did not start')
  return ganesha
}

const direct = ({ nfsPort, mountPort }: Ganesha): string[] => [
  '--access',
  'direct',
  '--nfs-port',
  String(nfsPort),
  '--mount-port',
  String(mountPort),
]

const job = (lab: Lab, ...args: string[]): string[] => [
  '--addresses',
  hosts.join(','),
  '--export',
  lab.exportFolder,
  '--path',
  '/',
  '--wait',
  '--json',
  ...args,
]

const reportOf = (stdout: string): Report => JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report

describe.skipIf(missing !== undefined)('jobs on a real NFS server, spoken to by the workers themselves', () => {
  test('every file is read through each of three addresses, without a mount', { timeout: 120_000 }, async () => {
    await using lab = new Lab()
    const made = makeTree(lab.exportFolder, 40, 30, 2_000)
    writeFileSync(join(lab.exportFolder, 'large.vdb'), Buffer.alloc(80 * 1024 * 1024, 1))
    symlinkSync('large.vdb', join(lab.exportFolder, 'link'))
    const ganesha = await serve(lab)
    lab.start('manager', ['--ledger', join(lab.folder, 'ledger.db'), '--workers', '2', ...direct(ganesha)])
    // A ceiling makes it last until the workers have told of themselves.
    const { code, stdout, stderr } = await lab.run('submit', job(lab, '--max-bytes-per-second', '100000000'))
    await ganesha.stop()
    const report = reportOf(stdout)
    expect({ code, report, stderr }).toMatchObject({
      code: 0,
      report: { outcome: 'warmed', files: made.files + 1, bytes: made.bytes + 80 * 1024 * 1024 },
    })
    expect(report.addresses.map(({ address, files }) => [address, files])).toEqual(
      hosts.map((host) => [host, made.files + 1]),
    )
    for (const { limit, longReads } of report.addresses) {
      expect(limit).toBeGreaterThan(0)
      expect(longReads?.limit).toBeGreaterThan(0)
      expect(longReads?.p50Ms).toBeGreaterThan(0)
    }
    unlinkSync(join(lab.exportFolder, 'link'))
  })

  test.skipIf(!ownHosts)(
    'a name is read through each of its addresses, as /etc/hosts has them',
    {
      timeout: 120_000,
    },
    async () => {
      await using lab = new Lab()
      const made = makeTree(lab.exportFolder, 10, 30)
      const ganesha = await serve(lab)
      const file = join(lab.folder, 'hosts')
      writeFileSync(file, hosts.map((host) => `${host} cache.example\n`).join(''))
      lab.launcher = ['unshare', '--mount', 'sh', '-c', `mount --bind ${file} /etc/hosts && exec "$@"`, 'sh']
      lab.start('manager', ['--ledger', join(lab.folder, 'ledger.db'), '--workers', '2', ...direct(ganesha)])
      lab.launcher = []
      const named = job(lab).map((word) => (word === hosts.join(',') ? 'cache.example,127.0.0.12' : word))
      const { code, stdout, stderr } = await lab.run('submit', named)
      const kept = await lab.run('submit', [...named, '--no-resolve'])
      await ganesha.stop()
      expect({ code, report: reportOf(stdout), stderr }).toMatchObject({
        code: 0,
        report: {
          outcome: 'warmed',
          files: made.files,
          job: { addresses: ['cache.example', '127.0.0.12'] },
          names: [{ name: 'cache.example', addresses: hosts }],
          addresses: hosts.map((address) => ({ address, files: made.files })),
          warnings: ['cache.example and 127.0.0.12 are one node: 127.0.0.12 is read through once.'],
        },
      })
      expect(reportOf(kept.stdout)).toMatchObject({
        outcome: 'warmed',
        names: [],
        addresses: ['cache.example', '127.0.0.12'].map((address) => ({ address, files: made.files })),
      })
    },
  )

  test('an export that the server does not have ends the job with that reason', { timeout: 60_000 }, async () => {
    await using lab = new Lab()
    const ganesha = await serve(lab)
    lab.start('manager', ['--ledger', join(lab.folder, 'ledger.db'), '--workers', '1', ...direct(ganesha)])
    const { code, stdout } = await lab.run('submit', [
      '--addresses',
      hosts.join(','),
      '--export',
      '/no/such/export',
      '--path',
      '/',
      '--wait',
      '--json',
    ])
    await ganesha.stop()
    expect(code).toBe(1)
    expect(reportOf(stdout)).toMatchObject({
      outcome: 'completed with failures',
      files: 0,
      failures: { byCode: { UNREAD: 1 } },
    })
    expect(stdout).toContain('/no/such/export')
  })

  test('the server dies in mid-job and comes back: the job resumes and every file is read', {
    timeout: 180_000,
  }, async () => {
    await using lab = new Lab()
    const made = makeTree(lab.exportFolder, 200, 50)
    const ganesha = await serve(lab)
    // A ceiling makes the job last long enough for the server to die in its middle.
    lab.start('manager', ['--ledger', join(lab.folder, 'ledger.db'), '--workers', '2', ...direct(ganesha)])
    const file = join(lab.folder, 'job.json')
    const wish = {
      WarmTargetMountAddresses: hosts,
      WarmTargetExportPath: lab.exportFolder,
      WarmTargetPath: '/',
      MaxRequestsPerSecond: 4_000,
    }
    writeFileSync(file, JSON.stringify(wish))
    const submitted = lab.run('submit', ['--job', file, '--wait', '--json'])
    await pause(3_000)
    await ganesha.kill()
    // Long enough for the workers to hand everything back and wait.
    await pause(9_000)
    await ganesha.restart()
    const { code, stdout, stderr } = await submitted
    await ganesha.stop()
    expect({ code, stderr, report: reportOf(stdout) }).toMatchObject({
      code: 0,
      report: { outcome: 'warmed', files: made.files, bytes: made.bytes },
    })
  })
})
