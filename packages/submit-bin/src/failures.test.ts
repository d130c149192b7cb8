import { decodeControl, encodeFailureList, type Failure } from '@cachewarmer/core'
import { expect, test } from 'vitest'
import { findRun, listFailures } from './failures.ts'
import { submitJob } from './submit.ts'
import { aJob, anEnded, aWorld, names, prefix, type World } from './testing/builders.ts'

const run = 'abcdefghijkl'
const failure = (at: number): Failure => ({ path: `/f${at}\udc80`, code: 'IO', address: '10.0.0.1' })

/** A manager that answers the first question with these messages. */
async function answering(
  { service, clock }: World,
  ...messages: Parameters<typeof encodeFailureList>[0][]
): Promise<void> {
  for (;;) {
    const [asked] =
      (await service.list(names.control)).length > 0
        ? await service.queue(names.control).receive({ max: 1, leaseMs: 60_000 })
        : []
    if (asked !== undefined) {
      const { command, target, reply = '' } = decodeControl(asked.body)
      expect([command, target]).toEqual(['failures', run])
      for (const message of messages) await service.queue(names.failed(reply)).send(encodeFailureList(message))
      return
    }
    await clock.sleep(100)
  }
}

async function listed(world: World): Promise<Failure[]> {
  const found: Failure[] = []
  for await (const one of listFailures(world.service, prefix, run, { clock: world.clock, random: Math.random }))
    found.push(one)
  return found
}

test('all failures come, whatever order they are delivered in, each once, and nothing is left behind', async () => {
  const world = aWorld()
  const part = (at: number, last: boolean, failures: Failure[]) => ({ v: 1, run, part: at, last, failures }) as const
  const answer = answering(
    world,
    part(2, true, []),
    part(1, false, [failure(2)]),
    part(0, false, [failure(0), failure(1)]),
    part(1, false, [failure(2)]),
  )
  const found = await world.clock.run(listed(world), 600_000)
  await answer
  expect(found.map(({ path }) => path).sort()).toEqual([0, 1, 2].map((at) => failure(at).path))
  expect(await world.service.list('')).toEqual([names.control])
})

test('a manager that does not know the run, and none at all, are said', async () => {
  const world = aWorld()
  const answer = answering(world, { v: 1, run, part: 0, last: true, failures: [], problem: 'never heard of it' })
  await expect(world.clock.run(listed(world), 600_000)).rejects.toMatchObject({
    code: 'NO_ANSWER',
    message: expect.stringContaining('never heard of it'),
  })
  await answer
  const alone = aWorld()
  await expect(alone.clock.run(listed(alone), 600_000)).rejects.toMatchObject({ code: 'NO_ANSWER' })
  expect(await alone.service.list(names.failed(''))).toEqual([])
})

test('a run is found by what people call its job', async () => {
  const { service, posts, clock } = aWorld()
  await posts.post(anEnded('warmed', { label: 'night' }))
  await submitJob(service, prefix, aJob({ jobId: 'day' }))
  expect((await findRun(service, prefix, 'night', { clock })).label).toBe('night')
  await expect(findRun(service, prefix, 'day', { clock })).rejects.toMatchObject({ code: 'JOB_WAITING' })
  await expect(findRun(service, prefix, 'other', { clock })).rejects.toMatchObject({ code: 'JOB_UNKNOWN' })
})
