import { encodeControl, encodeListChunk, type Item } from '@cachewarmer/core'
import { aResult, readCounts } from '@cachewarmer/core/testing'
import { describe, expect, test } from 'vitest'
import { openLedger } from '../ledger/sqlite-ledger.ts'
import { names, World } from '../testing/world.ts'

const list = 'abcdefgh1234'

/** What a submitter leaves: chunks in their queue. */
async function sendChunks(world: World, numbers: readonly number[]): Promise<void> {
  await world.service.create(names.list(list))
  for (const chunk of numbers) {
    const parts = [{ kind: 'files' as const, directory: '/d', names: [`f${chunk}`], listed: true as const }]
    await world.service.queue(names.list(list)).send(encodeListChunk({ v: 1, list, chunk, parts }))
  }
}

/** As another program may write one: it fits a message to the byte, and its item does not. */
function fullChunk(): string {
  const body = (length: number): string =>
    JSON.stringify({
      v: 1,
      list,
      chunk: 1,
      parts: [
        {
          kind: 'files',
          directory: '/d',
          names: [...Array(21)].map((_, at) => `${at}`.padEnd(3_000, 'x')).concat('x'.repeat(length)),
          listed: true,
        },
      ],
    })
  return body(65_536 - body(0).length)
}

const wish = { list: { id: list, chunks: 3, paths: 3 }, jobId: 'listed' }

