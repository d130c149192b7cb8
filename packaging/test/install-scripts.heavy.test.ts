import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { root as repository } from '../src/bundle.ts'
import { commandOf, launch, notLinux } from './launch.ts'

/* The scripts of a bootstrap folder, installing below a folder of their own. */

const missing = ['shellcheck', 'systemd-analyze'].filter((name) => spawnSync(name, ['--version']).status !== 0)
if (missing.length > 0)
  console.log(`SKIPPED: what scripts and units look like to ${missing.join(' and ')}, not installed here`)
const sources = join(repository, 'packages/service/bootstrap')
const roles = ['manager', 'worker'] as const
type Role = (typeof roles)[number]

let made: string
let bootstrap: string
let root: string
beforeAll(async () => {
  if (notLinux) return
  made = mkdtempSync(join(tmpdir(), 'cachewarmer-made-'))
  bootstrap = join(made, 'bootstrap')
  const command = [...commandOf('cachewarmer-manager', 'bundle'), 'bootstrap', '--bundles', '--out', bootstrap]
  expect(await launch(command).ended).toMatchObject({ code: 0 })
  // A bundle is quick to copy; the executable's name is what the scripts look for first.
  cpSync(join(bootstrap, 'cachewarmerbin/cachewarmer.mjs'), join(bootstrap, 'cachewarmerbin/cachewarmer'))
  const listed = readFileSync(join(bootstrap, 'SHA256SUMS'), 'utf8')
  const more = listed.split('\n').filter((line) => line.endsWith('.mjs'))
  appendFileSync(join(bootstrap, 'SHA256SUMS'), more.map((line) => `${line.replace(/\.mjs$/, '')}\n`).join(''))
})
afterAll(() => rmSync(made, { recursive: true, force: true }))
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cachewarmer-root-'))
  for (const folder of ['etc/rsyslog.d', 'etc/logrotate.d', 'usr/local/bin', 'var/log'])
    mkdirSync(join(root, folder), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const enough = { QUEUE_PREFIX: 'studio', STORAGE_ACCOUNT: 'studiocache' }

function run(role: Role, settings: Readonly<Record<string, string>>, args: readonly string[] = [], from = bootstrap) {
  // The program that looks at the settings is a bundle here, which needs a Node.
  const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, DESTDIR: root, ...settings }
  const script = join(from, `bootstrap.cachewarmer-${role}.sh`)
  const { status, stdout, stderr } = spawnSync(script, args, { env, encoding: 'utf8' })
  return { code: status, stdout, stderr }
}

/** The installation of a worker by a shell that may write no more than a MiB into one file, as on a disk that is full. */
function withFullDisk() {
  const script = join(bootstrap, 'bootstrap.cachewarmer-worker.sh')
  const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, DESTDIR: root, ...enough }
  const { status, stderr } = spawnSync('/bin/bash', ['-c', `trap '' XFSZ; ulimit -f 1024; bash ${script}`], {
    env,
    encoding: 'utf8',
    // With a socket as its input bash takes itself for one of rsh, and reads the user's .bashrc.
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { code: status, stderr }
}

/** Everything below the root, with what would show that it was touched. */
const everything = (): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { ino, mode } = lstatSync(join(root, name))
      return `${name} ${ino} ${mode.toString(8)}`
    })
const names = (): string[] => everything().map((line) => line.split(' ')[0] ?? '')
const text = (name: string): string => readFileSync(join(root, name), 'utf8')
const mode = (name: string): number => statSync(join(root, name)).mode & 0o777

