import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startInstanceMetadata, testSshKey, testSubnetId, testSubscription } from '@cachewarmer/vmss/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Program, startProgram } from './testing/program.ts'

/* `plan` as people run it, and with it all that turns a command line into a scale set. */

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cw-plan-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const words = (line: string): string[] => line.split(' ')

const queue = words('--storage-account-name studiocache --queue-name-prefix studio')
const place = words(
  `--azure-subscription ${testSubscription} --azure-resource-group render --azure-location westeurope --vmss-subnet-id ${testSubnetId}`,
)
const bootstrap = words(
  '-bootstrapMountAddress 10.0.0.4 -bootstrapExportPath /boot -bootstrapScriptPath /boot/worker.sh',
)
const key = ['--vmss-ssh-public-key', testSshKey]

/** Nothing is found out from the machine that the tests run on. */
const plan = (args: readonly string[], environment: Readonly<Record<string, string>> = {}): Program['finished'] =>
  startProgram(['plan', ...args, '--azure-metadata-url', 'http://127.0.0.1:9'], { TMPDIR: folder, ...environment })
    .finished

interface Planned {
  readonly url: string
  readonly body: {
    readonly sku: object
    readonly properties: { readonly virtualMachineProfile: { readonly osProfile: { readonly customData: string } } }
  }
  readonly cloudInit: string
}