describe('a job with a list', () => {
  test('hands out the chunks in their order, then the tree, and ends when all are done', async () => {
    const world = new World()
    await sendChunks(world, [0, 1, 2])
    const id = await world.submit({ ...wish, paths: ['/scene1'] })
    await world.managed(async () => {
      const done: string[] = []
      for (let left = 4; left > 0; left--) done.push((await world.work(id)).item)
      expect(done).toEqual(['list.0', 'list.1', 'list.2', 'root'])
      const status = await world.reached(id)
      expect(status).toMatchObject({ outcome: 'warmed', progress: { items: { announced: 4, done: 4 } } })
      await world.until(async () => ((await world.service.list(names.list(''))).length === 0 ? true : undefined))
    })
  })

  test('needs no tree, and counts a chunk that comes twice once', async () => {
    const world = new World()
    await sendChunks(world, [0, 1, 1, 2])
    const id = await world.submit({ ...wish, paths: [] })
    await world.managed(async () => {
      const done: string[] = []
      while (done.length < 4) {
        const { item, lease } = await world.takeItem(id)
        done.push(item.item)
        await world.report(
          aResult({ run: item.run, item: item.item, attempt: `a${done.length}`, counts: readCounts(1) }),
        )
        await lease.complete()
      }
      expect(done.toSorted()).toEqual(['list.0', 'list.1', 'list.1', 'list.2'])
      expect((await world.reached(id)).progress.counts.files).toBe(3)
    })
  })

  test('that loses items starts over once, with the tree after the list again, and counts what it then reads', async () => {
    const world = new World()
    await sendChunks(world, [0, 1, 2])
    const id = await world.submit({ ...wish, paths: ['/scene1'] })
    await world.managed(async () => {
      await world.work(id, { counts: readCounts(1), children: [{ family: 'a', count: 1 }] })
      for (const item of ['list.1', 'list.2', 'root']) {
        const taken = await world.takeItem(id)
        expect(taken.item.item).toBe(item)
        await taken.lease.complete()
      }
      const again: Item[] = []
      for (let left = 4; left > 0; left--) again.push(await world.work(id, { counts: readCounts(1) }))
      expect(again.map(({ item }) => item)).toEqual(['list-2.0', 'list-2.1', 'list-2.2', 'root-2'])
      expect(again[1]?.parts).toEqual([{ kind: 'files', directory: '/d', names: ['f1'], listed: true }])
      expect(await world.reached(id)).toMatchObject({
        outcome: 'warmed',
        progress: { items: { announced: 4, done: 4 }, counts: { files: 4 } },
      })
      expect(await world.service.list(names.list(''))).toEqual([])
    })
  })

  test('that loses items twice ends as lost', async () => {
    const world = new World()
    await sendChunks(world, [0, 1, 2])
    const id = await world.submit({ ...wish, paths: [] })
    await world.managed(async () => {
      for (let left = 6; left > 0; left--) await (await world.takeItem(id)).lease.complete()
      expect(await world.reached(id)).toMatchObject({
        outcome: 'lost',
        problem: '3 items vanished from the work queue, twice',
      })
    })
  })

  test('resumes where it was after its manager died, and from the first chunk where the ledger is lost too', async () => {
    const world = new World()
    await sendChunks(world, [0, 1, 2])
    const id = await world.submit({ ...wish, paths: [] })
    const first = world.start()
    const { item, lease } = await world.takeItem(id)
    await lease.complete()
    await world.report(aResult({ run: item.run, item: item.item }))
    first.stop()
    await world.clock.run(first.ended)
    await world.managed(async () => {
      expect((await world.work(id)).item).toBe('list.1')
    })
    // What the first run left is not taken up: another one begins.
    const other = world.start({}, { ledger: openLedger(':memory:') })
    await world.until(async () => ((await world.statuses()).some(({ run }) => run !== item.run) ? true : undefined))
    await world.until(async () => ((await world.statuses()).length === 1 ? true : undefined))
    const done: string[] = []
    for (let left = 3; left > 0; left--) done.push((await world.work(id)).item)
    expect(done.toSorted()).toEqual(['list.0', 'list.1', 'list.2'])
    expect(await world.reached(id)).toMatchObject({ outcome: 'warmed', progress: { items: { done: 3 } } })
    other.stop()
    await world.clock.run(other.ended)
  })

  test('that misses a chunk ends as lost, and says so', async () => {
    const world = new World()
    await sendChunks(world, [0, 2])
    const id = await world.submit({ ...wish, paths: [] })
    await world.managed(async () => {
      await world.work(id)
      await world.work(id)
      expect(await world.reached(id)).toMatchObject({
        outcome: 'lost',
        problem: expect.stringContaining('submit it again'),
      })
    })
  })

  test.each([[{}], [{ runsAtOnce: 1 }]])(
    'that was sent twice is warmed twice, and its list goes with the last one (%j)',
    async (options) => {
      const world = new World()
      await sendChunks(world, [0, 1, 2])
      const ids = [await world.submit({ ...wish, paths: [] }), await world.submit({ ...wish, paths: [] })]
      const manager = world.start(options)
      for (const id of ids) {
        for (let left = 3; left > 0; left--) await world.work(id, { counts: readCounts(1) })
        expect(await world.reached(id)).toMatchObject({ outcome: 'warmed', progress: { counts: { files: 3 } } })
      }
      await world.until(async () => ((await world.service.list(names.list(''))).length === 0 ? true : undefined))
      manager.stop()
      await world.clock.run(manager.ended)
    },
  )

  test('that was sent twice stays paused after its manager died, and its second copy waits', async () => {
    const world = new World()
    await sendChunks(world, [0, 1, 2])
    const id = await world.submit({ ...wish, paths: [] })
    const first = world.start()
    await world.work(id)
    await world.service.queue(names.control).send(encodeControl({ v: 1, command: 'pause', target: 'listed' }))
    await world.reached(id, 'paused')
    first.stop()
    await world.clock.run(first.ended)
    // As where the manager was killed: the message of its run is not free yet when the other copy comes.
    const jobs = world.service.queue(names.job)
    const lease = await world.until(async () => (await jobs.receive({ max: 1, leaseMs: 60_000 }))[0])
    expect(lease.id).toBe(id)
    const other = await world.submit({ ...wish, paths: [] })
    const second = world.start()
    await world.clock.advance(120_000)
    expect((await world.statuses()).map(({ jobMessageId, state }) => [jobMessageId, state])).toEqual([[id, 'paused']])
    await world.service.queue(names.control).send(encodeControl({ v: 1, command: 'resume', target: 'listed' }))
    for (let left = 2; left > 0; left--) await world.work(id)
    expect(await world.reached(id)).toMatchObject({ outcome: 'warmed' })
    for (let left = 3; left > 0; left--) await world.work(other)
    expect(await world.reached(other)).toMatchObject({ outcome: 'warmed' })
    second.stop()
    await world.clock.run(second.ended)
  })

  test('that was sent twice is cancelled twice', async () => {
    const world = new World()
    await sendChunks(world, [0, 1, 2])
    const ids = [await world.submit({ ...wish, paths: [] }), await world.submit({ ...wish, paths: [] })]
    await world.managed(async () => {
      await world.takeItem(ids[0] ?? '')
      await world.clock.advance(2_000)
      await world.service.queue(names.control).send(encodeControl({ v: 1, command: 'cancel', target: 'listed' }))
      for (const id of ids) expect(await world.reached(id)).toMatchObject({ outcome: 'cancelled' })
      await world.until(async () => ((await world.service.list(names.list(''))).length === 0 ? true : undefined))
    })
    expect(world.ledger.isCancelled(['listed'])).toBe(false)
  })

  test.each([
    ['nonsense', 'nonsense'],
    [
      'a chunk of another list',
      encodeListChunk({ v: 1, list: 'othersothers', chunk: 1, parts: [{ kind: 'tree', path: '/x' }] }),
    ],
    ['a chunk beyond the last', encodeListChunk({ v: 1, list, chunk: 3, parts: [{ kind: 'tree', path: '/x' }] })],
    ['a chunk that is too large for an item', fullChunk()],
  ])('with %s in it keeps that among the poison, and ends as lost', async (_what, body) => {
    const world = new World()
    await sendChunks(world, [0, 2])
    await world.service.queue(names.list(list)).send(body)
    const id = await world.submit({ ...wish, paths: [] })
    await world.managed(async () => {
      for (let left = 2; left > 0; left--) await world.work(id, { counts: readCounts(1) })
      expect(await world.reached(id)).toMatchObject({ outcome: 'lost' })
    })
    expect(await world.poison()).toMatchObject([{ message: expect.stringContaining(body.slice(0, 30_000)) }])
  })

  test('that was cancelled before it started leaves no list', async () => {
    const world = new World()
    await sendChunks(world, [0, 1, 2])
    world.ledger.noteCancelled('listed', world.clock.now())
    const id = await world.submit({ ...wish, paths: [] })
    await world.managed(async () => {
      expect(await world.reached(id)).toMatchObject({ outcome: 'cancelled' })
      expect(await world.service.list(names.list(''))).toEqual([])
    })
  })
})
