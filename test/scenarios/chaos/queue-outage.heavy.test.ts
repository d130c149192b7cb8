import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { startAzurite } from '../../support/azurite.ts'
import { expectWarmed, submitSlowly } from '../../support/chaos.ts'
import { Lab, makeTree, pause } from '../../support/lab.ts'

describe('the queue service goes away in mid-job and comes back', { timeout: 300_000 }, () => {
  test('Azurite on a disk: the job resumes where it was, and every file counts once', async (context) => {
    await using folders = new Lab()
    const folder = join(folders.folder, 'azurite')
    mkdirSync(folder)
    let azurite = await startAzurite({ folder })
    const port = Number(new URL(azurite.url).port)
    try {
      await using lab = new Lab({ CACHEWARMER_QUEUE: azurite.url, STORAGE_KEY: azurite.accountKey })
      const made = makeTree(lab.exportFolder, 60, 40, 1_000)
      const manager = lab.startManager('--concurrency', '4')
      context.onTestFailed(() => console.log(manager.log()))
      const submitted = submitSlowly(lab, 2_000)
      await lab.eventually(async () => manager.log().includes('run started'), 120_000)
      await pause(1_000)
      // Written to its disk first: what a queue service has answered for is its own to keep.
      await azurite.stop('SIGTERM')
      // Longer than a lease, and than the calls themselves are tried again.
      await pause(15_000)
      azurite = await startAzurite({ folder, port })
      expectWarmed(await submitted, made)
      expect(manager.process.exitCode).toBe(null)
    } finally {
      await azurite.stop()
    }
  })

  test('the SQLite files of queue and ledger are locked by another program: everybody waits, and every file counts once', async (context) => {
    await using lab = new Lab()
    const made = makeTree(lab.exportFolder, 60, 40, 1_000)
    const manager = lab.startManager('--concurrency', '4')
    context.onTestFailed(() => console.log(manager.log()))
    const submitted = submitSlowly(lab, 2_000)
    await lab.eventually(async () => manager.log().includes('run started'), 120_000)
    await lab.eventually(async () => manager.log().includes('worker started'), 120_000)
    using queue = new DatabaseSync(join(lab.folder, 'queue.db'), { timeout: 10_000 })
    using ledger = new DatabaseSync(join(lab.folder, 'ledger.db'), { timeout: 10_000 })
    ledger.exec('BEGIN EXCLUSIVE')
    await lab.eventually(async () => /ledger .*: database is locked/.test(manager.log()), 120_000)
    for (const heldMs of [1_500, 6_000]) {
      queue.exec('BEGIN EXCLUSIVE')
      await pause(heldMs)
      queue.exec('COMMIT')
      if (ledger.isTransaction) ledger.exec('COMMIT')
      await pause(300)
    }
    expectWarmed(await submitted, made)
    expect(manager.process.exitCode).toBe(null)
  })
})
