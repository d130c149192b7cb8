import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { releaseFolder } from '../src/release.ts'
import { commandOf, type Ended, type Form, launch, notLinux, names as programs } from './launch.ts'

let folder: string
let out: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cachewarmer-bootstrap-'))
  out = join(folder, 'bootstrap')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const bootstrap = (form: Form, ...args: string[]): Promise<Ended> =>
  launch([...commandOf('cachewarmer-manager', form), 'bootstrap', '--out', out, ...args]).ended
/** With the programs of this machine at hand. */
const signed = (key: string): Promise<Ended> => {
  const command = [...commandOf('cachewarmer-manager', 'bundle'), 'bootstrap', '--out', out, '--bundles']
  return launch([...command, '--sign-key', key], { PATH: '/usr/bin:/bin' }).ended
}

const everything = (at: string): string[] => readdirSync(at, { recursive: true, encoding: 'utf8' }).sort()

/** A release of another version, with bundles alone. */
function otherRelease(version: string): string {
  const from = join(folder, `release-${version}`)
  mkdirSync(from)
  const names = ['cachewarmer.mjs', 'sbom.cdx.json', 'THIRD-PARTY-LICENSES.txt']
  for (const name of names) copyFileSync(join(releaseFolder, name), join(from, name))
  writeFileSync(join(from, 'VERSION'), `${version}\n`)
  const sum = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(from, name)))
      .digest('hex')
  writeFileSync(join(from, 'SHA256SUMS'), [...names, 'VERSION'].map((name) => `${sum(name)}  ${name}\n`).join(''))
  return from
}

