import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/*
 * Against the kernel's NFS server, in the virtual machine of nfslab: `CACHEWARMER_NFSLAB` is the path of its script.
 */

const nfslab = process.env['CACHEWARMER_NFSLAB'] ?? ''
const skipped =
  nfslab === '' ? 'CACHEWARMER_NFSLAB is not set' : existsSync(nfslab) ? undefined : `there is no ${nfslab}`

const largeBytes = 32 * 1_048_576
const manyFiles = 3_000
const files: Record<string, Buffer> = {
  '/a b': Buffer.from('spaces'),
  '/naïve\n': Buffer.from('newline'),
  '/sub/empty': Buffer.alloc(0),
}

const title = `the kernel's server${skipped === undefined ? '' : ` (skipped: ${skipped})`}`

describe.skipIf(skipped !== undefined)(title, () => {
  let folder = ''
  let seen: Record<string, unknown> = {}

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nfslab-test-'))
    const tree = join(folder, 'tree')
    for (const name of ['sub', 'many']) mkdirSync(join(tree, name), { recursive: true })
    for (const [path, content] of Object.entries(files)) writeFileSync(join(tree, path), content)
    for (let index = 0; index < manyFiles; index++) writeFileSync(join(tree, 'many', `f${index}`), '')
    writeFileSync(join(tree, 'large'), Buffer.alloc(largeBytes, 'large'))
    const script = fileURLToPath(new URL('./nfs-kernel.guest.ts', import.meta.url))
    const out = join(folder, 'out')
    const options = ['--tree', tree, '--out', out, '--rtt', '2', '--mem', '1G', '--timeout', '150']
    const command = ['run', ...options, '--', process.execPath, script]
    await promisify(execFile)(nfslab, command).catch((error: { stdout?: string }) => {
      throw new Error(`nfslab failed:\n${error.stdout ?? ''}`, { cause: error })
    })
    seen = JSON.parse(readFileSync(join(out, 'seen.json'), 'utf8'))
  }, 180_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('is found through its portmapper, and tells its sizes', () => {
    expect(seen['info']).toMatchObject({ rtmax: expect.any(Number), maxFileSize: expect.stringMatching(/^\d{13,}$/) })
  })

  test('is the same export at each of its addresses', () => {
    expect(seen['spaces']).toEqual([seen['handleSpace'], seen['handleSpace'], seen['handleSpace']])
  })

  test('gives every name and every byte', () => {
    const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
    const expected: Record<string, Buffer> = { ...files, '/large': Buffer.alloc(largeBytes, 'large') }
    for (let index = 0; index < manyFiles; index++) expected[`/many/f${index}`] = Buffer.alloc(0)
    expect(seen['files']).toEqual(
      Object.fromEntries(Object.entries(expected).map(([path, bytes]) => [path, digest(bytes)])),
    )
  })

  test('counts one READ for a small file, and neither GETATTR nor ACCESS', () => {
    const calls = seen['calls'] as Record<string, number>
    const { rtmax } = seen['info'] as { rtmax: number }
    // An empty file costs its READ, too; the large one as many as its size takes, and one to see its end.
    const reads = manyFiles + Object.keys(files).length + Math.ceil((largeBytes + 1) / Math.min(rtmax, 1_048_576))
    expect([calls['getattr'] ?? 0, calls['access'] ?? 0]).toEqual([0, 0])
    expect(Math.abs((calls['read'] ?? 0) - reads)).toBeLessThanOrEqual(1)
    expect(calls['readdirplus']).toBeLessThan(40)
  })

  test('gives large pages', () => {
    expect(seen['largestPage']).toBeGreaterThan(100)
  })

  test('gone and back in the middle of a read, brings every byte', () => {
    expect(seen['bytesAcrossRestart']).toBe(largeBytes)
  })

  test('says no in ways that are understood', () => {
    expect(seen).toMatchObject({
      wrongPath: 'EXPORT_NOT_FOUND',
      wrongHost: expect.stringMatching(/UNREACHABLE|TIMEOUT/),
      secure: { auto: 'mounted', never: 'EXPORT_DENIED' },
      kerberos: 'KERBEROS_ONLY',
    })
  })
})
