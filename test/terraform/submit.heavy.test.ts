import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Lab, makeTree } from '../support/lab.ts'
import { Controller } from './controller.ts'

const unshare = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0
if (!unshare)
  console.log('SKIPPED: jobs that Terraform submits, because its scripts run in a mount namespace here, as root')

const submitBin = fileURLToPath(new URL('dist/bin.js', import.meta.resolve('@cachewarmer/submit/package.json')))

describe.skipIf(!unshare)('a job that Terraform submits, with the real programs', () => {
  let controller: Controller
  let lab: Lab
  beforeEach(() => {
    controller = new Controller()
    lab = new Lab()
    controller.program('cachewarmer-submit', `exec "${process.execPath}" "${submitBin}" "$@"`)
  })
  afterEach(async () => {
    await lab[Symbol.asyncDispose]()
    controller[Symbol.dispose]()
  })

  const settings = (wait: boolean): string =>
    controller.settings({
      CACHEWARMER_QUEUE: `sqlite:${join(lab.folder, 'queue.db')}`,
      QUEUE_PREFIX: 'lab',
      WAIT: String(wait),
    })

  /** As the module writes it with jsonencode. */
  const job = (path: string): string =>
    controller.file(
      'job.json',
      JSON.stringify({
        ExclusionList: ['*.tmp'],
        InclusionList: [],
        MaxFileSizeBytes: 0,
        Through: 'each',
        WarmTargetExportPath: '/animation',
        WarmTargetMountAddresses: lab.addresses,
        WarmTargetPath: path,
      }),
    )

  test('is waited for until the cache is warm', { timeout: 120_000 }, async () => {
    const made = makeTree(lab.exportFolder, 5, 20)
    lab.startManager()
    const { code, stdout } = await controller.run('submit-job.sh', settings(true), job('/'))
    expect(code).toBe(0)
    expect(stdout).toContain('Warmed.')
    expect(stdout).toMatch(new RegExp(`files +${made.files}\\b`))
    // Nothing of the settings or the job is on a command line.
    expect(controller.calls).toEqual([
      'cachewarmer-submit list --json',
      `cachewarmer-submit --job ${join(controller.folder, 'job.json')} --wait`,
    ])
  })

  test('fails the apply when something was not read', { timeout: 120_000 }, async () => {
    makeTree(lab.exportFolder, 1, 3)
    lab.startManager()
    const { code, stdout } = await controller.run('submit-job.sh', settings(true), job('/no/such/folder'))
    expect(code).toBe(1)
    expect(stdout).toContain('NOENT')
  })

  test('is only put into the queue if the module does not wait', async () => {
    const { code } = await controller.run('submit-job.sh', settings(false), job('/'))
    expect(code).toBe(0)
    const [body = ''] = await lab.bodies('labjob')
    expect(JSON.parse(body)).toMatchObject({ WarmTargetPath: '/', ExclusionList: ['*.tmp'] })
  })

  test('is refused with what is wrong in it', async () => {
    const { code, stderr } = await controller.run('submit-job.sh', settings(true), job('/../etc'))
    expect(code).toBe(2)
    expect(stderr).toContain('WarmTargetPath')
  })

  test('waits for rights that are not known everywhere yet, and says so', async () => {
    controller.program('cachewarmer-submit', 'exit 3')
    const refused = await controller.run('submit-job.sh', settings(true), job('/'))
    expect(refused.code).toBe(3)
    expect(refused.stderr.match(/trying again in 15 seconds/g)).toHaveLength(19)
  })
})
