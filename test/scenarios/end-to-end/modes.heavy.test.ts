import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Ganesha, ganeshaMissing, startGanesha } from '../../support/ganesha.ts'
import { Lab, makeTree } from '../../support/lab.ts'

/* Jobs that read no data, from submit to report: what there is, through every address, and what warming it would take. */

const missing = ganeshaMissing()
if (missing !== undefined) console.log(`SKIPPED: modes on a real NFS server, because ${missing}`)

interface Report {
  readonly outcome: string
  readonly files: number
  readonly bytes: number
  readonly directories: number
  readonly sizes: readonly { readonly belowBytes: number; readonly files: number; readonly bytes: number }[]
  readonly estimate: { readonly basis: string; readonly elapsedMs: number; readonly assumptions: string[] } | null
  readonly failures: { readonly total: number; readonly byCode: Readonly<Record<string, number>> }
  readonly addresses: readonly { readonly address: string; readonly files: number; readonly bytes: number }[]
}

const reportOf = (stdout: string): Report => JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

describe('on folders', { timeout: 60_000 }, () => {
  test('metadata lists everything through each address and reads nothing', async () => {
    await using lab = new Lab()
    const made = makeTree(lab.exportFolder, 10, 30)
    lab.startManager()
    const { code, stdout, stderr } = await lab.submitAndWait('--path', '/', '--mode', 'metadata')
    const report = reportOf(stdout)
    expect({ code, report, stderr }).toMatchObject({
      code: 0,
      report: { outcome: 'warmed', ...made, failures: { total: 0 }, estimate: null },
    })
    expect(report.addresses).toMatchObject(
      lab.addresses.map((address) => ({ address, files: made.files, bytes: 0, failures: 0 })),
    )
    expect(sum(report.sizes.map(({ bytes }) => bytes))).toBe(made.bytes)
  })

  test('metadata of a tree that one address lacks says so', async () => {
    await using lab = new Lab()
    makeTree(lab.exportFolder, 2, 5)
    mkdirSync(join(lab.folder, 'empty'))
    lab.mountElsewhere('cache-4', 'empty')
    lab.startManager()
    const { code, stdout } = await lab.submitAndWait(
      '--path',
      '/group-1',
      '--mode',
      'metadata',
      '--addresses',
      'cache-4',
    )
    expect(code).toBe(1)
    expect(reportOf(stdout)).toMatchObject({ outcome: 'completed with failures', files: 0 })
  })

  test('an estimate says how much there is and, measured by a sample, how long warming would take', async () => {
    await using lab = new Lab()
    const made = makeTree(lab.exportFolder, 10, 30)
    writeFileSync(join(lab.exportFolder, 'large.vdb'), Buffer.alloc(3 * 2 ** 20))
    symlinkSync('large.vdb', join(lab.exportFolder, 'link'))
    lab.startManager()
    const { code, stdout, stderr } = await lab.submitAndWait('--path', '/', '--mode', 'estimate')
    const report = reportOf(stdout)
    expect({ code, report, stderr }).toMatchObject({
      code: 0,
      report: { files: made.files + 1, bytes: made.bytes + 3 * 2 ** 20, directories: made.directories },
    })
    expect(report.estimate).toMatchObject({ basis: 'sample', elapsedMs: expect.any(Number) })
    expect(report.sizes.find(({ belowBytes }) => belowBytes === 4 * 2 ** 20)).toMatchObject({
      files: 1,
      bytes: 3 * 2 ** 20,
    })
  })

  test('an estimate after a warm-up goes by the rates of that', async () => {
    await using lab = new Lab()
    makeTree(lab.exportFolder, 40, 40)
    lab.startManager()
    // Slow enough to say something of reading.
    const ceiling = join(lab.folder, 'job.json')
    writeFileSync(
      ceiling,
      JSON.stringify({
        WarmTargetMountAddresses: lab.addresses,
        WarmTargetExportPath: '/animation',
        WarmTargetPath: '/',
        MaxRequestsPerSecond: 2_000,
      }),
    )
    const warmed = await lab.run('submit', ['--job', ceiling, '--wait', '--json'])
    expect(warmed.code).toBe(0)
    const { stdout } = await lab.submitAndWait('--path', '/', '--mode', 'estimate')
    const earlier = JSON.parse(warmed.stdout) as { run: string; elapsedMs: number; files: number }
    const { estimate, files } = reportOf(stdout)
    expect(files).toBe(earlier.files)
    expect(estimate).toMatchObject({ basis: 'earlier run' })
    expect(estimate?.assumptions.join(' ')).toContain(earlier.run)
    expect(estimate?.elapsedMs).toBe(earlier.elapsedMs)
  })
})

describe.skipIf(missing !== undefined)('on a real NFS server', () => {
  test.each(['metadata', 'estimate'])(
    '%s finds every file and its size, without a READ of what is not sampled',
    {
      timeout: 120_000,
    },
    async (mode) => {
      await using lab = new Lab()
      const made = makeTree(lab.exportFolder, 20, 30, 2_000)
      const ganesha = (await startGanesha({ folder: lab.exportFolder })) as Ganesha
      const ports = ['--nfs-port', String(ganesha.nfsPort), '--mount-port', String(ganesha.mountPort)]
      const ledger = ['--ledger', join(lab.folder, 'ledger.db'), '--workers', '2', '--access', 'direct']
      lab.start('manager', [...ledger, ...ports])
      const hosts = ['127.0.0.11', '127.0.0.12']
      const job = ['--addresses', hosts.join(','), '--export', lab.exportFolder, '--path', '/', '--mode', mode]
      const { code, stdout, stderr } = await lab.run('submit', [...job, '--wait', '--json'])
      await ganesha.stop()
      const report = reportOf(stdout)
      expect({ code, report, stderr }).toMatchObject({ code: 0, report: { outcome: 'warmed', ...made } })
      expect(sum(report.addresses.map(({ bytes }) => bytes))).toBe(0)
      if (mode === 'metadata') expect(report.addresses.map(({ files }) => files)).toEqual([made.files, made.files])
    },
  )
})
