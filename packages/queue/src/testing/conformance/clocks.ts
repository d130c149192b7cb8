import assert from 'node:assert/strict'
import { bodies, type Cases, isHidden, longMs, second } from './harness.ts'

/** Two hours, as by a wrong time zone, or a clock that NTP puts right. */
const leapMs = 2 * 3_600_000

export const clockCases: Cases = {
  'a wall clock that is set back stalls no lease and no delay': async (h) => {
    const queue = await h.newQueue()
    await queue.send('leased')
    await h.take(queue, 1 * second)
    await queue.send('delayed', { delayMs: 1 * second })
    h.setWall(-leapMs)
    await queue.send('sent since')
    assert.deepEqual(await bodies(queue), ['sent since'])
    await h.wait(1 * second)
    await h.eventually('all three', async () => ((await bodies(queue)).length === 3 ? true : undefined))
  },

  'a wall clock that is set forward takes no lease from its holder and forgets no message': async (h) => {
    const queue = await h.newQueue()
    await queue.send('leased', { ttlMs: longMs })
    const lease = await h.take(queue)
    await queue.send('delayed', { delayMs: longMs / 2, ttlMs: longMs })
    h.setWall(leapMs)
    await isHidden(queue)
    assert.equal(await queue.approximateDepth(), 2)
    await lease.renew(longMs / 2)
    await lease.giveBack()
    assert.deepEqual(await bodies(queue), ['leased'])
  },

  'a message tells the time at which it came by the wall clock': async (h) => {
    const queue = await h.newQueue()
    h.setWall(-leapMs)
    const before = h.nowMs
    await queue.send('x')
    const { insertedAtMs } = await h.take(queue)
    // A service elsewhere has its own clock, and may round to seconds.
    assert(Math.abs(insertedAtMs - before) < leapMs / 2, `inserted at ${insertedAtMs}, sent at ${before}`)
  },

  'no two messages have the same id, even in a queue that was made again': async (h) => {
    const ids: string[] = []
    for (let n = 0; n < 2; n++) {
      const queue = h.service.queue(`${h.prefix}again${n}`)
      await h.service.create(queue.name)
      for (let m = 0; m < 3; m++) ids.push((await queue.send('x')).id)
    }
    assert.equal(new Set(ids).size, ids.length)
  },
}