describe.skipIf(notLinux)('the bootstrap folder', () => {
  test('is signed with a key and stays signed, and a release whose list was not signed has no signature', async () => {
    const key = join(folder, 'key')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
    writeFileSync(join(folder, 'signers'), `cachewarmer ${readFileSync(`${key}.pub`, 'utf8')}`)
    const isSigned = (): boolean => {
      const check = ['-Y', 'verify', '-f', join(folder, 'signers'), '-I', 'cachewarmer', '-n', 'cachewarmer']
      const input = readFileSync(join(out, 'SHA256SUMS'))
      execFileSync('ssh-keygen', [...check, '-s', join(out, 'SHA256SUMS.sig')], { input, stdio: 'pipe' })
      return true
    }
    expect(await signed(join(folder, 'none'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--sign-key'),
    })
    expect(await bootstrap('bundle', '--bundles')).toMatchObject({ code: 0 })
    expect(readdirSync(out)).not.toContain('SHA256SUMS.sig')
    expect(await signed(key)).toMatchObject({ code: 0, stderr: '' })
    expect(isSigned()).toBe(true)
    expect(await bootstrap('bundle', '--bundles')).toMatchObject({ code: 0 })
    expect(isSigned()).toBe(true)
    expect(await bootstrap('bundle', '--bundles', '--from', otherRelease('9.9.9'))).toMatchObject({ code: 0 })
    expect(readdirSync(out)).not.toContain('SHA256SUMS.sig')
  })

  test('can be read by everybody, whatever the umask is, and is never the folder that no name leads to', async () => {
    const before = process.umask(0o077)
    const deep = join(folder, 'export/tools/bootstrap')
    try {
      const made = launch([...commandOf('cachewarmer-manager', 'bundle'), 'bootstrap', '--bundles', '--out', deep])
      expect(await made.ended).toMatchObject({ code: 0 })
    } finally {
      process.umask(before)
    }
    const closed = readdirSync(join(folder, 'export'), { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, 'export', name))
      .filter((file) => (statSync(file).mode & 0o004) === 0)
    expect(closed).toEqual([])
    const empty = launch([...commandOf('cachewarmer-manager', 'bundle'), 'bootstrap', '--bundles', '--out', ''])
    expect(await empty.ended).toMatchObject({ code: 2, stderr: expect.stringContaining('--out: expected a folder') })
  })

  test.each([
    ['executable', [], ''],
    ['bundle', ['--bundles'], '.mjs'],
  ] as const)('is made by the manager, the %s, alone', async (form, args, suffix) => {
    const { code, stdout, stderr } = await bootstrap(form, ...args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(out)
    expect(readdirSync(out).sort()).toEqual(
      [
        'README.md',
        'SHA256SUMS',
        'bootstrap.cachewarmer-manager.sh',
        'bootstrap.cachewarmer-worker.sh',
        'cachewarmerbin',
        'current',
        'install.bash',
        'logrotate',
        'releases',
        'rsyslog',
        'systemd',
      ].sort(),
    )
    expect(readdirSync(join(out, 'cachewarmerbin')).sort()).toEqual(
      [
        `cachewarmer${suffix}`,
        ...programs.map((name) => `${name}${suffix}`),
        'sbom.cdx.json',
        'THIRD-PARTY-LICENSES.txt',
        'VERSION',
      ].sort(),
    )
    execFileSync('sha256sum', ['--check', '--quiet', '--strict', 'SHA256SUMS'], { cwd: out })
    for (const role of ['manager', 'worker'])
      expect(statSync(join(out, `bootstrap.cachewarmer-${role}.sh`)).mode & 0o777).toBe(0o755)
    expect(statSync(join(out, `cachewarmerbin/cachewarmer${suffix}`)).mode & 0o777).toBe(0o755)
    for (const name of programs)
      expect(readlinkSync(join(out, `cachewarmerbin/${name}${suffix}`))).toBe(`cachewarmer${suffix}`)
    for (const name of everything(out)) expect(name).not.toMatch(/\.new/)
  })

  test('is left alone where it is up to date', async () => {
    await bootstrap('bundle', '--bundles')
    const before = everything(out).map((name) => [name, lstatSync(join(out, name)).ino])
    const { code, stdout } = await bootstrap('bundle', '--bundles')
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('was already') })
    expect(everything(out).map((name) => [name, lstatSync(join(out, name)).ino])).toEqual(before)
  })

  test('is upgraded in one step, keeps the release before, and clears away older ones', async () => {
    const shown = (): string => readFileSync(join(out, 'cachewarmerbin/VERSION'), 'utf8').trim()
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) {
      // An installation that is running has opened the earlier release.
      const beforehand = version === '1.0.0' ? undefined : realpathSync(join(out, 'cachewarmerbin'))
      const { code } = await bootstrap('bundle', '--bundles', '--from', otherRelease(version))
      expect([code, shown()]).toEqual([0, version])
      if (beforehand !== undefined) expect(readdirSync(beforehand)).toContain('cachewarmer-worker.mjs')
    }
    const releases = readdirSync(join(out, 'releases')).sort()
    expect(releases.map((name) => name.split('-')[0])).toEqual(['1.1.0', '1.2.0'])
    expect(readlinkSync(join(out, 'current'))).toBe(`releases/${releases[1]}`)
  })

  test('never shows a mixture, while it changes to and fro', async () => {
    const from = [otherRelease('1.0.0'), otherRelease('2.0.0')]
    await bootstrap('bundle', '--bundles', '--from', from[0] ?? '')
    let changing = true
    const looks: Promise<void>[] = []
    const seen = new Set<string>()
    const look = async (): Promise<void> => {
      while (changing) {
        const release = realpathSync(join(out, 'current'))
        execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: release })
        seen.add(release)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    looks.push(look())
    for (const at of [1, 0, 1]) expect((await bootstrap('bundle', '--bundles', '--from', from[at] ?? '')).code).toBe(0)
    changing = false
    await Promise.all(looks)
    expect(seen.size).toBeGreaterThan(1)
  })

  test('is refused where something else is in the way, before anything is written', async () => {
    // The settings that the original's module wrote.
    mkdirSync(join(out, 'cachewarmerbin'), { recursive: true })
    writeFileSync(join(out, 'cachewarmerbin/cachewarmer-worker'), 'old')
    const before = everything(out)
    const { code, stderr } = await bootstrap('bundle', '--bundles')
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/--out .*cachewarmerbin is there/) })
    expect(everything(out)).toEqual(before)
  })

  test.each([
    ['no folder', [], "required option '--out <folder>' not specified"],
    [
      'a folder without a release',
      ['--out', 'OUT', '--from', 'EMPTY'],
      'expected the folder of a release, with SHA256SUMS',
    ],
    ['a program that is not as released', ['--out', 'OUT', '--from', 'TAMPERED'], 'cachewarmer.mjs is not as released'],
    ['a release without executables', ['--out', 'OUT', '--from', 'OTHER'], 'does not name cachewarmer'],
    ['a file', ['--out', 'FILE'], 'expected a folder, and this is a file'],
  ])('is refused for %s with exit code 2, and nothing is written', async (_, given, said) => {
    const from = otherRelease('1.0.0')
    const tampered = otherRelease('1.0.1')
    mkdirSync(join(folder, 'empty'))
    writeFileSync(join(folder, 'file'), '')
    appendFileSync(join(tampered, 'cachewarmer.mjs'), '\n')
    const places: Readonly<Record<string, string>> = {
      OUT: out,
      EMPTY: join(folder, 'empty'),
      TAMPERED: tampered,
      OTHER: from,
      FILE: join(folder, 'file'),
    }
    const before = everything(folder)
    const args = given.map((word) => places[word] ?? word)
    if (given.includes('TAMPERED')) args.push('--bundles')
    const { code, stderr } = await launch([...commandOf('cachewarmer-manager', 'bundle'), 'bootstrap', ...args]).ended
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(said) })
    expect(everything(folder)).toEqual(before)
  })
})
