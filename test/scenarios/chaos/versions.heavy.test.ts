import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { decodeItem, emptyCounts, encodeItem, encodeResult, type ItemResult, Prefix } from '@cachewarmer/core'
import { systemClock } from '@cachewarmer/queue'
import { openSqliteService } from '@cachewarmer/queue/sqlite'
import { expect, test } from 'vitest'
import { expectWarmed } from '../../support/chaos.ts'
import { Lab, makeTree } from '../../support/lab.ts'

/** An item as a version to come might write it: its parts are said in words that no reader of today knows. */
interface ItemOfTomorrow {
  readonly v: 2
  readonly run: string
  readonly item: string
  readonly strikes: number
  readonly globs: readonly string[]
}

test('a worker of an older version leaves items of a newer one to those who know them, and works on the others', {
  timeout: 300_000,
}, async () => {
  await using lab = new Lab()
  const made = makeTree(lab.exportFolder, 2, 30)
  const queueFile = join(lab.folder, 'queue.db')
  lab.startManager('--fleet', 'none')
  const submitted = lab.submitAndWait('--path', '/')
  await using service = Object.assign(openSqliteService({ file: queueFile, clock: systemClock }), {
    [Symbol.asyncDispose]: () => service.close(),
  })
  const names = new Prefix('lab')

  // The worker of the newer version is this test: it splits the root into one item of each version.
  let run = ''
  await lab.eventually(async () => {
    const [name] = await service.list(names.runWork(''))
    run = (name === undefined ? undefined : names.runOf(name)) ?? ''
    return run !== '' && (await service.queue(names.runWork(run)).approximateDepth()) > 0
  })
  const work = service.queue(names.runWork(run))
  const report = async (item: string, attempt: string, given: Partial<ItemResult>): Promise<void> => {
    const result: ItemResult = {
      v: 1,
      kind: 'result',
      run,
      item,
      attempt,
      worker: 'newer',
      outcome: 'read',
      children: [],
      failureParts: 0,
      counts: emptyCounts(),
      elapsedMs: 0,
      ...given,
    }
    await service.queue(names.runResults(run)).send(encodeResult(result))
  }
  const [root] = await work.receive({ max: 1, leaseMs: 60_000 })
  if (root === undefined) throw new Error('there is no root item')
  expect(decodeItem(root.body)).toMatchObject({ item: 'root', parts: [{ kind: 'tree', path: '/' }] })
  const newer: ItemOfTomorrow = { v: 2, run, item: 'newer.0', strikes: 0, globs: ['/group-1/**'] }
  await work.send(JSON.stringify(newer))
  await work.send(encodeItem({ v: 1, run, item: 'newer.1', strikes: 0, parts: [{ kind: 'tree', path: '/group-0' }] }))
  await report('root', 'newer', {
    children: [{ family: 'newer', count: 2 }],
    counts: { ...emptyCounts(), directories: 1 },
  })
  await root.complete()

  const worker = lab.start('worker', ['--folder', lab.folderTemplate, '--name', 'older', '--debug'])
  await lab.eventually(async () => worker.log().includes('item done'))
  using database = new DatabaseSync(queueFile, { timeout: 10_000 })
  const waiting = () =>
    database
      .prepare(`SELECT body, deliveries, visible_at FROM message WHERE body LIKE '{"v":2,%'`)
      .all() as unknown as { body: string; deliveries: number; visible_at: number }[]
  // It has been handed to the older worker again and again, and is what it was: no strike, no poison, no failure.
  for (let seen = 1; seen <= 3; seen += 1) {
    await lab.eventually(async () =>
      waiting().some((row) => row.deliveries === seen && row.visible_at > Date.now() + 20_000),
    )
    database.prepare(`UPDATE message SET visible_at = 0 WHERE body LIKE '{"v":2,%'`).run()
  }
  expect(waiting().map(({ body }) => JSON.parse(body) as unknown)).toEqual([newer])
  expect(await service.queue(names.poison).peek({ max: 1 })).toEqual([])
  worker.process.kill('SIGTERM')
  expect((await worker.finished).code).toBe(0)

  // The newer worker takes it, reads what it names, and the run ends with every file counted once.
  let bytes = 0
  for (let at = 0; at < 30; at += 1) {
    const file = join(lab.exportFolder, 'group-1/d1', `f${at}.dat`)
    bytes += readFileSync(file).length
    expect(statSync(file).isFile()).toBe(true)
  }
  database.prepare(`UPDATE message SET visible_at = 0 WHERE body LIKE '{"v":2,%'`).run()
  const [taken] = await work.receive({ max: 1, leaseMs: 60_000 })
  expect(JSON.parse(taken?.body ?? '')).toEqual(newer)
  const each = { files: 30, bytes, failures: 0 }
  await report('newer.0', 'newer-2', {
    counts: {
      ...emptyCounts(),
      directories: 2,
      files: 30,
      bytes,
      mounts: Object.fromEntries(lab.addresses.map((address) => [address, each])),
    },
  })
  await taken?.complete()
  expectWarmed(await submitted, made)
})
