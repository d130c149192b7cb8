import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeStatus } from '@cachewarmer/core'
import { aStatus, readCounts } from '@cachewarmer/core/testing'
import { openSqliteService } from '@cachewarmer/queue/sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Ledger } from './ledger/ledger.ts'
import { openLedger } from './ledger/sqlite-ledger.ts'
import { names, World } from './testing/world.ts'

/* Which run a job message belongs to, even after the queues' file or the ledger's was lost. */

/** A world whose queues were made anew, with the ledger and the clock of another one: ids of messages come again. */
class Anew extends World {
  constructor(before: World) {
    super({ clock: before.clock, ledger: before.ledger })
  }
}

/** The run of a job is begun, one file is read, and its manager is gone. */
async function begun(world: World): Promise<{ id: string; run: string }> {
  const id = await world.submit({ jobId: 'one' })
  let run = ''
  await world.managed(async () => {
    run = (await world.work(id, { attempt: 'a', counts: files(1), children: [{ family: 'a', count: 1 }] })).run
    await world.until(async () => (world.ledger.totals(run).done === 1 ? true : undefined))
  })
  return { id, run }
}

const files = (count: number) => readCounts(count)

describe('queues that were made anew, with the ledger of before', () => {
  test('a job with the message id of a run under way is run itself, and that run is lost', async () => {
    const old = new World()
    const { id, run } = await begun(old)
    await old.clock.advance(60_000)
    const world = new Anew(old)
    expect(await world.submit({ jobId: 'two', paths: ['/other'] })).toBe(id)
    await world.managed(async () => {
      const item = await world.work(id, { counts: files(7) })
      expect(item).toMatchObject({ item: 'root', parts: [{ kind: 'tree', path: '/other' }] })
      expect(item.run).not.toBe(run)
      expect(await world.reached(id)).toMatchObject({
        label: 'two',
        outcome: 'warmed',
        progress: { counts: { files: 7 } },
      })
    })
    expect(world.ledger.run(run)?.outcome).toBe('lost')
  })

  test('a job with the message id of a run that ended is run itself', async () => {
    const old = new World()
    const id = await old.submit({ jobId: 'one' })
    await old.managed(async () => {
      await old.work(id, { counts: files(3) })
      await old.reached(id)
      await old.until(async () => ((await old.depth(names.job)) === 0 ? true : undefined))
    })
    await old.clock.advance(60_000)
    const world = new Anew(old)
    expect(await world.submit({ jobId: 'two', paths: ['/other'] })).toBe(id)
    await world.managed(async () => {
      await world.work(id, { counts: files(7) })
      expect(await world.reached(id)).toMatchObject({ label: 'two', progress: { counts: { files: 7 } } })
    })
  })

  test('a run under way that has no job any more is lost after a while, in the ledger too', async () => {
    const old = new World()
    const { run } = await begun(old)
    await old.clock.advance(60_000)
    const world = new Anew(old)
    await world.managed(async () => {
      await world.until(async () => (world.ledger.run(run)?.outcome === 'lost' ? true : undefined))
    })
  })
})

describe('queues that were restored from before a run ended', () => {
  test('its job is over, and its status says how it ended', async () => {
    const world = new World()
    const id = await world.submit({ jobId: 'one' })
    let run = ''
    await world.managed(async () => {
      run = (await world.work(id, { counts: files(3) })).run
      await world.reached(id)
    })
    // As they were in the middle of the run: the job, the run's queues, and a status that says that it is running.
    const restored = new Anew(world)
    restored.clock.setWall((world.ledger.run(run)?.jobInsertedAtMs ?? 0) - restored.clock.now())
    expect(await restored.submit({ jobId: 'one' })).toBe(id)
    for (const name of [names.runStatus(run), names.runWork(run), names.runResults(run)])
      await restored.service.create(name)
    await restored.service.queue(names.runStatus(run)).send(encodeStatus(aStatus({ run, jobMessageId: id })))
    await restored.managed(async () => {
      expect(await restored.reached(id)).toMatchObject({
        run,
        outcome: 'warmed',
        progress: { counts: { files: 3 } },
      })
      await restored.until(async () => ((await restored.depth(names.job)) === 0 ? true : undefined))
      expect(await restored.service.list(names.runWork(''))).toEqual([])
    })
  })

  test('a job whose run was given up meanwhile is begun anew', async () => {
    const world = new World()
    const { id, run } = await begun(world)
    world.ledger.endRun(run, 'lost', world.clock.now())
    await world.service.delete(names.runStatus(run))
    await world.managed(async () => {
      const item = await world.work(id, { counts: files(5) })
      expect(item.run).not.toBe(run)
      expect(await world.reached(id)).toMatchObject({ outcome: 'warmed', progress: { counts: { files: 5 } } })
    })
  })
})

describe('a file that is removed while a manager runs', () => {
  let folder: string
  let ledger: Ledger
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cw-identity-'))
    ledger = openLedger(join(folder, 'ledger.db'))
  })
  afterEach(() => {
    ledger.close()
    rmSync(folder, { recursive: true })
  })

  test('the ledger’s ends the manager, which has run no job that it could not note', async () => {
    const world = new World({ ledger })
    await world.submit({ jobId: 'one' })
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(folder, `ledger.db${suffix}`))
    const manager = world.start()
    await expect(world.clock.run(manager.ended)).rejects.toMatchObject({
      name: 'LedgerError',
      code: 'LOST',
      message: expect.stringContaining('ledger.db: the file was removed while it was open'),
    })
    expect(await world.statuses()).toEqual([])
    expect(await world.depth(names.job)).toBe(1)
    expect(world.fleetStops).toBe(1)
  })

  test('the ledger’s ends it also where a cancellation is to be noted', async () => {
    const world = new World({ ledger })
    await world.service.create(names.control)
    await world.service
      .queue(names.control)
      .send(JSON.stringify({ v: 1, kind: 'control', command: 'cancel', target: 'x' }))
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(folder, `ledger.db${suffix}`))
    await expect(world.clock.run(world.start().ended)).rejects.toMatchObject({ code: 'LOST' })
  })

  test('the queues’ ends it', async () => {
    const world = new World({ ledger })
    const file = join(folder, 'queue.db')
    const service = openSqliteService({ file, clock: world.clock })
    const manager = world.start({}, { service })
    const ended = expect(manager.ended).rejects.toMatchObject({ code: 'FILE_LOST' })
    await world.clock.advance(1_000)
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix)
    await world.clock.advance(30_000)
    await ended
    await service.close()
  })
})
