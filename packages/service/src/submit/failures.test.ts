import type { Failure } from '@cachewarmer/core'
import { expect, test } from 'vitest'
import { findRun, listFailures } from './failures.ts'
import { submitJob } from './submit.ts'
import { answerFailures } from './testing/answers.ts'
import { aJob, anEnded, aWorld, names, prefix, type World } from './testing/builders.ts'

const run = 'abcdefghijkl'
const failure = (at: number): Failure => ({ path: `/f${at}\udc80`, code: 'IO', address: '10.0.0.1' })

async function listed(world: World): Promise<Failure[]> {
  const found: Failure[] = []
  for await (const one of listFailures(world.service, prefix, run, { clock: world.clock, random: Math.random }))
    found.push(one)
  return found
}

test('all failures come, delivered in any order, each once, and nothing is left behind', async () => {
  const world = aWorld()
  const part = (at: number, last: boolean, failures: Failure[]) => ({ v: 1, run, part: at, last, failures }) as const
  const answer = answerFailures(world.service, world.clock, [
    part(2, true, []),
    part(1, false, [failure(2)]),
    part(0, false, [failure(0), failure(1)]),
    part(1, false, [failure(2)]),
  ])
  const found = await world.clock.run(listed(world), 600_000)
  expect(await answer).toBe(run)
  expect(found.map(({ path }) => path).sort()).toEqual([0, 1, 2].map((at) => failure(at).path))
  expect(await world.service.list('')).toEqual([names.control])
})

test('a manager that does not know the run, and none at all, are said', async () => {
  const world = aWorld()
  const problem = 'never heard of it'
  const answer = answerFailures(world.service, world.clock, [{ v: 1, run, part: 0, last: true, failures: [], problem }])
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