describe.skipIf(notLinux)('an install script', () => {
  test('puts the worker in place, its settings for root alone', () => {
    const secret = { STORAGE_KEY: 'c2VjcmV0' }
    const { code, stdout, stderr } = run('worker', { ...enough, ...secret })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(text('etc/cachewarmer/worker.env')).toBe(
      "QUEUE_PREFIX='studio'\nSTORAGE_ACCOUNT='studiocache'\nSTORAGE_KEY='c2VjcmV0'\n",
    )
    expect(mode('etc/cachewarmer/worker.env')).toBe(0o600)
    expect(mode('usr/local/bin/cachewarmer-worker')).toBe(0o755)
    expect(text('usr/local/bin/cachewarmer-worker')).toBe(
      readFileSync(join(bootstrap, 'cachewarmerbin/cachewarmer'), 'utf8'),
    )
    expect(names().filter((name) => lstatSync(join(root, name)).isFile())).toEqual([
      'etc/cachewarmer/worker.env',
      'etc/logrotate.d/cachewarmer-worker',
      'etc/rsyslog.d/36-cachewarmer-worker.conf',
      'etc/systemd/system/cachewarmer-worker.service',
      'usr/local/bin/cachewarmer-worker',
    ])
    expect(stdout).not.toContain(secret.STORAGE_KEY)
    expect(text('etc/systemd/system/cachewarmer-worker.service')).not.toContain(secret.STORAGE_KEY)
  })

  test("puts the manager in place, and the other names as links to it, with the original's variables", () => {
    const original = {
      ...enough,
      STORAGE_ACCOUNT_RESOURCE_GROUP: 'cache-rg',
      BOOTSTRAP_PATH: '/b',
      BOOTSTRAP_EXPORT_PATH: '/bootstrap',
      BOOTSTRAP_MOUNT_ADDRESS: '10.0.1.4',
      BOOTSTRAP_SCRIPT: 'bootstrap.cachewarmer-worker.sh',
      VMSS_USERNAME: 'azureuser',
      VMSS_PASSWORD: `It's "a" \\pass$word\` & more`,
      VMSS_SUBNET: 'cloud',
      VMSS_WORKER_COUNT: '6',
    }
    expect(run('manager', original)).toMatchObject({ code: 0, stderr: '' })
    const { BOOTSTRAP_PATH: _, ...kept } = original
    // Read as a shell reads it, without a start-up file.
    const read = execFileSync('env', [
      '-i',
      '/bin/bash',
      '--norc',
      '-c',
      `set -a; . ${root}/etc/cachewarmer/manager.env; exec env`,
    ])
    const seen = read
      .toString()
      .trim()
      .split('\n')
      .filter((line) => !/^(?:_|PWD|SHLVL|OLDPWD)=/.test(line))
    expect(seen.sort()).toEqual(
      Object.entries(kept)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    )
    expect(lstatSync(join(root, 'usr/local/bin/cachewarmer-manager')).isFile()).toBe(true)
    for (const name of ['cachewarmer', 'cachewarmer-submit', 'cachewarmer-jobsubmitter'])
      expect(readlinkSync(join(root, `usr/local/bin/${name}`))).toBe('cachewarmer-manager')
    const help = execFileSync(process.execPath, [join(root, 'usr/local/bin/cachewarmer-jobsubmitter'), '--version'])
    expect(help.toString()).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('makes the queue of a service usable by a group, where it is a file', () => {
    const queue = { QUEUE_PREFIX: 'studio', CACHEWARMER_QUEUE: 'sqlite:/var/lib/cachewarmer/queue.db' }
    expect(run('manager', { ...queue, CACHEWARMER_GROUP: 'render' })).toMatchObject({ code: 0, stderr: '' })
    const unit = text('etc/systemd/system/cachewarmer-manager.service.d/group.conf')
    expect(unit).toContain('Group=render\n')
    expect(unit).toContain('"/var/lib/cachewarmer/queue.db"\n')
    // Not given again: kept. Given empty: gone.
    expect(run('manager', {})).toMatchObject({ code: 0 })
    expect(names()).toContain('etc/systemd/system/cachewarmer-manager.service.d/group.conf')
    expect(run('manager', { CACHEWARMER_GROUP: '' })).toMatchObject({ code: 0 })
    expect(names().filter((name) => name.includes('.service.d'))).toEqual([])
    const wrong = run('manager', { ...enough, CACHEWARMER_QUEUE: '', CACHEWARMER_GROUP: 'render' })
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('CACHEWARMER_GROUP') })
  })

  test.each([
    ['manager', { CACHEWARMER_NFS_UUID: '1' }, 'CACHEWARMER_NFS_UUID'],
    ['manager', { CACHEWARMER_MANAGER_OPTIONS: '--fleet nine' }, '--fleet'],
    ['worker', { CACHEWARMER_NFS_UID: 'me' }, '--nfs-uid'],
    ['worker', { STORAGE_KEY: 'not base64!' }, 'accountKey'],
  ] as const)('lets the new %s look at %j before anything is replaced', (role, wrong, named) => {
    run(role, enough)
    appendFileSync(join(root, `usr/local/bin/cachewarmer-${role}`), '// an earlier release\n')
    const before = everything()
    const { code, stderr } = run(role, { ...enough, ...wrong })
    expect(stderr).toContain(named)
    expect({ code, after: everything() }).toEqual({ code: 2, after: before })
  })

  test('says that the program does not run here, and changes nothing', () => {
    const copy = join(root, 'copy')
    cpSync(bootstrap, copy, { recursive: true, verbatimSymlinks: true })
    // As on a machine without libstdc++.
    const text = '#!/bin/sh\necho "error while loading shared libraries: libstdc++.so.6" >&2\nexit 127\n'
    writeFileSync(join(copy, 'current/cachewarmerbin/cachewarmer'), text)
    const sums = readFileSync(join(copy, 'current/SHA256SUMS'), 'utf8').replace(
      /^\w{64}(?= {2}cachewarmerbin\/cachewarmer$)/m,
      createHash('sha256').update(text).digest('hex'),
    )
    writeFileSync(join(copy, 'current/SHA256SUMS'), sums)
    const before = everything()
    const { code, stderr } = run('worker', enough, [], copy)
    expect(stderr).toMatch(
      /does not run on this machine \(exit code 127\): error while loading.*libstdc\+\+6 in Debian/s,
    )
    expect({ code, after: everything() }).toEqual({ code: 2, after: before })
  })

  test('leaves no part of a program behind where the disk is full', () => {
    const { code, stderr } = withFullDisk()
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('could not be copied') })
    expect(readdirSync(join(root, 'usr/local/bin'))).toEqual([])
  })

  test.each(roles)('for the %s, run again, changes nothing', (role) => {
    run(role, enough)
    const before = everything()
    expect(run(role, enough)).toMatchObject({ code: 0 })
    expect(run(role, {})).toMatchObject({ code: 0 })
    expect(everything()).toEqual(before)
  })

  test('keeps settings that are not given, changes those that are, and drops those that are given empty', () => {
    run('worker', { ...enough, STORAGE_KEY: 'b2xk', CACHEWARMER_ACCESS: 'mount' })
    expect(names()).toContain('etc/systemd/system/cachewarmer-worker.service.d/kernel-mounts.conf')
    run('worker', { STORAGE_KEY: '', CACHEWARMER_ACCESS: 'direct', CACHEWARMER_RESERVED_PORTS: '1' })
    expect(text('etc/cachewarmer/worker.env')).toBe(
      "CACHEWARMER_ACCESS='direct'\nCACHEWARMER_RESERVED_PORTS='1'\nQUEUE_PREFIX='studio'\nSTORAGE_ACCOUNT='studiocache'\n",
    )
    expect(readdirSync(join(root, 'etc/systemd/system/cachewarmer-worker.service.d'))).toEqual(['reserved-ports.conf'])
  })

  test('makes the worker the user of the manager where they share the file of a queue, and only there', () => {
    const dropIns = () => names().filter((name) => name.endsWith('file-queue.conf'))
    run('worker', { ...enough, CACHEWARMER_QUEUE: 'sqlite:/var/lib/cachewarmer/queue.db' })
    expect(dropIns()).toEqual(['etc/systemd/system/cachewarmer-worker.service.d/file-queue.conf'])
    run('worker', { CACHEWARMER_QUEUE: '' })
    expect(dropIns()).toEqual([])
    run('manager', { ...enough, CACHEWARMER_QUEUE: 'sqlite:/var/lib/cachewarmer/queue.db' })
    expect(dropIns()).toEqual([])
  })

  test('keeps what cloud-init left on a machine of a scale set', () => {
    const fromCloudInit = {
      ...enough,
      BOOTSTRAP_PATH: '/b',
      BOOTSTRAP_SCRIPT: 'bootstrap.cachewarmer-worker.sh',
      CACHEWARMER_ARM_ENDPOINT: 'https://management.azure.com',
      CACHEWARMER_AZURE_MACHINE: '1',
    }
    const lines = Object.entries(fromCloudInit).map(([name, value]) => `${name}='${value}'\n`)
    mkdirSync(join(root, 'etc/cachewarmer'))
    writeFileSync(join(root, 'etc/cachewarmer/worker.env'), lines.join(''))
    expect(run('worker', fromCloudInit)).toMatchObject({ code: 0 })
    expect(text('etc/cachewarmer/worker.env').split('\n').sort()).toEqual(
      [...lines.map((line) => line.trim()), ''].sort(),
    )
    expect(mode('etc/cachewarmer/worker.env')).toBe(0o600)
    expect(names()).toContain('etc/systemd/system/cachewarmer-worker.service.d/azure-machine.conf')
  })

  test('takes certificates of a private authority that the service can read, and no others', () => {
    const file = '/etc/cachewarmer-authorities.pem'
    const wrong = (value: string) => run('worker', { ...enough, NODE_EXTRA_CA_CERTS: value })
    expect(wrong(file)).toMatchObject({ code: 2, stderr: expect.stringContaining('there are no certificates') })
    writeFileSync(join(root, file), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', { mode: 0o600 })
    expect(wrong(file)).toMatchObject({ code: 2, stderr: expect.stringContaining('chmod 0644') })
    expect(wrong('/root/ca.pem')).toMatchObject({ code: 2, stderr: expect.stringContaining('not below /home') })
    chmodSync(join(root, file), 0o644)
    expect(wrong(file)).toMatchObject({ code: 0 })
    expect(text('etc/cachewarmer/worker.env')).toContain(`NODE_EXTRA_CA_CERTS='${file}'\n`)
  })

  test('hands a proxy on, and never sends the metadata service through it', () => {
    run('worker', { ...enough, http_proxy: 'proxy:3128', no_proxy: 'filer, localhost *.corp nas:2049,10.0.0.0/8' })
    const settings = text('etc/cachewarmer/worker.env')
    expect(settings).toContain("no_proxy='169.254.169.254,localhost,127.0.0.1,filer,.corp,nas,10.0.0.0/8'\n")
    expect(settings).toContain("http_proxy='http://proxy:3128'\n")
    expect(run('worker', { no_proxy: '*' })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('no_proxy is *'),
    })
    expect(text('etc/cachewarmer/worker.env')).not.toMatch(/proxy/i)
    run('worker', { ...enough, http_proxy: 'http://proxy:3128' })
    expect(text('etc/cachewarmer/worker.env')).toContain("NODE_USE_ENV_PROXY='1'\n")
  })

  test.each(roles)('for the %s, with --uninstall, leaves the machine as it was', (role) => {
    const before = everything()
    run(role, { ...enough, CACHEWARMER_ACCESS: 'mount' })
    for (const folder of ['var/lib/cachewarmer', 'var/lib/private/cachewarmer'])
      mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, `var/log/cachewarmer-${role}.log`), 'x')
    expect(run(role, {}, ['--uninstall'])).toMatchObject({ code: 0, stderr: '' })
    for (const folder of ['etc/systemd/system', 'etc/systemd', 'var/lib/private', 'var/lib', 'usr/local/lib'])
      rmSync(join(root, folder), { recursive: true, force: true })
    expect(everything()).toEqual(before)
    expect(run(role, {}, ['--uninstall'])).toMatchObject({ code: 0, stderr: '' })
  })

  test('keeps the ledger where that is wished, and where the other service is still there', () => {
    mkdirSync(join(root, 'var/lib/cachewarmer'), { recursive: true })
    run('manager', enough)
    run('worker', enough)
    run('worker', {}, ['--uninstall'])
    run('manager', {}, ['--uninstall', '--keep-state'])
    expect(names()).toContain('var/lib/cachewarmer')
    run('manager', {}, ['--uninstall'])
    expect(names()).not.toContain('var/lib/cachewarmer')
  })

  test.each<[Role, string, Record<string, string>, string[], string]>([
    ['worker', 'no prefix', { QUEUE_PREFIX: '' }, [], 'QUEUE_PREFIX is not set'],
    ['manager', 'no prefix', { QUEUE_PREFIX: '' }, [], 'QUEUE_PREFIX is not set'],
    ['worker', 'a prefix that no queue can have', { QUEUE_PREFIX: 'My_Prefix' }, [], "QUEUE_PREFIX is 'My_Prefix'"],
    ['worker', 'no queue', { STORAGE_ACCOUNT: '' }, [], 'no queue: set STORAGE_ACCOUNT'],
    ['worker', 'an account that is none', { STORAGE_ACCOUNT: 'no-account' }, [], "STORAGE_ACCOUNT is 'no-account'"],
    [
      'worker',
      'a queue file elsewhere',
      { CACHEWARMER_QUEUE: 'sqlite:/tmp/q.db' },
      [],
      'sqlite:/var/lib/cachewarmer/FILE',
    ],
    ['worker', 'an unknown access', { CACHEWARMER_ACCESS: 'pigeon' }, [], "CACHEWARMER_ACCESS is 'pigeon'"],
    ['worker', 'a number that is none', { CACHEWARMER_CONCURRENCY: 'many' }, [], "CACHEWARMER_CONCURRENCY is 'many'"],
    ['worker', 'a proxy that is none', { http_proxy: 'ftp://proxy:3128' }, [], 'http_proxy is something else'],
    ['worker', 'a setting of two lines', { STORAGE_KEY: 'a\nb' }, [], 'STORAGE_KEY holds a line end'],
    [
      'worker',
      'a key in a file',
      { CACHEWARMER_STORAGE_KEY_FILE: '/root/key' },
      [],
      'CACHEWARMER_STORAGE_KEY_FILE is set',
    ],
    ['manager', 'machines without an export', { VMSS_USERNAME: 'azureuser' }, [], 'BOOTSTRAP_MOUNT_ADDRESS is not set'],
    [
      'manager',
      'an export without a script',
      { BOOTSTRAP_MOUNT_ADDRESS: '10.0.1.4', BOOTSTRAP_EXPORT_PATH: '/b' },
      [],
      'BOOTSTRAP_SCRIPT is not set',
    ],
    ['manager', 'a count that is none', { VMSS_WORKER_COUNT: '0' }, [], "VMSS_WORKER_COUNT is '0'"],
    ['worker', 'an unknown option', {}, ['--force'], '--force is unknown'],
    [
      'manager',
      'an option without the one that it belongs to',
      {},
      ['--keep-state'],
      '--keep-state belongs to --uninstall',
    ],
    ['worker', 'a folder that is not there', { DESTDIR: '/nonexistent/root' }, [], "DESTDIR is '/nonexistent/root'"],
  ])(
    'for the %s refuses %s with exit code 2, names it, says where to read, and changes nothing',
    (role, _, settings, args, said) => {
      const before = everything()
      const { code, stdout, stderr } = run(role, { ...enough, ...settings }, args)
      expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(said) })
      expect(stderr).toMatch(/see .*\/README\.md$/m)
      expect(stderr).not.toContain('a\nb')
      expect(everything()).toEqual(before)
    },
  )

  test.each(['cachewarmerbin/cachewarmer', 'systemd/cachewarmer-worker.service', 'SHA256SUMS'])(
    'installs nothing where %s is not what was released',
    (name) => {
      const copy = join(root, 'copy')
      cpSync(bootstrap, copy, { recursive: true, verbatimSymlinks: true })
      if (name === 'SHA256SUMS') rmSync(join(copy, 'current', name))
      else appendFileSync(join(copy, name), '\n# changed')
      const before = everything()
      const { code, stderr } = run('worker', enough, [], copy)
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(name) })
      expect(everything()).toEqual(before)
    },
  )

  describe('with the key of a signer', () => {
    const key = () => join(made, 'key')
    const sign = (folder: string): void => {
      rmSync(join(folder, 'current/SHA256SUMS.sig'), { force: true })
      execFileSync(
        'ssh-keygen',
        ['-q', '-Y', 'sign', '-f', key(), '-n', 'cachewarmer', join(folder, 'current/SHA256SUMS')],
        { stdio: 'ignore' },
      )
    }
    let signer: string
    let folder: string
    beforeAll(() => {
      for (const name of ['key', 'other'])
        execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'release', '-f', join(made, name)])
      signer = readFileSync(`${key()}.pub`, 'utf8').trim()
    })
    beforeEach(() => {
      folder = mkdtempSync(join(made, 'signed-'))
      cpSync(bootstrap, folder, { recursive: true, verbatimSymlinks: true })
    })

    test('installs what that key signed, remembers it, and from then on nothing else', () => {
      sign(folder)
      const settings = { ...enough, CACHEWARMER_RELEASE_SIGNER: signer }
      expect(run('worker', settings, [], folder)).toMatchObject({ code: 0, stderr: '' })
      expect(text('etc/cachewarmer/worker.env')).toContain(`CACHEWARMER_RELEASE_SIGNER='${signer}'`)
      rmSync(join(folder, 'current/SHA256SUMS.sig'))
      const before = everything()
      expect(run('worker', {}, [], folder)).toMatchObject({ code: 2, stderr: expect.stringContaining('is not signed') })
      expect(everything()).toEqual(before)
      expect(run('worker', { CACHEWARMER_RELEASE_SIGNER: '' }, [], folder)).toMatchObject({ code: 0 })
    })

    test('installs nothing where a list was changed with its files, or another key signed it', () => {
      sign(folder)
      const settings = { ...enough, CACHEWARMER_RELEASE_SIGNER: signer }
      const before = everything()
      const other = readFileSync(join(made, 'other.pub'), 'utf8').trim()
      const refused = { code: 2, stderr: expect.stringContaining('not signed by the key') }
      expect(run('worker', { ...enough, CACHEWARMER_RELEASE_SIGNER: other }, [], folder)).toMatchObject(refused)
      appendFileSync(join(folder, 'current/SHA256SUMS'), `${'0'.repeat(64)}  more\n`)
      expect(run('worker', settings, [], folder)).toMatchObject(refused)
      expect(everything()).toEqual(before)
    })
  })

  test('runs nothing of install.bash where that is not what was released', () => {
    const copy = join(root, 'copy')
    cpSync(bootstrap, copy, { recursive: true, verbatimSymlinks: true })
    writeFileSync(join(copy, 'current/install.bash'), `touch ${root}/ran; main() { :; }\n`)
    expect(run('worker', enough, [], copy)).toMatchObject({ code: 2, stderr: expect.stringContaining('install.bash') })
    const sums = readFileSync(join(copy, 'SHA256SUMS'), 'utf8')
    writeFileSync(
      join(copy, 'current/SHA256SUMS'),
      sums
        .split('\n')
        .filter((line) => !line.endsWith('  install.bash'))
        .join('\n'),
    )
    expect(run('worker', enough, [], copy)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('not on the list'),
    })
    expect(names()).not.toContain('ran')
  })

  test.each(roles)('for the %s teaches with --help', (role) => {
    const { code, stdout } = run(role, {}, ['--help'])
    expect(code).toBe(0)
    for (const word of ['QUEUE_PREFIX', 'STORAGE_ACCOUNT', '--uninstall', 'README.md']) expect(stdout).toContain(word)
  })
})

