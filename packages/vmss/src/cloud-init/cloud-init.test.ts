import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clouds } from '../machine/place.ts'
import { hasTool } from '../testing/tools.ts'
import { maxCloudInitBytes, type WorkerCloudInitOptions, workerCloudInit } from './cloud-init.ts'

const source = { from: 'export', address: '10.0.0.4', exportPath: '/nfs/boot', script: '/bootstrap/worker.sh' } as const
const make = (given: Partial<WorkerCloudInitOptions> = {}) => workerCloudInit({ source, ...given })

/** The files of a cloud-init, read back from its literal blocks. */
function filesOf(text: string): Map<string, string> {
  const files = new Map<string, string>()
  for (const [, path = '', block = ''] of text.matchAll(
    / {2}- path: (\S+)\n.*\n {4}content: \|\n((?: {6}.*\n|\n)*)/g,
  )) {
    files.set(path, block.replaceAll(/^ {6}/gm, ''))
  }
  return files
}
const environmentOf = (text: string) => filesOf(text).get('/etc/cachewarmer/worker.env')?.trimEnd().split('\n')

const variants: [string, Partial<WorkerCloudInitOptions>][] = [
  ['from the bootstrap export', { environment: { STORAGE_ACCOUNT: 'acct', QUEUE_PREFIX: 'p' } }],
  ['from the image', { source: { from: 'image' }, lifeLimitMs: Number.POSITIVE_INFINITY }],
  ['from the image, with a command', { source: { from: 'image', command: ['/opt/cw/worker', '--verbose'] } }],
  ['behind a proxy', { proxy: { http: 'http://proxy:3128', https: 'http://proxy:3128' } }],
]

