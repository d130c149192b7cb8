import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { makeTree } from '../../support/lab.ts'

const lab = process.env['CACHEWARMER_NFSLAB']
if (lab === undefined) console.log('SKIPPED: a job through kernel mounts, because CACHEWARMER_NFSLAB names no nfslab')

interface Lossy {
  readonly code: number
  /** The share of answers that did not arrive. */
  readonly lost: number
}

interface Seen {
  readonly direct: Lossy
  readonly kernel: Lossy
  readonly code: number
  readonly readsWhileStopped: number
  readonly during: readonly string[]
}

test.skipIf(lab === undefined)(
  "the kernel's own server stops, starts, is slow and loses half of its answers: every file is read, and what was mounted read-only is unmounted at the end",
  { timeout: 420_000 },
  async () => {
    const tree = mkdtempSync(join(tmpdir(), 'cachewarmer-kernel-'))
    try {
      const made = makeTree(join(tree, 'plain'), 6, 50)
      const lossy = makeTree(join(tree, 'lossy'), 3, 10)
      const guest = fileURLToPath(new URL('./kernel.guest.ts', import.meta.url))
      const args = ['run', '--tree', tree, '--addresses', '2', '--timeout', '400', '--', process.execPath, guest]
      const { stdout } = await promisify(execFile)(lab ?? '', args, { encoding: 'utf8' })
      const seen = JSON.parse(/^@@(.*)$/m.exec(stdout)?.[1] ?? 'null') as Seen
      expect(seen).toMatchObject({
        code: 0,
        report: { outcome: 'warmed', ...made, failures: { total: 0 } },
        troubleInTime: true,
        after: [],
        left: [],
      })
      // Repeated calls to it may count; with no server there, hardly any are new.
      expect(seen.readsWhileStopped).toBeLessThan(20)
      expect(seen.during).toHaveLength(2)
      for (const mount of seen.during) expect(mount).toMatch(/ nfs ro,nosuid,nodev,noexec,.*vers=3/)
      for (const client of [seen.direct, seen.kernel]) {
        expect(client).toMatchObject({ code: 0, report: { outcome: 'warmed', ...lossy, failures: { total: 0 } } })
        expect(client.lost).toBeGreaterThan(0.25)
      }
    } finally {
      rmSync(tree, { recursive: true })
    }
  },
)
