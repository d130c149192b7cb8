import { encodeJob } from '@cachewarmer/core'
import { aJob } from '@cachewarmer/core/testing'
import { expect, test } from 'vitest'
import { jobsInSight } from './jobs-in-sight.ts'
import { aRecord } from './testing/a-record.ts'
import { names, World } from './testing/world.ts'

test('jobs that run or wait are seen; a lease that nobody here knows of says that there are more', async () => {
  const world = new World()
  const first = await world.submit()
  const list = { id: 'list00000001', chunks: 1, paths: 1 }
  const second = await world.submitRaw(encodeJob(aJob({ paths: [], list })))
  const runs = (jobMessageId: string) => [{ record: aRecord({ jobMessageId }) }]
  const [lease] = await world.service.queue(names.job).receive({ max: 1, leaseMs: 60_000 })
  expect(lease?.id).toBe(first)
  const seen = await jobsInSight(world.ports, world.settings(), runs(first))
  expect(seen).toEqual({ messageIds: new Set([second, first]), lists: new Set([names.list(list.id)]) })
  expect(await jobsInSight(world.ports, world.settings(), [])).toBeUndefined()
})
