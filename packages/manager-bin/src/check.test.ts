import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testSshKey } from '@cachewarmer/vmss/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startProgram } from './testing/program.ts'

/* `serve --check`, as install scripts ask it before they replace anything. */

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cw-check-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const check = (environment: Readonly<Record<string, string>>, ...options: readonly string[]) =>
  startProgram(['serve', '--check', ...options], { QUEUE_PREFIX: 'studio', ...environment }).finished

const azure = { STORAGE_ACCOUNT: 'studiocache' }
const machines = {
  ...azure,
  BOOTSTRAP_MOUNT_ADDRESS: '10.0.5.4',
  BOOTSTRAP_EXPORT_PATH: '/data',
  BOOTSTRAP_SCRIPT: '/tools/bootstrap.cachewarmer-worker.sh',
  VMSS_USERNAME: 'azureuser',
  VMSS_SSHPUBLICKEY: testSshKey,
}

describe('serve --check', () => {
  test('has nothing against settings that fit, asks no service and makes no file', async () => {
    const queue = join(folder, 'queue.db')
    const ledger = join(folder, 'ledger.db')
    for (const environment of [azure, machines, { CACHEWARMER_QUEUE: `sqlite:${queue}` }])
      expect(await check({ ...environment, CACHEWARMER_LEDGER: ledger })).toEqual({ code: 0, stdout: '', stderr: '' })
    expect([existsSync(queue), existsSync(ledger)]).toEqual([false, false])
  })

  test.each([
    [{ ...azure, CACHEWARMER_NFS_UUID: '1' }, 'CACHEWARMER_NFS_UUID'],
    [{ ...azure, CACHEWARMER_NFS_UID: 'me' }, '--nfs-uid'],
    [{ ...azure, STORAGE_KEY: 'not base64!' }, 'accountKey'],
    [{ ...azure, QUEUE_PREFIX: 'studio--x' }, 'prefix'],
    [{ CACHEWARMER_QUEUE: 'ftp://x' }, 'ftp:'],
    [{ ...machines, VMSS_SSHPUBLICKEY: '' }, 'sshPublicKey'],
    [{ ...machines, BOOTSTRAP_SCRIPT: '' }, '--bootstrap-script-path'],
    [{ ...machines, CACHEWARMER_VMSS_SIZES: 'D2 s' }, 'D2 s'],
    [{ ...machines, VMSS_WORKER_COUNT: '0' }, '--workers'],
  ])('names what is wrong in %j', async (environment, named) => {
    const { code, stderr } = await check(environment)
    expect(stderr).toContain(named)
    expect({ code, trace: /^ {4}at /m.test(stderr) }).toEqual({ code: 2, trace: false })
  })

  test('takes options as the service has them', async () => {
    expect(await check(azure, '--fleet', 'none')).toMatchObject({ code: 0 })
    expect(await check(azure, '--fleet', 'nine')).toMatchObject({ code: 2 })
  })
})
