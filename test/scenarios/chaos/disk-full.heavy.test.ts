import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import { expectWarmed, submitSlowly } from '../../support/chaos.ts'
import { Lab, makeTree, pause } from '../../support/lab.ts'

/** A file system of one MiB, gone with its mount. */
class SmallDisk implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'cachewarmer-small-'))
  /** Why there is none: not every machine lets its root mount anything. */
  readonly refused: string | undefined

  constructor() {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', this.folder], { stdio: 'pipe' })
    } catch (error) {
      this.refused = (error as Error).message.trim()
    }
  }

  [Symbol.dispose](): void {
    if (this.refused === undefined) execFileSync('umount', [this.folder])
    rmdirSync(this.folder)
  }
}

function smallDisk(context: TestContext): SmallDisk {
  const disk = new SmallDisk()
  if (disk.refused === undefined) return disk
  console.log(`SKIPPED: a full disk under the ledger, because nothing can be mounted here: ${disk.refused}`)
  return context.skip()
}

/** Writes until there is no room left. */
function fill(folder: string): string {
  const file = join(folder, 'filler')
  for (let bytes = 65_536; bytes > 0; bytes = Math.floor(bytes / 2)) {
    try {
      for (;;) appendFileSync(file, Buffer.alloc(bytes))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
  expect(statfsSync(folder).bavail).toBe(0)
  return file
}

test('the disk under the ledger is full in mid-job: the log reports it, nothing is lost, and the job resumes when there is room', {
  timeout: 300_000,
}, async (context) => {
  using disk = smallDisk(context)
  await using lab = new Lab()
  const ledger = join(disk.folder, 'ledger.db')
  const made = makeTree(lab.exportFolder, 80, 40, 1_000)
  const manager = lab.startManager('--ledger', ledger, '--concurrency', '4')
  context.onTestFailed(() => console.log(manager.log()))
  const submitted = submitSlowly(lab, 3_000)
  await lab.eventually(async () => manager.log().includes('run started'), 120_000)
  const filler = fill(disk.folder)
  await lab.eventually(async () => manager.log().includes(`ledger ${ledger}: database or disk is full`), 120_000)
  await pause(5_000)
  rmSync(filler)
  expectWarmed(await submitted, made)
  expect(manager.process.exitCode).toBe(null)
})

test('a manager that can not begin its ledger says which disk is full, and ends without a stack trace', async (context) => {
  using disk = smallDisk(context)
  await using lab = new Lab()
  fill(disk.folder)
  const ledger = join(disk.folder, 'ledger.db')
  const { code, stderr } = await lab.startManager('--ledger', ledger).finished
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: `cachewarmer-manager: ledger ${ledger}: database or disk is full\n`,
  })
})
