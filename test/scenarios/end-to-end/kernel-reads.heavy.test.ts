import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeTree } from '../../support/lab.ts'

const lab = process.env['CACHEWARMER_NFSLAB']
if (lab === undefined) console.log('SKIPPED: what kernel mounts read, because CACHEWARMER_NFSLAB names no nfslab')

const kerberos = ['/usr/sbin/krb5kdc', '/usr/sbin/kadmin.local'].every((program) => existsSync(program))
if (!kerberos)
  console.log('SKIPPED: kernel mounts with Kerberos, because krb5-kdc or krb5-admin-server is not installed')

interface Reads {
  readonly reads: number
  readonly bytes: number
}

interface SeenJob {
  readonly report: {
    readonly outcome: string
    readonly failures: { readonly total: number; readonly sample: readonly { readonly message: string }[] }
    readonly addresses: readonly {
      readonly address: string
      readonly readBy: readonly { readonly by: string; readonly files: number }[]
      readonly doubts: readonly { readonly reason: string }[]
    }[]
  }
  /** What the server counted, and what the mounts did. */
  readonly server: Reads
  readonly byAddress: Readonly<Record<string, Reads>>
}

interface Seen {
  readonly seen: Readonly<Record<string, { readonly jobs: readonly SeenJob[]; readonly mounts?: readonly string[] }>>
  readonly left: readonly string[]
}

const addresses = ['10.0.1.11', '10.0.1.12']
const largeBytes = 5 * 1_048_576

describe.skipIf(lab === undefined)("reads through the kernel's NFS client", () => {
  let tree = ''
  let files = 0
  let bytes = 0
  let all: Seen = { seen: {}, left: [] }
  const jobsOf = (kind: string): readonly SeenJob[] => all.seen[kind]?.jobs ?? []

  beforeAll(async () => {
    tree = mkdtempSync(join(tmpdir(), 'cachewarmer-reads-'))
    // With Kerberos the server takes the worker's machine for a user without rights of its own.
    chmodSync(tree, 0o755)
    const made = makeTree(join(tree, 'tree'), 2, 20)
    mkdirSync(join(tree, 'tree', 'large'))
    writeFileSync(join(tree, 'tree', 'large', 'file'), Buffer.alloc(largeBytes, 'large'))
    files = made.files + 1
    bytes = made.bytes + largeBytes
    const guest = fileURLToPath(new URL('./kernel-reads.guest.ts', import.meta.url))
    const options = ['--tree', tree, '--versions', '3,4.0,4.1,4.2', '--addresses', '2', '--timeout', '400']
    const command = ['run', ...options, '--', process.execPath, guest]
    const env = { ...process.env, WITH_KERBEROS: kerberos ? '1' : '0' }
    const { stdout } = await promisify(execFile)(lab ?? '', command, { env })
    all = JSON.parse(/^@@(.*)$/m.exec(stdout)?.[1] ?? 'null') as Seen
  }, 420_000)
  afterAll(() => rmSync(tree, { recursive: true, force: true }))

  const warmed = [
    ['programs 3', 'NFSv3 kernel mount', 3, []],
    ['mount 4.0', 'NFSv4.0 kernel mount', 2, []],
    ['folder 3', 'NFSv3 folder', 2, ['attributes']],
    ['auto without 3', 'NFSv4.0 kernel mount', 2, []],
  ] as const

  const reachTheServer = (kind: string, by: string, count: number, doubts: readonly string[]): void => {
    const jobs = jobsOf(kind)
    expect(jobs).toHaveLength(count)
    for (const { report, server, byAddress } of jobs) {
      expect(report).toMatchObject({ outcome: 'warmed', files, bytes, failures: { total: 0 } })
      // A machine that is slow enough loses leases, and then reads some files again.
      for (const counted of [server, ...addresses.map((address) => byAddress[address])]) {
        const times = counted === server ? addresses.length : 1
        expect(counted?.reads).toBeGreaterThanOrEqual(times * files)
        expect(counted?.bytes).toBeGreaterThanOrEqual(times * bytes)
      }
      expect(report.addresses.map(({ readBy }) => readBy)).toEqual([[{ by, files }], [{ by, files }]])
      for (const address of report.addresses) expect(address.doubts.map(({ reason }) => reason)).toEqual(doubts)
    }
  }

  test.for(warmed)('by %s reach the server once per file and address, in every job', ([kind, by, count, doubts]) => {
    reachTheServer(kind, by, count, doubts)
  })

  test.skipIf(!kerberos)('with Kerberos reach the server once per file and address, in every job', () => {
    reachTheServer('auto with Kerberos', 'NFSv3 krb5p kernel mount', 2, [])
  })

  test.for([
    ['mount 4.1', 2],
    ['mount 4.2', 1],
    ['folder 4.1', 2],
  ] as const)(
    'by %s go over one connection: the address that has none of its own is a failure, and not warm',
    ([kind, count]) => {
      const jobs = jobsOf(kind)
      expect(jobs).toHaveLength(count)
      for (const { report, server } of jobs) {
        expect(report).toMatchObject({
          outcome: 'completed with failures',
          files: 0,
          failures: { total: files, byCode: { CONNECTION_SHARED: files } },
        })
        expect(report.failures.sample[0]?.message).toMatch(
          /^10\.0\.1\.1[12].* shares a connection with 10\.0\.1\.1[12]/,
        )
        expect(server.bytes).toBeGreaterThanOrEqual(bytes)
        expect(server.bytes).toBeLessThan(2 * bytes)
        expect(report.addresses.flatMap(({ readBy }) => readBy)).toMatchObject([{ files }])
      }
    },
  )

  test('stay in the file system of the export, and name where another one begins', () => {
    const [{ report } = { report: undefined }] = jobsOf('nested 4.0')
    expect(report).toMatchObject({ outcome: 'completed with failures', files: 0, failures: { byCode: { OUTSIDE: 1 } } })
    expect(report?.failures.sample[0]?.message).toMatch(/^\/nested: another file system of the server begins here/)
  })

  test('leave no mount behind once their job is over, though the worker lives on', () => {
    expect(all.seen['programs 3']?.mounts).toEqual([])
    expect(all.left).toEqual([])
  })

  test('leave mounts behind where their worker is killed, and the next worker takes them down', () => {
    expect(all.seen['programs 3']).toMatchObject({ orphans: 2, stillThere: [], folders: [] })
  })
})
