import { aResult, readCounts } from '@cachewarmer/core/testing'
import { QueueError } from '@cachewarmer/queue'
import { faultyService } from '@cachewarmer/queue/testing'
import { describe, expect, test } from 'vitest'
import { type Ledger, LedgerError } from './ledger/ledger.ts'
import { names, World } from './testing/world.ts'
import { mayPass } from './upkeep/patience.ts'

const minute = 60_000
const counts = readCounts(3, 30)

/** A ledger that keeps nothing while `full` says so, as on a full disk; reading still works. */
function fullAtTimes(inner: Ledger, full: () => boolean): Ledger {
  const writes = new Set([
    'addRun',
    'update',
    'startOver',
    'noteMoved',
    'fold',
    'endRun',
    'forgetBefore',
    'noteCancelled',
  ])
  return new Proxy(inner, {
    get: (_, name) => {
      if (typeof name === 'string' && writes.has(name) && full())
        return () => {
          throw new LedgerError('FULL', '/ledger.db', 'database or disk is full')
        }
      const value: unknown = Reflect.get(inner, name)
      return typeof value === 'function' ? value.bind(inner) : value
    },
  })
}

describe('a disk that is full under the ledger for long', () => {
  test('stops neither the manager nor the run, which is not taken for lost either', async () => {
    const world = new World()
    let full = false
    const manager = world.start({}, { ledger: fullAtTimes(world.ledger, () => full) })
    const id = await world.submit()
    const { item, lease } = await world.takeItem(id)
    full = true
    // The result is there and can't be kept: with the work queue empty it looks as if the item had vanished.
    await world.report(aResult({ run: item.run, item: item.item, counts }))
    await lease.complete()
    await world.clock.advance(20 * minute)
    full = false
    expect(await world.reached(id)).toMatchObject({ outcome: 'warmed', progress: { counts: { files: 3, bytes: 30 } } })
    expect(world.ledger.run(item.run)?.generation).toBe(0)
    manager.stop()
    await world.clock.run(manager.ended)
  })

  test('keeps a job waiting, and then it is run', async () => {
    const world = new World()
    let full = true
    const manager = world.start({}, { ledger: fullAtTimes(world.ledger, () => full) })
    const id = await world.submit()
    await world.clock.advance(20 * minute)
    expect(await world.statuses()).toEqual([])
    full = false
    await world.work(id, { counts })
    expect(await world.reached(id)).toMatchObject({ outcome: 'warmed' })
    manager.stop()
    await world.clock.run(manager.ended)
  })

  test('does not keep a manager from stopping', async () => {
    const world = new World()
    const manager = world.start({}, { ledger: fullAtTimes(world.ledger, () => true) })
    await world.submit()
    await world.clock.advance(minute)
    manager.stop()
    await world.clock.run(manager.ended, 10_000)
  })
})

describe('a queue service that is away for long', () => {
  test('stops neither a manager that leads nor one that stands by, and the run continues', async () => {
    const world = new World()
    let away = false
    const service = faultyService(world.service, () => (away ? 'lost request' : undefined))
    const managers = [world.start({}, { service }), world.start({}, { service })]
    const id = await world.submit()
    const { item, lease } = await world.takeItem(id)
    away = true
    await world.clock.advance(20 * minute)
    away = false
    await world.report(aResult({ run: item.run, item: item.item, counts }))
    await lease.complete()
    expect(await world.reached(id)).toMatchObject({ outcome: 'warmed', progress: { counts: { files: 3, bytes: 30 } } })
    for (const manager of managers) manager.stop()
    await world.clock.run(Promise.all(managers.map(({ ended }) => ended)))
    expect(await world.depth(names.job)).toBe(0)
  })

  test('when a run is over delays the news of its end, if need be to the next manager', async () => {
    const world = new World()
    let over = false
    const service = faultyService(world.service, (call, queue) => {
      // From the last result on, no process gets through to the status.
      over ||= call === 'complete' && queue.startsWith(names.runResults(''))
      return over && queue.startsWith(names.runStatus('')) ? 'lost request' : undefined
    })
    const manager = world.start({}, { service })
    const id = await world.submit()
    await world.work(id, { counts })
    await world.clock.advance(20 * minute)
    manager.stop()
    await world.clock.run(manager.ended)
    expect(over).toBe(true)
    expect(await world.statuses()).toMatchObject([{ state: 'running' }])
    await world.managed(async () => {
      expect(await world.reached(id)).toMatchObject({ outcome: 'warmed', progress: { counts: { files: 3 } } })
    })
  })
})

describe('a status queue that was removed', () => {
  test('in mid-run: workers can not see the run any more, so the job is begun anew', async () => {
    const world = new World()
    await world.managed(async () => {
      const id = await world.submit()
      const { item } = await world.takeItem(id)
      await world.service.delete(names.runStatus(item.run))
      const again = await world.work(id, { counts })
      expect(again.run).not.toBe(item.run)
      expect(await world.reached(id)).toMatchObject({ run: again.run, outcome: 'warmed' })
      const left = (await world.service.list('studio')).filter((name) => names.runOf(name) !== undefined)
      expect(left).toEqual([names.runStatus(again.run)])
    })
  })
})

test('what will not pass is not waited for', () => {
  expect(mayPass(new LedgerError('INVALID', 'x', 'y'))).toBe(false)
  expect(mayPass(new QueueError('DENIED', 'x', 'y'))).toBe(false)
  expect(mayPass(new TypeError('a bug'))).toBe(false)
})
