import assert from 'node:assert/strict'
import { bodies, type Cases, fails, isHidden, longMs, second } from './harness.ts'

export const leaseCases: Cases = {
  'a lease that runs out is delivered again, counted': async (h) => {
    const queue = await h.newQueue()
    await queue.send('again')
    const first = await h.take(queue, 1 * second)
    const next = await h.retake(queue)
    assert.equal(next.id, first.id)
    assert.equal(next.body, 'again')
    assert.equal(next.deliveries, 2)
    assert.equal(next.insertedAtMs, first.insertedAtMs)
  },

  'a lease that ran out is stale once another reader has the message': async (h) => {
    const queue = await h.newQueue()
    await queue.send('again')
    const stale = await h.take(queue, 1 * second)
    const next = await h.retake(queue)
    await fails(stale.renew(longMs), 'LEASE_LOST')
    await fails(stale.update('mine', { leaseMs: 0 }), 'LEASE_LOST')
    await fails(stale.giveBack(), 'LEASE_LOST')
    await fails(stale.complete(), 'LEASE_LOST')
    await isHidden(queue)
    await next.complete()
    assert.equal(await queue.approximateDepth(), 0)
  },

  'a lease is stale once the message is gone': async (h) => {
    const queue = await h.newQueue()
    await queue.send('x')
    const stale = await h.take(queue, 1 * second)
    await (await h.retake(queue)).complete()
    await fails(stale.renew(longMs), 'LEASE_LOST')
    await fails(stale.complete(), 'LEASE_LOST')
    await fails(stale.giveBack(), 'LEASE_LOST')
    await fails(stale.update('mine', { leaseMs: 0 }), 'LEASE_LOST')
  },

  'a renewed lease outlives its first time': async (h) => {
    const queue = await h.newQueue()
    await queue.send('kept')
    const lease = await h.take(queue, 2 * second)
    await lease.renew(longMs)
    await h.wait(3 * second)
    await isHidden(queue)
    await lease.complete()
    assert.equal(await queue.approximateDepth(), 0)
  },

  'a lease may be renewed to end sooner': async (h) => {
    const queue = await h.newQueue()
    await queue.send('soon')
    const lease = await h.take(queue)
    await lease.renew(1 * second)
    assert.equal((await h.retake(queue)).deliveries, 2)
    await fails(lease.complete(), 'LEASE_LOST')
  },

  'a lease survives many renewals and updates in a row': async (h) => {
    const queue = await h.newQueue()
    await queue.send('x')
    const lease = await h.take(queue)
    for (let n = 0; n < 5; n++) {
      await lease.renew(longMs)
      await lease.update(`x${n}`, { leaseMs: longMs })
    }
    await lease.complete()
    assert.equal(await queue.approximateDepth(), 0)
  },

  'calls at the same time on one lease do not trip over each other': async (h) => {
    const queue = await h.newQueue()
    await queue.send('x')
    const lease = await h.take(queue)
    await Promise.all([
      lease.renew(longMs),
      lease.update('y', { leaseMs: longMs }),
      lease.renew(longMs),
      lease.complete(),
    ])
    assert.equal(await queue.approximateDepth(), 0)
  },

  'an updated body is what the next reader gets': async (h) => {
    const queue = await h.newQueue()
    await queue.send('old')
    const lease = await h.take(queue)
    await lease.update('new', { leaseMs: longMs })
    await isHidden(queue)
    await lease.renew(longMs)
    await lease.giveBack()
    const next = await h.retake(queue)
    assert.equal(next.body, 'new')
    assert.equal(next.deliveries, 2)
  },

  'a message given back is visible at once': async (h) => {
    const queue = await h.newQueue()
    await queue.send('back')
    await (await h.take(queue)).giveBack()
    assert.deepEqual(await bodies(queue), ['back'])
    const next = await h.take(queue)
    assert.equal(next.deliveries, 2)
    assert.equal(next.body, 'back')
  },

  'a message given back with a delay is hidden till then': async (h) => {
    const queue = await h.newQueue()
    await queue.send('later')
    await (await h.take(queue)).giveBack(longMs)
    await isHidden(queue)
    await queue.send('sooner')
    await (await h.take(queue)).giveBack(1 * second)
    assert.equal((await h.retake(queue)).body, 'sooner')
  },

  'after complete a lease is dead': async (h) => {
    const queue = await h.newQueue()
    await queue.send('x')
    const lease = await h.take(queue)
    await lease.complete()
    await fails(lease.complete(), 'LEASE_LOST')
    await fails(lease.renew(longMs), 'LEASE_LOST')
    await fails(lease.giveBack(), 'LEASE_LOST')
    await fails(lease.update('y', { leaseMs: 0 }), 'LEASE_LOST')
  },

  'after giveBack a lease is dead, although no reader has the message yet': async (h) => {
    const queue = await h.newQueue()
    await queue.send('x')
    const lease = await h.take(queue)
    await lease.giveBack()
    await fails(lease.giveBack(), 'LEASE_LOST')
    await fails(lease.complete(), 'LEASE_LOST')
    await fails(lease.renew(longMs), 'LEASE_LOST')
    await fails(lease.update('y', { leaseMs: 0 }), 'LEASE_LOST')
    assert.deepEqual(await bodies(queue), ['x'])
  },

  'a sent message is updated in place, again and again, visible all the time': async (h) => {
    const queue = await h.newQueue()
    const sent = await queue.send('0')
    for (const body of ['1', '2', '3']) {
      await sent.update(body, { leaseMs: 0 })
      assert.deepEqual(await bodies(queue), [body])
    }
    const [message] = await queue.peek({ max: 1 })
    assert.equal(message?.id, sent.id)
    assert.equal(message?.deliveries, 0)
  },

  'a sent message may be hidden by an update, and shown again': async (h) => {
    const queue = await h.newQueue()
    const sent = await queue.send('x')
    await sent.update('hidden', { leaseMs: longMs })
    await isHidden(queue)
    await sent.update('shown', { leaseMs: 0 })
    assert.deepEqual(await bodies(queue), ['shown'])
  },

  'a sent message is out of its sender’s hands once a reader received it': async (h) => {
    const queue = await h.newQueue()
    const sent = await queue.send('x')
    await sent.update('y', { leaseMs: 0 })
    const lease = await h.take(queue)
    await fails(sent.update('z', { leaseMs: 0 }), 'LEASE_LOST')
    await lease.giveBack()
    await fails(sent.update('z', { leaseMs: 0 }), 'LEASE_LOST')
    await (await h.take(queue)).complete()
    await fails(sent.update('z', { leaseMs: 0 }), 'LEASE_LOST')
  },

  'a leased message updated to be visible stays the holder’s until another reader takes it': async (h) => {
    const queue = await h.newQueue()
    await queue.send('token')
    const lease = await h.take(queue)
    await lease.update('one', { leaseMs: 0 })
    assert.deepEqual(await bodies(queue), ['one'])
    await lease.update('two', { leaseMs: 0 })
    assert.deepEqual(await bodies(queue), ['two'])
    const other = await h.take(queue)
    assert.equal(other.deliveries, 2)
    await fails(lease.update('three', { leaseMs: 0 }), 'LEASE_LOST')
    await other.complete()
  },

  'leases taken together are independent of each other': async (h) => {
    const queue = await h.newQueue()
    await Promise.all(['a', 'b', 'c'].map((body) => queue.send(body)))
    const leases = await queue.receive({ max: 3, leaseMs: longMs })
    const held = new Map(leases.map((lease) => [lease.body, lease]))
    await held.get('a')?.complete()
    await held.get('b')?.giveBack()
    await held.get('c')?.renew(longMs)
    assert.deepEqual(await bodies(queue), ['b'])
    assert.equal(await queue.approximateDepth(), 2)
  },
}
