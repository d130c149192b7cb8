import { emptyCounts, encodeControl } from '@cachewarmer/core'
import { aHeartbeat, aHeldAttempt, aResult } from '@cachewarmer/core/testing'
import { describe, expect, test } from 'vitest'
import { names, World } from './testing/world.ts'

const good = { jobId: 'good' }

const ask = async (world: World, control: Parameters<typeof encodeControl>[0]): Promise<void> => {
  await world.service.create(names.control)
  await world.service.queue(names.control).send(encodeControl(control))
}

describe('what people ask of runs:', () => {
  test('cancel lets workers tell what they have read, and the run ends with that in its totals', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(async () => {
      const { item, lease } = await world.takeItem(id)
      await ask(world, { v: 1, command: 'cancel', target: 'good' })
      const ending = await world.reached(id, 'paused')
      expect(ending).toMatchObject({ ending: true, revision: 2 })
      await world.report(
        aResult({ run: item.run, item: item.item, counts: { ...emptyCounts(), files: 34, bytes: 340 } }),
      )
      await lease.complete()
      expect(await world.reached(id)).toMatchObject({
        outcome: 'cancelled',
        progress: { counts: { files: 34, bytes: 340 } },
      })
    })
  })

  test('cancel waits ten seconds at most for a worker that says nothing, and tells what it had shown', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(async () => {
      const { item } = await world.takeItem(id)
      const told = { ...emptyCounts(), files: 30, bytes: 300 }
      await world.report(aHeartbeat({ run: item.run, attempts: [aHeldAttempt({ item: item.item, counts: told })] }))
      await world.until(async () => ((await world.statuses())[0]?.progress.counts.files === 30 ? true : undefined))
      const askedAtMs = world.clock.now()
      await ask(world, { v: 1, command: 'cancel', target: 'good' })
      const { progress, unreported, outcome } = await world.reached(id)
      expect(world.clock.now() - askedAtMs).toBeLessThan(14_000)
      expect([outcome, progress.counts.files, unreported]).toEqual(['cancelled', 0, { files: 30, bytes: 300 }])
    })
  })
})
