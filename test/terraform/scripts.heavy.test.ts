import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { readText, repositoryFiles, root } from '../support/repository.ts'
import { Controller } from './controller.ts'

const isRoot = process.getuid?.() === 0
const unshare = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0
if (!unshare) console.log('SKIPPED: the scripts of Terraform, because mounting needs root')
const shellcheck = spawnSync('shellcheck', ['--version']).status === 0
if (!shellcheck) console.log('SKIPPED: shellcheck of the scripts of Terraform, because it is not installed')

const scripts = repositoryFiles('terraform/scripts/*.sh')

test('there are scripts, in strict mode', () => {
  expect(scripts.length).toBeGreaterThan(4)
  for (const script of scripts.filter((path) => !path.endsWith('/lib.sh')))
    expect(readText(script)).toMatch(/^set -euo pipefail$/m)
})

test.skipIf(!shellcheck)('shellcheck finds nothing', () => {
  const { stdout } = spawnSync('shellcheck', ['-x', ...scripts], { cwd: root, encoding: 'utf8' })
  expect(stdout).toBe('')
})

describe.skipIf(!unshare)('on the controller', () => {
  let controller: Controller
  beforeEach(() => {
    controller = new Controller()
    return () => controller[Symbol.dispose]()
  })

  const install = {
    INSTALL_SCRIPT: '/boot/install.sh',
    BOOTSTRAP_MOUNT_ADDRESS: '10.0.5.4',
    BOOTSTRAP_EXPORT_PATH: '/data',
    STORAGE_ACCOUNT: 'studio',
    QUEUE_PREFIX: 'farm',
  }
  const prepare = {
    BOOTSTRAP_MOUNT_ADDRESS: '10.0.5.4',
    BOOTSTRAP_MOUNT_EXPORT: '/data',
    BOOTSTRAP_SUBDIR: '/tools/bootstrap',
  }
  const submit = { QUEUE_PREFIX: 'farm', STORAGE_ACCOUNT: 'studio', WAIT: 'true' }
  const mounts = { MOUNT_ADDRESSES: '10.0.1.11,cache-2', EXPORT_PATHS: '/data,/tools', MOUNT_FOLDER: '/mnt' }

  describe('a wrong setting is named, with the place where it is documented, and nothing is done', () => {
    const without = (settings: Record<string, string>, name: string) =>
      Object.fromEntries(Object.entries(settings).filter(([key]) => key !== name))
    const cases: [string, Record<string, string>, string][] = [
      ...Object.keys(install).map((name): [string, Record<string, string>, string] => [
        'install-from-bootstrap.sh',
        without(install, name),
        name,
      ]),
      ['install-from-bootstrap.sh', { ...install, INSTALL_SCRIPT: 'boot/install.sh' }, 'INSTALL_SCRIPT'],
      ['install-from-bootstrap.sh', { ...install, INSTALL_SCRIPT: '/../etc/x.sh' }, 'INSTALL_SCRIPT'],
      [
        'install-from-bootstrap.sh',
        { ...install, BOOTSTRAP_MOUNT_ADDRESS: '10.0.5.4 -o rw' },
        'BOOTSTRAP_MOUNT_ADDRESS',
      ],
      ['install-from-bootstrap.sh', { ...install, LD_PRELOAD: '/tmp/x.so' }, 'LD_PRELOAD'],
      ['prepare-bootstrapdir.sh', prepare, 'RELEASE_DIR'],
      ['prepare-bootstrapdir.sh', { ...prepare, RELEASE_DIR: '/no/such' }, 'RELEASE_DIR'],
      ['prepare-bootstrapdir.sh', { ...prepare, RELEASE_URL: 'https://x/y.tgz' }, 'RELEASE_SHA256'],
      [
        'prepare-bootstrapdir.sh',
        { ...prepare, RELEASE_URL: 'file:///etc/passwd', RELEASE_SHA256: 'a'.repeat(64) },
        'RELEASE_URL',
      ],
      ['prepare-bootstrapdir.sh', { ...prepare, CACHEWARMER_MANAGER_PATH: '/bin/true' }, 'CACHEWARMER_WORKER_PATH'],
      [
        'prepare-bootstrapdir.sh',
        { ...without(prepare, 'BOOTSTRAP_MOUNT_ADDRESS'), RELEASE_DIR: '/x' },
        'LOCAL_MOUNT_DIR',
      ],
      ['prepare-bootstrapdir.sh', { ...without(prepare, 'BOOTSTRAP_SUBDIR'), RELEASE_DIR: '/x' }, 'BOOTSTRAP_SUBDIR'],
      ['mount-junctions.sh', without(mounts, 'EXPORT_PATHS'), 'EXPORT_PATHS'],
      ['mount-junctions.sh', { ...mounts, MOUNT_FOLDER: 'mnt' }, 'MOUNT_FOLDER'],
      ['mount-junctions.sh', { ...mounts, EXPORT_PATHS: '/data,/../etc' }, '/../etc'],
    ]
    test.each(cases)('%s %j', async (script, settings, named) => {
      const { code, stderr } = await controller.run(script, controller.settings(settings))
      expect(stderr).toContain(named)
      expect(stderr).toMatch(/; see terraform\/modules\/\w+\/README\.md$/m)
      expect(existsSync(join(root, /see (\S+)$/m.exec(stderr)?.[1] ?? ''))).toBe(true)
      expect({ code, calls: controller.calls }).toEqual({ code: 2, calls: [] })
    })

    test.each([
      [without(submit, 'QUEUE_PREFIX'), 'QUEUE_PREFIX'],
      [without(submit, 'STORAGE_ACCOUNT'), 'STORAGE_ACCOUNT'],
      [{ ...submit, WAIT: 'yes' }, 'WAIT'],
    ])('submit-job.sh %j', async (settings, named) => {
      controller.program('cachewarmer-submit', 'exit 0')
      const { code, stderr } = await controller.run(
        'submit-job.sh',
        controller.settings(settings),
        controller.file('job', '{}'),
      )
      expect(stderr).toContain(named)
      expect({ code, calls: controller.calls }).toEqual({ code: 2, calls: [] })
    })

    test('a file without settings, and none at all', async () => {
      expect((await controller.run('install-from-bootstrap.sh')).code).toBe(2)
      expect((await controller.run('install-from-bootstrap.sh', '/no/such')).code).toBe(2)
      expect((await controller.run('install-from-bootstrap.sh', controller.file('s', 'what is this\n'))).code).toBe(2)
    })
  })

  describe('installs from the bootstrap export', () => {
    const script = (text: string): void => {
      mkdirSync(join(controller.export, 'boot'))
      writeFileSync(join(controller.export, 'boot/install.sh'), text)
    }

    test('with the settings as environment, taken as they are, and leaves no mount behind', async () => {
      script('set -u\nprintf "%s\\n" "$VMSS_PASSWORD" "$BOOTSTRAP_PATH" "$http_proxy" "$*" > "$BOOTSTRAP_PATH/out"\n')
      const password = `p'a"s$(touch ${controller.folder}/run)\`id\`=\\ \\n &;#`
      const given = { ...install, VMSS_PASSWORD: password, http_proxy: 'http://proxy:3128' }
      const { code, stderr } = await controller.run('install-from-bootstrap.sh', controller.settings(given))
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const [seen, path, proxy, args] = readFileSync(join(controller.export, 'out'), 'utf8').split('\n')
      expect([seen, proxy, args]).toEqual([password, 'http://proxy:3128', ''])
      expect(path).toMatch(/^\/tmp\/cachewarmer-bootstrap\./)
      expect(existsSync(join(controller.folder, 'run'))).toBe(false)
      expect(Controller.leftovers()).toEqual([])
      expect(controller.calls).toEqual([
        `mount -t nfs -o ro,nosuid,nodev,noexec,hard,proto=tcp,vers=3,nolock,timeo=100,retrans=2,retry=0 10.0.5.4:/data ${path}`,
      ])
    })

    test('hands on every setting that the programs may have, and no other', async () => {
      script('set -u\nprintf "%s\\n" "$CACHEWARMER_NFS_UID" "$AZURE_TENANT_ID" > "$BOOTSTRAP_PATH/out"\n')
      const given = { ...install, CACHEWARMER_NFS_UID: '1000', AZURE_TENANT_ID: 't' }
      const { code, stderr } = await controller.run('install-from-bootstrap.sh', controller.settings(given))
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(readFileSync(join(controller.export, 'out'), 'utf8')).toBe('1000\nt\n')
      for (const name of ['LD_PRELOAD', 'PATH', 'BASH_ENV', 'CACHEWARMER-X', 'XAZURE_Y']) {
        const wrong = controller.settings({ ...install, [name]: 'x' })
        const refused = await controller.run('install-from-bootstrap.sh', wrong)
        expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(`${name} is no setting`) })
      }
    })

    test('ends as the install script does', async () => {
      script('exit 7\n')
      expect((await controller.run('install-from-bootstrap.sh', controller.settings(install))).code).toBe(7)
      expect(Controller.leftovers()).toEqual([])
    })

    test('waits for a filer that is just starting, and gives up on one that never does', async () => {
      script('exit 0\n')
      controller.program('mount', 'exit 32')
      const { code, stderr } = await controller.run('install-from-bootstrap.sh', controller.settings(install))
      expect({ code, last: stderr.trim().split('\n').at(-1) }).toEqual({
        code: 1,
        last: 'install-from-bootstrap.sh: 10.0.5.4:/data could not be mounted',
      })
      expect(controller.calls.filter((call) => call.startsWith('mount '))).toHaveLength(20)
      expect(controller.calls.filter((call) => call === 'sleep 15')).toHaveLength(19)
      expect(Controller.leftovers()).toEqual([])
    })

    test('says that the script is not there', async () => {
      const { code, stderr } = await controller.run('install-from-bootstrap.sh', controller.settings(install))
      expect(code).toBe(2)
      expect(stderr).toContain('there is no /boot/install.sh on 10.0.5.4:/data')
      expect(Controller.leftovers()).toEqual([])
    })
  })

  describe('prepares the bootstrap folder', () => {
    /** A release whose program notes what it is asked for. */
    const release = (): string => {
      const folder = join(controller.folder, 'release')
      mkdirSync(folder)
      const file = join(folder, 'cachewarmer')
      writeFileSync(file, `#!/bin/bash\nmkdir -p "$3"; echo "$0 $*" > "$3/made-by"; ls "\${0%/*}" > "$3/beside"\n`)
      chmodSync(file, 0o755)
      return folder
    }
    const made = (name: string, folder = join(controller.export, 'tools/bootstrap')): string =>
      readFileSync(join(folder, name), 'utf8')

    test('on the export, from a folder', async () => {
      const folder = release()
      const { code, stdout } = await controller.run(
        'prepare-bootstrapdir.sh',
        controller.settings({ ...prepare, RELEASE_DIR: folder }),
      )
      expect(code).toBe(0)
      expect(stdout).toContain('the bootstrap folder is ready: 10.0.5.4:/data/tools/bootstrap')
      expect(made('made-by')).toMatch(
        /release\/cachewarmer bootstrap --out \/tmp\/cachewarmer-prepare\.\w+\/export\/tools\/bootstrap/,
      )
      expect(controller.calls[0]).toMatch(/^mount -t nfs -o rw,/)
      expect(Controller.leftovers()).toEqual([])
      expect(existsSync(join(controller.export, 'tools/bootstrap'))).toBe(true)
    })

    test('and says of a program that can not be run, as on a medium mounted noexec, what helps', async () => {
      const folder = release()
      chmodSync(join(folder, 'cachewarmer'), 0o644)
      const settings = controller.settings({ ...prepare, RELEASE_DIR: folder })
      const { code, stderr } = await controller.run('prepare-bootstrapdir.sh', settings)
      expect(stderr).toContain('mounted noexec; copy the release to another folder')
      expect({ code, calls: controller.calls }).toEqual({ code: 2, calls: [] })
    })

    test('where the export is mounted already, from programs by the names of the original', async () => {
      const folder = release()
      for (const name of ['manager', 'worker', 'submit'])
        symlinkSync('cachewarmer', join(folder, `cachewarmer-${name}`))
      const settings = {
        LOCAL_MOUNT_DIR: controller.export,
        BOOTSTRAP_SUBDIR: '/b',
        CACHEWARMER_MANAGER_PATH: join(folder, 'cachewarmer-manager'),
        CACHEWARMER_WORKER_PATH: join(folder, 'cachewarmer-worker'),
        CACHEWARMER_JOBSUBMITTER_PATH: join(folder, 'cachewarmer-submit'),
      }
      const { code } = await controller.run('prepare-bootstrapdir.sh', controller.settings(settings))
      expect(code).toBe(0)
      expect(made('beside', join(controller.export, 'b'))).toBe(
        'cachewarmer\ncachewarmer-manager\ncachewarmer-submit\ncachewarmer-worker\n',
      )
      expect(controller.calls).toEqual([])
    })

    test('from an archive, whose address is in no argument list, and only if it is the right one', async () => {
      const archive = join(controller.folder, 'release.tgz')
      spawnSync('tar', ['--create', '--gzip', '--file', archive, '--directory', release(), '.'])
      const sum = createHash('sha256').update(readFileSync(archive)).digest('hex')
      // Stands for the network: takes what real curl would read, its configuration from standard input.
      controller.program(
        'curl',
        `while [ $# -gt 1 ]; do shift; done\ncat >"${controller.folder}/curl-config"\ncp "${archive}" "$1"`,
      )
      const settings = { ...prepare, RELEASE_URL: 'https://store.example/r.tgz?sig=SECRET', RELEASE_SHA256: sum }
      const ended = await controller.run('prepare-bootstrapdir.sh', controller.settings(settings))
      expect(ended.code).toBe(0)
      expect(made('made-by')).toContain('bootstrap --out')
      expect(readFileSync(join(controller.folder, 'curl-config'), 'utf8')).toBe(
        'url = "https://store.example/r.tgz?sig=SECRET"\n',
      )
      expect(controller.calls.join('\n') + ended.stdout + ended.stderr).not.toContain('SECRET')

      const wrong = { ...settings, RELEASE_SHA256: 'a'.repeat(64), BOOTSTRAP_SUBDIR: '/other' }
      const refused = await controller.run('prepare-bootstrapdir.sh', controller.settings(wrong))
      expect(refused.code).toBe(1)
      expect(refused.stderr).toContain('not what RELEASE_SHA256 says')
      expect(existsSync(join(controller.export, 'other'))).toBe(false)
      expect(Controller.leftovers()).toEqual([])
    })

    test('from a signed release alone, where a signer is named', async () => {
      const folder = release()
      const key = join(controller.folder, 'key')
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
      const signer = readFileSync(`${key}.pub`, 'utf8').trim()
      const settings = { ...prepare, RELEASE_DIR: folder, CACHEWARMER_RELEASE_SIGNER: signer }
      const run = () => controller.run('prepare-bootstrapdir.sh', controller.settings(settings))

      const sum = createHash('sha256')
        .update(readFileSync(join(folder, 'cachewarmer')))
        .digest('hex')
      writeFileSync(join(folder, 'SHA256SUMS'), `${sum}  cachewarmer\n`)
      expect(await run()).toMatchObject({ code: 1, stderr: expect.stringContaining('the release is not signed') })

      spawnSync('ssh-keygen', ['-Y', 'sign', '-q', '-f', key, '-n', 'cachewarmer', join(folder, 'SHA256SUMS')])
      expect(await run()).toMatchObject({ code: 0 })
      expect(made('made-by')).toContain('bootstrap --out')

      writeFileSync(join(folder, 'cachewarmer'), '#!/bin/sh\ntouch "$0.ran"\n')
      expect(await run()).toMatchObject({ code: 1, stderr: expect.stringContaining('list of checksums') })
      expect(existsSync(join(folder, 'cachewarmer.ran'))).toBe(false)
      expect(Controller.leftovers()).toEqual([])
    })

    test('from a repository that is built', async () => {
      const folder = release()
      controller.program('git', 'for last; do :; done\nmkdir -p "$last"')
      controller.program('npm', `for last; do :; done\nmkdir -p "$last"\ncp ${folder}/* "$last"`)
      const settings = { ...prepare, BUILD_SOURCE: 'https://forge.example/x.git', BUILD_REF: 'v1' }
      const { code } = await controller.run('prepare-bootstrapdir.sh', controller.settings(settings))
      expect(code).toBe(0)
      const [git = '', npm = ''] = controller.calls
      expect(git).toMatch(/^git clone --quiet --depth 1 --branch v1 -- https:\/\/forge\.example\/x\.git \/tmp\//)
      expect(npm).toMatch(/^npm run --silent package -- --out \/tmp\//)
    })
  })

  test('mounts each export through each address, once, and continues after one that does not answer', async () => {
    const settings = { ...mounts, MOUNT_FOLDER: join(controller.folder, 'mnt') }
    controller.program(
      'mount',
      `for last; do :; done\ncase $* in *cache-2:/tools*) exit 32 ;; esac\nexec /bin/mount --bind "${controller.export}" "$last"`,
    )
    const { code, stdout, stderr } = await controller.run('mount-junctions.sh', controller.settings(settings))
    expect(code).toBe(1)
    expect(stdout.match(/mounted/g)).toHaveLength(3)
    expect(stdout).toContain(`mounted 10.0.1.11:/tools at ${settings.MOUNT_FOLDER}/10.0.1.11/tools`)
    expect(stderr).toContain('cache-2:/tools could not be mounted\n')
    for (const call of controller.calls.filter((each) => each.startsWith('mount ')))
      expect(call).toContain('-o ro,nosuid,nodev')
  })
})
