import { decodeStatus } from '@cachewarmer/core'
import { aRunId, aStatus } from '@cachewarmer/core/testing'
import { describe, expect, test } from 'vitest'
import { names, World } from '../testing/world.ts'
import { StatusPost } from './status.ts'

const queueName = names.runStatus(aRunId)
const day = 86_400_000

async function aPost() {
  const world = new World()
  await world.service.create(queueName)
  const queue = world.service.queue(queueName)
  const revisions = async (): Promise<number[]> =>
    (await world.bodies(queueName)).map((body) => decodeStatus(body).revision)
  return { world, queue, revisions, post: new StatusPost(queue, day) }
}

const revision = (number: number) => aStatus({ revision: number })

describe('the status of a run', () => {
  test('is one message, rewritten in place, that everybody can see at any time', async () => {
    const { post, queue, revisions } = await aPost()
    for (const number of [1, 2, 3]) {
      await post.post(revision(number))
      expect(await revisions()).toEqual([number])
    }
    expect((await queue.peek({ max: 32 }))[0]?.deliveries).toBe(0)
  })

  test('is taken over by a second manager, and the first one takes it back', async () => {
    const { post, queue, revisions } = await aPost()
    await post.post(revision(1))
    const second = new StatusPost(queue, day)
    await second.post(revision(2))
    expect(await revisions()).toEqual([2])
    await post.post(revision(3))
    expect(await revisions()).toEqual([3])
    await second.post(revision(4))
    expect(await revisions()).toEqual([4])
  })

  test('is written anew after another process took it out', async () => {
    const { post, queue, revisions } = await aPost()
    await post.post(revision(1))
    const [taken] = await queue.receive({ max: 1, leaseMs: 60_000 })
    await taken?.complete()
    await post.post(revision(2))
    expect(await revisions()).toEqual([2])
  })

  test('is one message again, with the last word, although another process received it and let it go', async () => {
    const { world, post, queue, revisions } = await aPost()
    await post.post(revision(1))
    await queue.receive({ max: 1, leaseMs: 30_000 })
    await post.post(revision(2))
    expect(await revisions()).toEqual([2])
    await world.clock.advance(30_000)
    await post.post(aStatus({ revision: 3, state: 'ended', outcome: 'warmed' }))
    expect(await revisions()).toEqual([3])
  })

  test('is forgotten after its time', async () => {
    const { world, post, revisions } = await aPost()
    await post.post(revision(1))
    await world.clock.advance(day)
    expect(await revisions()).toEqual([])
    await post.post(revision(2))
    expect(await revisions()).toEqual([2])
  })
})
