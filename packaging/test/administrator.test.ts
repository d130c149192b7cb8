import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { releaseFolder } from '../src/programs.ts'
import { notLinux } from './linux.ts'

const lab = process.env['CACHEWARMER_NFSLAB']
if (lab === undefined)
  console.log('SKIPPED: an installation from a bootstrap folder, because CACHEWARMER_NFSLAB names no nfslab')

const files = 40
const fileBytes = 20_000

interface JournalLine {
  readonly MESSAGE: string
  readonly PRIORITY: string
  readonly SYSLOG_IDENTIFIER: string
}

/* One installation from beginning to end, on a machine with a real kernel, systemd and NFS server, and no network at all. */
describe.skipIf(lab === undefined || notLinux)('an administrator', () => {
  let folder: string
  const seen = (name: string): string => readFileSync(join(folder, 'out', name), 'utf8')
  const report = (name: string): unknown => JSON.parse(seen(name).trim().split('\n').at(-1) ?? 'null')
  const journal = (): JournalLine[] =>
    seen('journal')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as JournalLine)
      .filter(({ SYSLOG_IDENTIFIER }) => SYSLOG_IDENTIFIER.startsWith('cachewarmer-'))

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cachewarmer-administrator-'))
    const scene = join(folder, 'tree/scene')
    mkdirSync(scene, { recursive: true })
    for (let at = 0; at < files; at += 1) writeFileSync(join(scene, `${at}.exr`), Buffer.alloc(fileBytes, at))
    const guest = fileURLToPath(new URL('./administrator.guest.sh', import.meta.url))
    const out = ['--tree', join(folder, 'tree'), '--out', join(folder, 'out'), '--addresses', '2', '--timeout', '540']
    const command = ['run', ...out, '--', 'bash', guest, releaseFolder]
    await promisify(execFile)(lab ?? '', command, { encoding: 'utf8' }).catch((error: Error) => {
      throw new Error(`${error.message}\n${seen('steps')}`, { cause: error })
    })
  }, 600_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('has no network but loopback', () => {
    expect(seen('links').trim().split('\n')).toEqual([expect.stringMatching(/^lo /)])
  })

  test('makes the folder, and installs both services from it', () => {
    expect(seen('bootstrap')).toMatch(/^\d+\.\d+\.\d+-[0-9a-f]{12} is in \/nfslab\/animation\/bootstrap\./)
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
    expect(status).not.toMatch(/^Uid:\s+0\s/m)
  })

  test('warms a scene with the installed programs, by the original name and flags', () => {
    expect(report('job-direct')).toMatchObject({ outcome: 'warmed', files, bytes: files * fileBytes })
  })

  test('may run the script again: nothing changes, and nothing is restarted', () => {
    expect(seen('install-again')).toContain('cachewarmer-worker.service is as it should be, and runs')
  })

  test('may ask for kernel mounts, and keeps all other settings', () => {
    expect(seen('install-mounts')).toContain('cachewarmer-worker.service runs')
    expect(report('job-mounts')).toMatchObject({ outcome: 'warmed', files, addresses: [{ files }, { files }] })
  })

  test('stops both well within the time that their units give them', () => {
    expect(Number(seen('stop-ms'))).toBeLessThan(45_000)
    expect(seen('stopped').match(/^Result=success$/gm)).toHaveLength(2)
    expect(seen('stopped').match(/^ExecMainStatus=0$/gm)).toHaveLength(2)
  })

  test('reads the journal as JSON, each line with its priority', () => {
    const lines = journal()
    expect(lines.length).toBeGreaterThan(3)
    const priorities: Readonly<Record<string, string>> = { debug: '7', info: '6', warn: '4', error: '3' }
    for (const { MESSAGE, PRIORITY } of lines) {
      const { level, name } = JSON.parse(MESSAGE) as { level: string; name: string }
      expect(PRIORITY).toBe(priorities[level])
      expect(name).toMatch(/^cachewarmer-(?:manager|worker)$/)
    }
    expect(new Set(lines.map((line) => line.SYSLOG_IDENTIFIER)).size).toBe(2)
  })

  test('is told of a wrong setting, and nothing changes', () => {
    expect(seen('wrong').match(/QUEUE_PREFIX is 'Not_Right'/g)).toHaveLength(2)
    expect(seen('wrong').match(/^exit 2$/gm)).toHaveLength(2)
    expect(seen('wrong')).toContain('README.md')
  })

  test('removes everything: the machine is as it was', () => {
    expect(seen('after')).toBe(seen('before'))
    expect(seen('left')).toBe('')
  })
})
