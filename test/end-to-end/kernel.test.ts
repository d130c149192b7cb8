import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { makeTree } from './tree.ts'

const lab = process.env['CACHEWARMER_NFSLAB']
if (lab === undefined) console.log('SKIPPED: a job through kernel mounts, because CACHEWARMER_NFSLAB names no nfslab')

interface Seen {
  readonly code: number
  readonly readsWhileStopped: number
  readonly during: readonly string[]
}

test.skipIf(lab === undefined)(
  "a job through the kernel's own client, whose server stops, starts and is slow meanwhile: mounted read-only, every file read, unmounted at the end",
  { timeout: 420_000 },
  async () => {
    const tree = mkdtempSync(join(tmpdir(), 'cachewarmer-kernel-'))
    try {
      const made = makeTree(tree, 6, 50)
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
      // Calls that are sent to it again may count; with nobody there, hardly any are new.
      expect(seen.readsWhileStopped).toBeLessThan(20)
      expect(seen.during).toHaveLength(2)
      for (const mount of seen.during) expect(mount).toMatch(/ nfs ro,nosuid,nodev,noexec,.*vers=3/)
    } finally {
      rmSync(tree, { recursive: true })
    }
  },
)
