import { encodeListChunk } from '@cachewarmer/core'
import { aResult } from '@cachewarmer/core/testing'
import { describe, expect, test } from 'vitest'
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
        await world.report(aResult({ run: item.run, item: item.item, attempt: `a${done.length}`, counts: oneFile() }))
        await lease.complete()
      }
      expect(done.toSorted()).toEqual(['list.0', 'list.1', 'list.1', 'list.2'])
      expect((await world.reached(id)).progress.counts.files).toBe(3)
    })
  })

  test('of which a chunk is missing ends as lost, and says so', async () => {
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

const oneFile = () => ({
  directories: 0,
  files: 1,
  bytes: 1,
  entriesSkipped: 0,
  specialSkipped: 0,
  failures: {},
  mounts: {},
})
