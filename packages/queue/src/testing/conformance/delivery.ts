import assert from 'node:assert/strict'
import { bodies, type Cases, isHidden, longMs, second } from './harness.ts'

export const deliveryCases: Cases = {
  'what was sent is received, completed, and gone': async (h) => {
    const queue = await h.newQueue()
    const sent = await queue.send('hello')
    const lease = await h.take(queue)
    assert.equal(lease.id, sent.id)
    assert.equal(lease.body, 'hello')
    assert.equal(lease.deliveries, 1)
    assert(Math.abs(lease.insertedAtMs - h.nowMs) < 60_000, `inserted at ${lease.insertedAtMs}, now it is ${h.nowMs}`)
    await lease.complete()
    await isHidden(queue)
    assert.equal(await queue.approximateDepth(), 0)
  },

  'an empty queue answers at once, with nothing': async (h) => {
    const queue = await h.newQueue()
    await isHidden(queue)
    assert.equal(await queue.approximateDepth(), 0)
  },

  'ids are different, also after a message is gone': async (h) => {
    const queue = await h.newQueue()
    const first = await queue.send('a')
    await (await h.take(queue)).complete()
    const second = await queue.send('a')
    const third = await queue.send('a')
    assert.equal(new Set([first.id, second.id, third.id]).size, 3)
  },

  'peek does not take': async (h) => {
    const queue = await h.newQueue()
    const sent = await queue.send('seen')
    for (let looks = 0; looks < 3; looks++) {
      const [message] = await queue.peek({ max: 1 })
      assert.equal(message?.id, sent.id)
      assert.equal(message?.body, 'seen')
      assert.equal(message?.deliveries, 0)
      assert(Math.abs((message?.insertedAtMs ?? 0) - h.nowMs) < 60_000)
    }
    assert.equal((await h.take(queue)).deliveries, 1)
  },

  'peek sees visible messages only': async (h) => {
    const queue = await h.newQueue()
    await queue.send('leased')
    await h.take(queue)
    await queue.send('delayed', { delayMs: longMs })
    await queue.send('there')
    assert.deepEqual(await bodies(queue), ['there'])
  },

  'peek and receive give up to 32, and no more than they were asked for': async (h) => {
    const queue = await h.newQueue()
    await Promise.all([...Array(40).keys()].map((n) => queue.send(`m${n}`)))
    assert.equal((await queue.peek({ max: 7 })).length, 7)
    assert.equal((await queue.peek({ max: 32 })).length, 32)
    const first = await queue.receive({ max: 5, leaseMs: longMs })
    const second = await queue.receive({ max: 32, leaseMs: longMs })
    const third = await queue.receive({ max: 32, leaseMs: longMs })
    assert.deepEqual([first.length, second.length, third.length], [5, 32, 3])
    const all = [...first, ...second, ...third]
    assert.equal(new Set(all.map((lease) => lease.id)).size, 40)
    assert.equal(new Set(all.map((lease) => lease.body)).size, 40)
    assert(all.every((lease) => lease.deliveries === 1))
  },

  'the depth counts what is leased and delayed': async (h) => {
    const queue = await h.newQueue()
    await queue.send('leased')
    await h.take(queue)
    await queue.send('delayed', { delayMs: longMs })
    await queue.send('there')
    assert.equal(await queue.approximateDepth(), 3)
  },

  'a delayed message is hidden, and then it is there': async (h) => {
    const queue = await h.newQueue()
    await queue.send('never', { delayMs: longMs })
    await isHidden(queue)
    await queue.send('soon', { delayMs: 1 * second })
    assert.equal((await h.retake(queue)).body, 'soon')
  },

  'a message is forgotten when its time to live is over': async (h) => {
    const queue = await h.newQueue()
    await queue.send('mortal', { ttlMs: 1 * second })
    await queue.send('immortal')
    await h.eventually('the end', async () => (await bodies(queue)).length === 1 || undefined)
    assert.deepEqual(await bodies(queue), ['immortal'])
    assert.equal((await h.take(queue)).body, 'immortal')
  },

  'a message without a time to live is still there after a month, where time can be moved': async (h) => {
    const queue = await h.newQueue()
    await queue.send('patient')
    if (h.movesTime) await h.wait(30 * 24 * 3_600_000)
    assert.deepEqual(await bodies(queue), ['patient'])
  },

  'readers at the same time never share a message, and miss none': async (h) => {
    const queue = await h.newQueue()
    const sent = await Promise.all([...Array(200).keys()].map((n) => queue.send(`m${n}`)))
    const taken: string[] = []
    const reader = async (max: number): Promise<void> => {
      for (;;) {
        const leases = await queue.receive({ max, leaseMs: longMs })
        if (leases.length === 0) return
        taken.push(...leases.map((lease) => lease.id))
        await Promise.all(leases.map((lease) => lease.complete()))
      }
    }
    await Promise.all([1, 2, 3, 5, 8, 13, 21, 32].map(reader))
    assert.equal(taken.length, 200)
    assert.deepEqual(new Set(taken), new Set(sent.map((message) => message.id)))
    assert.equal(await queue.approximateDepth(), 0)
  },
}