describe('the plan of a scale set', { timeout: 60_000 }, () => {
  test('has the exact request and the cloud-init that tells the worker where everything is', async () => {
    const { code, stdout, stderr } = await plan(
      [
        ...queue,
        ...place,
        ...bootstrap,
        ...key,
        ...words('--vmss-max-price 0.05 --workers 3 --folder /mnt/{address}'),
        '--json',
      ],
      { https_proxy: 'http://proxy.example:3128', STORAGE_KEY: 'c2VjcmV0' },
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { url, body, cloudInit } = JSON.parse(stdout) as Planned
    expect(url).toBe(
      `https://management.azure.com/subscriptions/${testSubscription}/resourceGroups/render/providers/Microsoft.Compute/virtualMachineScaleSets/cachewarmer-studio`,
    )
    expect(body).toMatchObject({
      location: 'westeurope',
      sku: { name: 'Standard_D2s_v3', capacity: 3 },
      tags: { 'cachewarmer-owner': 'studiocache/studio' },
      properties: { virtualMachineProfile: { priority: 'Spot', billingProfile: { maxPrice: 0.05 } } },
    })
    const { customData } = body.properties.virtualMachineProfile.osProfile
    expect(Buffer.from(customData, 'base64').toString()).toBe(cloudInit)
    for (const line of [
      "STORAGE_ACCOUNT='studiocache'",
      "QUEUE_PREFIX='studio'",
      "CACHEWARMER_AZURE_MACHINE='1'",
      "CACHEWARMER_FOLDER='/mnt/{address}'",
      "BOOTSTRAP_SCRIPT='boot/worker.sh'",
      "https_proxy='http://proxy.example:3128'",
    ])
      expect(cloudInit).toContain(line)
    expect(stdout).not.toContain('c2VjcmV0')
  })

  test('shows what machines get of the settings: ports, ids, access, authorities', async () => {
    const file = join(folder, 'authorities.pem')
    writeFileSync(file, '-----BEGIN CERTIFICATE-----\nU1RVRElP\n-----END CERTIFICATE-----\n')
    const { code, stdout } = await plan([...queue, ...place, ...bootstrap, ...key], {
      CACHEWARMER_RESERVED_PORTS: '1',
      CACHEWARMER_NFS_UID: '1000',
      CACHEWARMER_NFS_GID: '1001',
      CACHEWARMER_ACCESS: 'mount',
      CACHEWARMER_VMSS_LIFE_HOURS: '1.5',
      NODE_EXTRA_CA_CERTS: file,
    })
    expect(code).toBe(0)
    for (const line of [
      "CACHEWARMER_RESERVED_PORTS='1'",
      "CACHEWARMER_NFS_UID='1000'",
      "CACHEWARMER_NFS_GID='1001'",
      "CACHEWARMER_ACCESS='mount'",
      "NODE_EXTRA_CA_CERTS='/etc/cachewarmer/authorities.pem'",
      'U1RVRElP',
      'OnBootSec=5400s',
    ])
      expect(stdout).toContain(line)
    const missing = await plan([...queue, ...place, ...bootstrap, ...key], { NODE_EXTRA_CA_CERTS: '/no/such.pem' })
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('NODE_EXTRA_CA_CERTS /no/such.pem') })
  })

  test("tells machines the sha256 of this release's worker script, and who signs the folder, or what was said of it", async () => {
    const script = words('--bootstrap-mount-address 10.0.0.4 --bootstrap-export-path /boot --bootstrap-script-path')
    const signer = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGXn release'
    const cloudInitOf = async (...more: string[]) => {
      const { stdout, stderr } = await plan([...queue, ...place, ...key, '--json', ...script, ...more])
      expect(stderr).toBe('')
      return (JSON.parse(stdout) as Planned).cloudInit
    }
    const own = '/tools/bootstrap.cachewarmer-worker.sh'
    const file = new URL('../../service/bootstrap/bootstrap.cachewarmer-worker.sh', import.meta.url)
    const sum = createHash('sha256').update(readFileSync(file)).digest('hex')
    const expected = await cloudInitOf(own, '--release-signer', signer)
    expect(expected).toContain(`BOOTSTRAP_SCRIPT_SHA256='${sum}'`)
    expect(expected).toContain(`CACHEWARMER_RELEASE_SIGNER='${signer}'`)
    expect(await cloudInitOf(own, '--bootstrap-script-sha256', 'none')).not.toContain("BOOTSTRAP_SCRIPT_SHA256='")
    const given = 'ab'.repeat(32)
    expect(await cloudInitOf('/other.sh', '--bootstrap-script-sha256', given)).toContain(`SHA256='${given}'`)
  })

  test('of a sovereign cloud has its resource manager, for workers too, and its domain of queues', async () => {
    const { code, stdout, stderr } = await plan([
      ...queue,
      ...place,
      ...bootstrap,
      ...key,
      ...words('--azure-cloud AzureChinaCloud --vmss-zones 1,3 --vmss-tag team=lighting --json'),
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { url, body, cloudInit } = JSON.parse(stdout) as Planned
    expect(url).toMatch(/^https:\/\/management\.chinacloudapi\.cn\/subscriptions\//)
    expect(cloudInit).toContain("CACHEWARMER_ARM_ENDPOINT='https://management.chinacloudapi.cn'")
    expect(cloudInit).toContain("CACHEWARMER_STORAGE_SUFFIX='core.chinacloudapi.cn'")
    expect(body).toMatchObject({ zones: ['1', '3'], tags: { team: 'lighting' } })
  })

  test('of the original, with its environment, hides the password', async () => {
    const { code, stdout } = await plan([...place], {
      STORAGE_ACCOUNT: 'studiocache',
      QUEUE_PREFIX: 'studio',
      BOOTSTRAP_MOUNT_ADDRESS: '10.0.0.4',
      BOOTSTRAP_EXPORT_PATH: '/boot',
      BOOTSTRAP_SCRIPT: 'worker.sh',
      VMSS_USERNAME: 'artist',
      VMSS_PASSWORD: 'Correct-Horse-9',
    })
    expect(code).toBe(0)
    for (const text of ['PUT https://', '"adminUsername": "artist"', '"adminPassword": "***"', '#cloud-config'])
      expect(stdout).toContain(text)
    expect(stdout).not.toContain('Correct-Horse-9')
  })

  test('takes the password from a file, and warns of one that everybody can see', async () => {
    const file = join(folder, 'password')
    writeFileSync(file, 'Correct-Horse-9\n', { mode: 0o600 })
    const base = [...queue, ...place, ...bootstrap]
    expect(await plan([...base, '--vmss-password-file', file])).toMatchObject({ code: 0, stderr: '' })
    const { code, stderr } = await plan([...base, '-vmssPassword', 'Correct-Horse-9'])
    expect(code).toBe(0)
    expect(stderr).toContain('VMSS_PASSWORD')
    expect(stderr).not.toContain('Correct-Horse-9')
  })

  test('takes what is missing from the machine that it runs on', async () => {
    await using metadata = await startInstanceMetadata()
    const where = ['--vmss-subnet-id', testSubnetId]
    const { code, stdout } = await startProgram(
      ['plan', ...queue, ...where, ...bootstrap, ...key, '--azure-metadata-url', metadata.url, '--json'],
      { TMPDIR: folder },
    ).finished
    expect(code).toBe(0)
    expect((JSON.parse(stdout) as Planned).url).toContain(`/subscriptions/${testSubscription}/resourceGroups/render/`)
  })

  test.each([
    ['an unknown place', [...queue, ...bootstrap, ...key], 'subscriptionId, resourceGroup, location, subnetId'],
    ['a worker that comes from nowhere', [...queue, ...place, ...key], '--bootstrap-mount-address'],
    ['half a bootstrap export', [...queue, ...place, ...key, ...bootstrap.slice(0, 2)], '--bootstrap-export-path'],
    ['machines without a way to log in', [...queue, ...place, ...bootstrap], 'sshPublicKey'],
    [
      'a user name that Azure refuses',
      [...queue, ...place, ...bootstrap, ...key, ...words('-vmssUserName admin')],
      '"admin"',
    ],
    [
      'a cloud-init of 70 KiB',
      [...queue, ...place, ...bootstrap, ...key, '--folder', `/${'x'.repeat(70_000)}`],
      'at most 65535 bytes',
    ],
    [
      'a queue that is a file',
      [...words('--queue sqlite:q.db --queue-name-prefix studio'), ...place, ...bootstrap, ...key],
      'sqlite:q.db',
    ],
    [
      'a queue with a signature',
      [
        ...words('--queue https://a.queue.core.windows.net?sig=x --queue-name-prefix s1'),
        ...place,
        ...bootstrap,
        ...key,
      ],
      'no secret',
    ],
    ['no queue', [...words('--queue-name-prefix studio'), ...place, ...bootstrap, ...key], 'no queue'],
    [
      'an image that is none',
      [...queue, ...place, ...bootstrap, ...key, ...words('--vmss-image windows')],
      'publisher:offer:sku:version',
    ],
    [
      'a password file that is not there',
      [...queue, ...place, ...bootstrap, ...words('--vmss-password-file /nowhere')],
      '/nowhere',
    ],
  ])('refuses %s with exit code 2 and says what is wrong', async (_, args, said) => {
    const { code, stdout, stderr } = await plan(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(said)
    expect(stderr).not.toContain('    at ')
  })
})