describe.skipIf(missing.length > 0 || notLinux)('scripts and units', () => {
  test('are clean to shellcheck', () => {
    const scripts = ['install.bash', ...roles.map((role) => `bootstrap.cachewarmer-${role}.sh`)]
    const { stdout, status } = spawnSync('shellcheck', ['-x', ...scripts], { cwd: sources, encoding: 'utf8' })
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 })
  })

  /** A unit with the drop-ins that are named, its program where the check can find one. */
  function unitFile(role: Role, dropIns: readonly string[] = []): string {
    const unit = join(root, `cachewarmer-${role}.service`)
    const written = readFileSync(join(sources, `systemd/cachewarmer-${role}.service`), 'utf8')
    writeFileSync(unit, written.replace(/\/usr\/local\/bin\/cachewarmer-\w+/, process.execPath))
    for (const name of dropIns) {
      mkdirSync(`${unit}.d`, { recursive: true })
      cpSync(join(sources, `systemd/${name}.conf`), `${unit}.d/${name}.conf`)
    }
    return unit
  }
  const analyze = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', args, {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin' },
    })
    return { status, stdout, stderr }
  }

  test.each<[Role, string[]]>([
    ['manager', []],
    ['worker', []],
    ['worker', ['worker.kernel-mounts']],
    ['manager', ['manager.kernel-mounts']],
    ['worker', ['worker.file-queue']],
    ['worker', ['worker.file-queue', 'worker.kernel-mounts']],
    ['worker', ['reserved-ports', 'azure-machine']],
  ])('of the %s with %j: systemd-analyze verify has nothing to say', (role, dropIns) => {
    expect(analyze('verify', '--man=no', unitFile(role, dropIns))).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  test('of manager and worker: each runs as a user of its own, with a folder of its own and bounds on memory and tasks', () => {
    const setting = (role: Role, name: string) =>
      new RegExp(`^${name}=(.*)$`, 'm').exec(readFileSync(unitFile(role), 'utf8'))?.[1]
    for (const name of ['User', 'StateDirectory']) expect(setting('worker', name)).not.toBe(setting('manager', name))
    for (const role of roles) {
      expect(setting(role, 'MemoryMax')).toMatch(/^\d+%$/)
      expect(setting(role, 'TasksMax')).toMatch(/^\d+$/)
    }
  })

  test.each(roles)('of the %s: a crash leaves no core, which would hold the environment and its secrets', (role) => {
    expect(readFileSync(unitFile(role), 'utf8')).toMatch(/^LimitCORE=0$/m)
  })

  test.each(roles)('of the %s: systemd-analyze security says less than 3.0', (role) => {
    const { status, stdout } = analyze('security', '--offline=yes', '--threshold=30', '--no-pager', unitFile(role))
    const [, score = ''] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? []
    console.log(`cachewarmer-${role}.service: exposure ${score}`)
    expect(status).toBe(0)
    expect(Number(score)).toBeLessThan(3)
    expect(Number(score)).toBeGreaterThan(0)
  })
})
