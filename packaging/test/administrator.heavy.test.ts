import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ganeshaMissing } from '../../test/support/ganesha.ts'
import { root } from '../src/bundle.ts'
import { notLinux } from './launch.ts'

const works = (program: string, ...args: readonly string[]): boolean => spawnSync(program, args).status === 0
const missing = notLinux
  ? 'this is not Linux'
  : (ganeshaMissing() ??
    (existsSync('/lib/systemd/systemd') ? undefined : 'systemd is not installed') ??
    (works('nfs-ls') || existsSync('/usr/bin/nfs-ls') ? undefined : 'libnfs-utils is not installed') ??
    (works('ip', '-V') ? undefined : 'iproute2 is not installed') ??
    (works('unshare', '--net', '--mount', '--pid', '--cgroup', '--fork', 'true') ? undefined : 'unshare is refused'))
if (missing !== undefined) console.log(`SKIPPED: an installation from beginning to end, because ${missing}`)

const files = 40
const fileBytes = 20_000

/** The commands that the page gives for a network without internet, as they stand there; this administrator is root already. */
function recipe(): string {
  const page = readFileSync(join(root, 'docs/operators/air-gapped.md'), 'utf8')
  const [, section = ''] = /^## Without internet\n([\s\S]*?)^## /m.exec(page) ?? []
  const blocks = [...section.matchAll(/^( *)```sh\n([\s\S]*?)^ *```$/gm)]
  return blocks
    .map(([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}(?:sudo )?`, 'gm'), ''))
    .join('')
}

interface JournalLine {
  readonly MESSAGE: string
  readonly PRIORITY: string
  readonly SYSLOG_IDENTIFIER: string
}

/* One installation from beginning to end, on a machine with systemd, a filer beside it, and no network but loopback. */
describe.skipIf(missing !== undefined)('an administrator', () => {
  let folder: string
  const seen = (name: string): string => readFileSync(join(folder, 'out', name), 'utf8')

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cachewarmer-administrator-'))
    const exported = join(folder, 'export')
    mkdirSync(join(exported, 'scene'), { recursive: true })
    mkdirSync(join(folder, 'out'))
    for (let at = 0; at < files; at += 1) writeFileSync(join(exported, `scene/${at}.exr`), Buffer.alloc(fileBytes, at))
    writeFileSync(join(folder, 'out/recipe.sh'), recipe())
    const machine = fileURLToPath(new URL('administrator-machine.ts', import.meta.url))
    const args = ['--net', '--mount', process.execPath, machine, exported, join(folder, 'out')]
    await promisify(execFile)('unshare', args, { encoding: 'utf8' }).catch((error: Error) => {
      const told = ['steps', 'recipe', 'install-manager', 'install-worker', 'job.err'].filter((name) =>
        existsSync(join(folder, 'out', name)),
      )
      throw new Error(`${error.message}\n${told.map(seen).join('\n')}`, { cause: error })
    })
    console.log(seen('steps'))
  }, 500_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('has no network but loopback', () => {
    expect(seen('links').trim().split('\n')).toEqual([expect.stringMatching(/^lo /)])
  })

  test('follows the recipe for a network without internet, from the release on a medium to the bootstrap folder', () => {
    expect(recipe().split('\n').filter(Boolean).length).toBeGreaterThan(5)
    expect(seen('recipe')).toMatch(/^cachewarmer: OK$/m)
    expect(seen('recipe')).toContain('the bootstrap folder is ready: /mnt/filer/tools/bootstrap')
  })

  test('fetches the folder over NFS, and installs both services from it', () => {
    expect(seen('fetched').match(/^copied \d+ bytes$/gm)?.length).toBeGreaterThan(15)
    expect(seen('install-manager')).toContain('cachewarmer-manager.service runs')
    expect(seen('install-worker')).toContain('cachewarmer-worker.service runs')
    expect(seen('running').match(/^ActiveState=active$/gm)).toHaveLength(2)
    expect(seen('running').match(/^NRestarts=0$/gm)).toHaveLength(2)
  })

  test.each(['manager', 'worker'])('finds the %s without rights', (name) => {
    const status = seen(`status-${name}`)
    expect(status).toMatch(/^CapEff:\s+0{16}$/m)
    expect(status).toMatch(/^CapBnd:\s+0{16}$/m)
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m)
    expect(status).toMatch(/^Seccomp:\s+2$/m)
    expect(status).not.toMatch(/^Uid:\s+0\s/m)
  })

  test('warms a scene with the installed programs, by the original name and flags', () => {
    expect(JSON.parse(seen('job').trim().split('\n').at(-1) ?? 'null')).toMatchObject({
      outcome: 'warmed',
      files,
      bytes: files * fileBytes,
      addresses: [{ files }, { files }],
    })
  })

  test('stops both by SIGTERM, within the time that their units give them', () => {
    expect(seen('stopped').match(/^Result=success$/gm)).toHaveLength(2)
    expect(seen('stopped').match(/^ExecMainStatus=0$/gm)).toHaveLength(2)
  })

  test('reads the journal as JSON, each line with its priority', () => {
    const lines = seen('journal')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as JournalLine)
      .filter(({ SYSLOG_IDENTIFIER }) => SYSLOG_IDENTIFIER.startsWith('cachewarmer-'))
    expect(lines.length).toBeGreaterThan(3)
    const priorities: Readonly<Record<string, string>> = { debug: '7', info: '6', warn: '4', error: '3' }
    for (const { MESSAGE, PRIORITY, SYSLOG_IDENTIFIER } of lines) {
      const { level, name } = JSON.parse(MESSAGE) as { level: string; name: string }
      expect(PRIORITY).toBe(priorities[level])
      expect(name).toBe(SYSLOG_IDENTIFIER)
    }
    expect(new Set(lines.map((line) => line.SYSLOG_IDENTIFIER)).size).toBe(2)
  })

  test('removes everything: nothing is left behind, and nothing of the machine is missing', () => {
    const before = new Set(seen('before').split('\n'))
    const left = seen('after')
      .split('\n')
      .filter((line) => line !== '' && !before.has(line))
      // A folder of the machine in which something was for a while, and the lock that systemd takes for a dynamic user.
      .filter((line) => !(line.startsWith('d ') && existsSync(`/${line.slice(2)}`)) && line !== 'f etc/.pwd.lock')
    expect(left).toEqual([])
    expect(seen('left')).toBe('')
  })
})