describe('workerCloudInit', () => {
  test('hands the environment on in a file that a shell and systemd read alike', () => {
    expect(
      environmentOf(make({ environment: { STORAGE_ACCOUNT: 'acct', QUEUE_PREFIX: 'p', ODD: '$HOME "x" \\' } })),
    ).toEqual([
      "STORAGE_ACCOUNT='acct'",
      "QUEUE_PREFIX='p'",
      `ODD='$HOME "x" \\'`,
      "BOOTSTRAP_MOUNT_ADDRESS='10.0.0.4'",
      "BOOTSTRAP_EXPORT_PATH='/nfs/boot'",
      "BOOTSTRAP_PATH='/b'",
      "BOOTSTRAP_SCRIPT='bootstrap/worker.sh'",
      "CACHEWARMER_BOOTSTRAP_ATTEMPTS='20'",
      "CACHEWARMER_ARM_ENDPOINT='https://management.azure.com'",
    ])
  })

  test('hands both proxies on, and never sends instance metadata through them', () => {
    const proxy = { http: 'http://one:3128', https: 'http://two:3128', no: '.corp, 10.0.0.0/8' }
    expect(environmentOf(make({ proxy }))).toEqual(
      expect.arrayContaining([
        "http_proxy='http://one:3128'",
        "https_proxy='http://two:3128'",
        "no_proxy='.corp,10.0.0.0/8,169.254.169.254,localhost,127.0.0.1'",
      ]),
    )
    expect(make()).not.toContain('proxy=')
  })

  test('names the cloud and the identity that a machine deletes itself with', () => {
    const identityId = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/w'
    expect(environmentOf(make({ identityId, cloud: clouds.AzureChinaCloud }))).toEqual(
      expect.arrayContaining([
        "CACHEWARMER_ARM_ENDPOINT='https://management.chinacloudapi.cn'",
        `CACHEWARMER_IDENTITY_ID='${identityId}'`,
      ]),
    )
  })

  test('scripts are the same for every fleet: values live in the environment file alone', () => {
    const scripts = (text: string) => [...filesOf(text)].filter(([path]) => path.startsWith('/usr/local/sbin/'))
    const other = { source: { ...source, address: 'other.example', script: 'x;reboot' }, environment: { A: '`id`' } }
    expect(scripts(make(other))).toEqual(scripts(make()))
    expect(scripts(make())).toHaveLength(2)
  })

  test('a worker of the image gets a unit only where a command is given', () => {
    const unit = '/etc/systemd/system/cachewarmer-worker.service'
    const command = ['/opt/cw/worker', '--verbose'] as const
    expect(filesOf(make({ source: { from: 'image', command } })).get(unit)).toContain(
      'ExecStart=/opt/cw/worker --verbose\n',
    )
    expect(filesOf(make({ source: { from: 'image' } })).has(unit)).toBe(false)
    expect(environmentOf(make({ source: { from: 'image' } }))?.join()).not.toContain('BOOTSTRAP_SCRIPT')
  })

  test('a machine has an end of life unless the option says none', () => {
    const timer = '/etc/systemd/system/cachewarmer-life-limit.timer'
    expect(filesOf(make()).get(timer)).toContain('OnBootSec=86400s')
    expect(filesOf(make({ lifeLimitMs: 90_500 })).get(timer)).toContain('OnBootSec=91s')
    expect(make({ lifeLimitMs: Number.POSITIVE_INFINITY })).not.toContain('life-limit')
  })

  test('needs no package manager and nothing from the internet', () => {
    for (const [, given] of variants) {
      expect(make(given)).not.toMatch(/apt|yum|dnf|zypper|pip|npm|github|wget/)
      expect(make(given)).toMatch(/^#cloud-config\n.*\npackage_update: false\npackage_upgrade: false\n/)
    }
  })

  const key = `${'A'.repeat(86)}==`
  const secrets: Record<string, string>[] = [
    { STORAGE_KEY: 'x' },
    { AZURE_CLIENT_SECRET: 'x' },
    { SAS: 'x' },
    { STORAGE_CONNECTION_STRING: 'x' },
    { ANYTHING: key },
    { ANYTHING: `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${key}` },
    { URL: 'https://a.queue.core.windows.net/?sv=1&sig=abc' },
  ]
  test.each(secrets)('refuses the secret %j without showing it', (environment) => {
    const [value = ''] = Object.values(environment)
    const message = value === 'x' ? expect.stringContaining('no secret') : expect.not.stringContaining(value)
    expect(() => make({ environment })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID', message }))
  })

  test('takes a proxy without a scheme, and what is excepted in every usual way', () => {
    const proxy = { http: 'proxy:3128', no: 'a b, *.corp,nas:443' }
    const lines = environmentOf(make({ proxy }))
    expect(lines).toContain("http_proxy='http://proxy:3128'")
    expect(lines).toContain("no_proxy='a,b,.corp,nas,169.254.169.254,localhost,127.0.0.1'")
    expect(make({ proxy: { ...proxy, no: '*' } })).not.toMatch(/proxy=/i)
  })

  test('brings certificates for Node, and for what takes the list of the machine', () => {
    const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'
    const text = make({ authorities: `# Studio CA\r\n${certificate}\r\n\n${certificate}\n` })
    expect(environmentOf(text)).toContain("NODE_EXTRA_CA_CERTS='/etc/cachewarmer/authorities.pem'")
    expect(text.match(/BEGIN CERTIFICATE/g)).toHaveLength(4)
    expect(text).toContain('ca_certs:\n  trusted:\n    - |\n      -----BEGIN CERTIFICATE-----\n      AAAA\n')
    expect(text).not.toContain('Studio CA')
    expect(make()).not.toContain('ca_certs')
  })

  test.each(['', 'x', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'])(
    'refuses %j as authorities',
    (authorities) => {
      expect(() => make({ authorities })).toThrow(expect.objectContaining({ target: 'authorities' }))
    },
  )

  test('refuses a proxy with a password without showing it', () => {
    const message = expect.not.stringContaining('hunter2')
    const refused = expect.objectContaining({ target: 'proxy.http', message })
    expect(() => make({ proxy: { http: 'http://me:hunter2@proxy:3128' } })).toThrow(refused)
  })

  const refused: [string, Partial<WorkerCloudInitOptions>][] = [
    ['environment', { environment: { 'A B': 'x' } }],
    ['environment.A', { environment: { A: "it's" } }],
    ['environment.A', { environment: { A: 'two\nlines' } }],
    ['source.address', { source: { ...source, address: '10.0.0.4;reboot' } }],
    ['source.address', { source: { ...source, address: '' } }],
    ['source.exportPath', { source: { ...source, exportPath: 'relative' } }],
    ['source.script', { source: { ...source, script: '../../etc/passwd' } }],
    ['source.script', { source: { ...source, script: "it's" } }],
    ['source.mountPoint', { source: { ...source, mountPoint: '/a b' } }],
    ['source.command', { source: { from: 'image', command: ['worker'] } }],
    ['source.command', { source: { from: 'image', command: ['/worker', '$(id)'] } }],
    ['proxy.https', { proxy: { https: 'ftp://proxy:3128' } }],
    ['proxy.http', { proxy: { http: 'not a url' } }],
    ['identityId', { identityId: 'worker' }],
    ['attempts', { attempts: 0 }],
    ['lifeLimitMs', { lifeLimitMs: 5 }],
    ['cloud.armEndpoint', { cloud: { ...clouds.AzurePublicCloud, armEndpoint: 'http://x' } }],
    ['cloudInit', { environment: { A: 'x'.repeat(maxCloudInitBytes) } }],
  ]
  test.each(refused)('refuses a bad %s', (target, given) => {
    expect(() => make(given)).toThrow(expect.objectContaining({ name: 'VmssError', code: 'OPTION_INVALID', target }))
  })
})

describe('what the tools of a machine say', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vmss-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const run = (program: string, args: string[], text: string) => {
    const file = join(folder, 'input')
    writeFileSync(file, text)
    const { status, stdout, stderr } = spawnSync(program, [...args, file], { encoding: 'utf8' })
    return { status, said: `${stdout}${stderr}` }
  }

  const cloudInit = hasTool('cloud-init', 'the schema of cloud-init files is not checked')
  // These two have everything that the others have; each run takes a second.
  test.skipIf(!cloudInit).each(variants.slice(2))('cloud-init takes a worker %s', (_, given) => {
    expect(run('cloud-init', ['schema', '--config-file'], make(given))).toMatchObject({ status: 0 })
  })
  test.skipIf(!cloudInit)('cloud-init would have said no to something else', () => {
    expect(run('cloud-init', ['schema', '--config-file'], '#cloud-config\nruncmd: 3\n').status).toBe(1)
  })

  const shellcheck = hasTool('shellcheck', 'the scripts of cloud-init are not checked')
  test.skipIf(!shellcheck)('shellcheck finds nothing in the scripts', () => {
    for (const [path, script] of filesOf(make())) {
      if (path.startsWith('/usr/local/sbin/')) expect(run('shellcheck', [], script)).toEqual({ status: 0, said: '' })
    }
  })

  const verify = hasTool('systemd-analyze', 'the units of cloud-init are not checked')
  test.skipIf(!verify)('systemd finds nothing in the units', () => {
    const units = [...filesOf(make({ source: { from: 'image', command: ['/bin/true', '--verbose'] } }))]
      .filter(([path]) => path.startsWith('/etc/systemd/'))
      .map(([path, unit]) => {
        const file = join(folder, basename(path))
        writeFileSync(file, unit.replace('/usr/local/sbin/cachewarmer-self-delete', '/bin/true'))
        return file
      })
    expect(units).toHaveLength(3)
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...units], { encoding: 'utf8' })
    // It says what it does not like, and succeeds all the same.
    expect({
      status,
      said: stderr.split('\n').filter((line) => line.includes(folder) || /cachewarmer/.test(line)),
    }).toEqual({ status: 0, said: [] })
  })

  test('a shell reads the environment file back', () => {
    const text = environmentOf(make({ environment: { ODD: '$HOME "x" \\ `id` *' } }))?.join('\n') ?? ''
    expect(run('sh', ['-c', '. "$0"; printf "%s" "$ODD"'], text).said).toBe('$HOME "x" \\ `id` *')
  })
})
