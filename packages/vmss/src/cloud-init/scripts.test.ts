import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { environmentFile } from './cloud-init.ts'
import { bootstrapScript, selfDeleteScript } from './scripts.ts'

/** What the scripts need of a machine besides the commands that are played here. */
const tools = [
  'sh',
  'bash',
  'awk',
  'sed',
  'date',
  'mkdir',
  'timeout',
  'cat',
  'env',
  'printf',
  'mktemp',
  'rm',
  'basename',
]
const hashing = ['sha256sum', 'dirname', 'readlink']

/** Runs a script of a worker with its files in a folder of ours, and with commands that note how they were called. */
class Machine {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'vmss-machine-'))
  readonly #bin = join(this.folder, 'bin')

  constructor() {
    for (const folder of ['bin', 'b', 'etc']) mkdirSync(join(this.folder, folder))
    for (const tool of [...tools, ...hashing]) {
      const path = ['/usr/bin', '/bin'].map((each) => join(each, tool)).find((each) => existsSync(each))
      if (path) symlinkSync(path, join(this.#bin, tool))
    }
    for (const command of ['mount', 'mountpoint', 'getent', 'systemctl', 'sleep', 'curl', 'cachewarmer-self-delete'])
      this.play(command)
    this.play('mountpoint', 'exit 1')
    this.play('getent', 'echo "10.0.0.4 STREAM server"; echo "10.0.0.5 STREAM"')
  }

  /** Makes a command that notes its arguments and then does `what`. */
  play(command: string, what = 'exit 0'): void {
    const file = join(this.#bin, command)
    writeFileSync(file, `#!/bin/sh\necho "${command} $*" >>"${this.folder}/calls"\n${what}\n`)
    chmodSync(file, 0o755)
  }

  /** A command that fails so often and then works. */
  failing(times: number, then = 'exit 0'): string {
    return `n=$(cat "${this.folder}/n" 2>/dev/null || echo 0); echo $((n + 1)) >"${this.folder}/n"; [ "$n" -lt ${times} ] && exit 1\n${then}`
  }

  run(script: string, variables: Record<string, string>, ...args: string[]): number | null {
    writeFileSync(join(this.folder, 'etc/worker.env'), environmentFile(variables))
    const text = script
      .replaceAll('/etc/cachewarmer/', `${this.folder}/etc/`)
      .replaceAll('/var/log/', `${this.folder}/`)
      .replaceAll('/usr/local/sbin/', `${this.#bin}/`)
      .replaceAll('/bin/bash', `${this.#bin}/bash`)
    const file = join(this.folder, 'script')
    writeFileSync(file, text)
    return spawnSync('/bin/sh', [file, ...args], { env: { PATH: this.#bin }, timeout: 30_000 }).status
  }

  read(name: string): string {
    const file = join(this.folder, name)
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }
  calls(command: string): string[] {
    return this.read('calls')
      .split('\n')
      .filter((line) => line.split(' ')[0] === command)
  }
}

let machine: Machine
beforeEach(() => {
  machine = new Machine()
})
afterEach(() => rmSync(machine.folder, { recursive: true }))

const common = { CACHEWARMER_BOOTSTRAP_ATTEMPTS: '4', CACHEWARMER_ARM_ENDPOINT: 'https://arm.example' }

describe('the bootstrap script', () => {
  const fromExport = () => ({
    ...common,
    QUEUE_PREFIX: 'farm',
    http_proxy: 'http://proxy:3128',
    BOOTSTRAP_MOUNT_ADDRESS: 'filer.example',
    BOOTSTRAP_EXPORT_PATH: '/nfs/boot',
    BOOTSTRAP_PATH: join(machine.folder, 'b'),
    BOOTSTRAP_SCRIPT: 'worker.sh',
  })
  const scriptOnExport = () =>
    writeFileSync(
      join(machine.folder, 'b/worker.sh'),
      `echo "$QUEUE_PREFIX $BOOTSTRAP_SCRIPT $http_proxy" >"${machine.folder}/started"`,
    )

  test('mounts the export without mount.nfs, and runs the script with the environment', () => {
    scriptOnExport()
    expect(machine.run(bootstrapScript, fromExport())).toBe(0)
    expect(machine.calls('mount')).toEqual([
      `mount -i -t nfs -o ro,nosuid,nodev,noexec,soft,proto=tcp,vers=3,nolock,timeo=100,retrans=2,addr=10.0.0.4,mountaddr=10.0.0.4,mountproto=tcp 10.0.0.4:/nfs/boot ${machine.folder}/b`,
    ])
    expect(machine.read('started')).toBe('farm worker.sh http://proxy:3128\n')
    expect(machine.calls('cachewarmer-self-delete')).toEqual([])
  })

  test('unmounts the export once the worker runs, and says so where it can not', () => {
    scriptOnExport()
    machine.play('mountpoint')
    machine.play('umount', 'exit 32')
    expect(machine.run(bootstrapScript, fromExport())).toBe(0)
    expect(machine.calls('umount')).toEqual([`umount ${machine.folder}/b`])
    expect(machine.read('cachewarmer-bootstrap.log')).toContain('could not be unmounted')
    expect(machine.calls('cachewarmer-self-delete')).toEqual([])
  })

  test('leaves the mount to mount.nfs where there is one', () => {
    scriptOnExport()
    machine.play('mount.nfs')
    expect(machine.run(bootstrapScript, fromExport())).toBe(0)
    expect(machine.calls('mount')).toEqual([
      `mount -t nfs -o ro,nosuid,nodev,noexec,soft,proto=tcp,vers=3,nolock,timeo=100,retrans=2,retry=0 10.0.0.4:/nfs/boot ${machine.folder}/b`,
    ])
  })

  test('tries a mount that fails again and again, with pauses', () => {
    scriptOnExport()
    machine.play('mount', machine.failing(3))
    expect(machine.run(bootstrapScript, fromExport())).toBe(0)
    expect(machine.calls('mount')).toHaveLength(4)
    expect(machine.calls('sleep')).toEqual(['sleep 5', 'sleep 10', 'sleep 15'])
    expect(machine.read('cachewarmer-bootstrap.log')).toMatch(
      /attempt 3 failed, the next one follows in 15 s\n.*worker started\n$/,
    )
  })

  test('waits for the script to appear on the export, and mounts only once', () => {
    machine.play('mountpoint', machine.failing(1))
    machine.play('sleep', `echo 'exit 0' >"${machine.folder}/b/worker.sh"`)
    expect(machine.run(bootstrapScript, fromExport())).toBe(0)
    expect(machine.calls('mount')).toHaveLength(1)
    expect(machine.read('cachewarmer-bootstrap.log')).toContain('/b/worker.sh is not there')
  })

  test('runs a script of the sha256 that is expected, as a copy that knows where it came from', () => {
    const script = `echo "$0 $CACHEWARMER_BOOTSTRAP_FOLDER" >"${machine.folder}/started"`
    writeFileSync(join(machine.folder, 'b/worker.sh'), script)
    const sum = createHash('sha256').update(script).digest('hex')
    expect(machine.run(bootstrapScript, { ...fromExport(), BOOTSTRAP_SCRIPT_SHA256: sum })).toBe(0)
    const [ran = '', folder] = machine.read('started').trim().split(' ')
    expect(folder).toBe(join(machine.folder, 'b'))
    expect(ran).toMatch(/\/worker\.sh$/)
    expect([ran.startsWith(machine.folder), existsSync(ran)]).toEqual([false, false])
  })

  test('does not run a script that was changed since the machine was made, says so, and gives the machine up', () => {
    scriptOnExport()
    machine.run(bootstrapScript, { ...fromExport(), BOOTSTRAP_SCRIPT_SHA256: '0'.repeat(64) })
    expect(machine.read('started')).toBe('')
    expect(machine.read('cachewarmer-bootstrap.log')).toMatch(
      /worker\.sh was changed since this machine was made, and is not run: sha256 [0-9a-f]{64}, expected 0{64}/,
    )
    expect(machine.calls('cachewarmer-self-delete')).toHaveLength(1)
  })

  test('runs a script that fails again', () => {
    writeFileSync(join(machine.folder, 'b/worker.sh'), machine.failing(2))
    expect(machine.run(bootstrapScript, fromExport())).toBe(0)
    expect(machine.calls('sleep')).toHaveLength(2)
  })

  test.each([
    ['mount', 'exit 32'],
    ['getent', 'exit 2'],
  ])('gives the machine up when %s never works: it would cost money for ever', (command, what) => {
    machine.play(command, what)
    machine.run(bootstrapScript, fromExport())
    expect(machine.calls('cachewarmer-self-delete')).toEqual(['cachewarmer-self-delete bootstrap failed'])
    expect(machine.calls('sleep')).toHaveLength(3)
    expect(machine.read('cachewarmer-bootstrap.log')).toContain('gave up after 4 attempts')
  })

  test('starts the worker of the image, again when that fails', () => {
    machine.play('systemctl', machine.failing(1))
    expect(machine.run(bootstrapScript, common)).toBe(0)
    expect(machine.calls('systemctl')).toEqual([
      'systemctl daemon-reload',
      'systemctl daemon-reload',
      'systemctl enable --now cachewarmer-worker.service',
    ])
    expect(machine.calls('mount')).toEqual([])
  })
})

describe('the self-delete script', () => {
  const curl = (deletion: string) => `
case "$*" in
  *resourceId*) printf %s /subscriptions/s/machine ;;
  *oauth2*) printf %s '{"access_token":"secret-token","expires_in":"3600"}' ;;
  *DELETE*) cat >>"${machine.folder}/stdin"; ${deletion} ;;
esac`

  test('deletes the machine with its identity, and never shows the token', () => {
    machine.play('curl', curl('exit 0'))
    const identity = { CACHEWARMER_IDENTITY_ID: '/subscriptions/s/identity' }
    machine.run(selfDeleteScript, { ...common, ...identity }, 'no work')
    const [id = '', token = '', deletion = ''] = machine.calls('curl')
    expect(id).toContain('http://169.254.169.254/metadata/instance/compute/resourceId')
    expect(token).toContain('resource=https://arm.example/')
    expect(token).toContain('msi_res_id=/subscriptions/s/identity')
    for (const call of [id, token]) expect(call).toContain('--noproxy *')
    expect(deletion).toContain('-X DELETE https://arm.example/subscriptions/s/machine?api-version=2026-04-01')
    expect(machine.read('calls')).not.toContain('secret-token')
    expect(machine.read('stdin')).toBe('header = "Authorization: Bearer secret-token"\n')
    expect(machine.read('cachewarmer-bootstrap.log')).toMatch(
      /deleting this machine: no work\n.*Azure deletes this machine/,
    )
  })

  test('powers off when Azure does not take the machine away after all', () => {
    machine.play('curl', curl('exit 0'))
    machine.run(selfDeleteScript, common)
    expect(machine.calls('sleep')).toEqual(['sleep 900'])
    expect(machine.calls('systemctl')).toEqual(['systemctl poweroff'])
  })

  test('tries five times, then powers off', () => {
    machine.play('curl', curl('exit 22'))
    machine.run(selfDeleteScript, common)
    expect(machine.calls('curl').filter((call) => call.includes('DELETE'))).toHaveLength(5)
    expect(machine.calls('sleep')).toEqual(['sleep 5', 'sleep 15', 'sleep 30', 'sleep 60', 'sleep 0'])
    expect(machine.calls('systemctl')).toEqual(['systemctl poweroff'])
  })

  test('powers off when there is no metadata service to ask', () => {
    machine.play('curl', 'exit 7')
    machine.run(selfDeleteScript, common)
    expect(machine.calls('systemctl')).toEqual(['systemctl poweroff'])
  })
})
