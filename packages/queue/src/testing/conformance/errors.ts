import assert from 'node:assert/strict'
import type { QueueService } from '../../port/queue.ts'
import { bodies, type Cases, fails, isHidden, longMs } from './harness.ts'

const badNames = [
  '',
  'ab',
  'a'.repeat(64),
  'Upper',
  'under_score',
  'dot.ted',
  'two--dashes',
  '-first',
  'last-',
  'sp ace',
  'käse',
  'a/b',
  '../x',
  'a?b',
  'abc\n',
]

const goodNames = ['abc', '123', 'a-b', '0-0-0', 'a'.repeat(63)]

const endOfTime = Number.POSITIVE_INFINITY

export const errorCases: Cases = {
  'a name that Azure would refuse is refused everywhere': async ({ service }) => {
    for (const name of badNames) {
      assert.throws(() => service.queue(name), { name: 'QueueError', code: 'NAME_INVALID' }, name)
      await fails(service.create(name), 'NAME_INVALID')
      await fails(service.delete(name), 'NAME_INVALID')
    }
  },

  'a name at the edges of what is allowed is fine': async ({ service }) => {
    for (const name of goodNames) assert.equal(service.queue(name).name, name)
  },

  'a missing queue is reported by every method, and sending makes none': async (h) => {
    const queue = h.service.queue(`${h.prefix}absent`)
    await fails(queue.send('x'), 'QUEUE_NOT_FOUND')
    await fails(queue.receive({ max: 1, leaseMs: longMs }), 'QUEUE_NOT_FOUND')
    await fails(queue.peek({ max: 1 }), 'QUEUE_NOT_FOUND')
    await fails(queue.approximateDepth(), 'QUEUE_NOT_FOUND')
    assert.deepEqual(await h.service.list(queue.name), [])
  },

  'a deleted queue is reported by the leases of its messages': async (h) => {
    const queue = await h.newQueue()
    const sent = await queue.send('x')
    const lease = await h.take(queue)
    await h.service.delete(queue.name)
    await fails(sent.update('y', { leaseMs: 0 }), 'QUEUE_NOT_FOUND')
    await fails(lease.renew(longMs), 'QUEUE_NOT_FOUND')
    await fails(lease.update('y', { leaseMs: 0 }), 'QUEUE_NOT_FOUND')
    await fails(lease.giveBack(), 'QUEUE_NOT_FOUND')
    await fails(lease.complete(), 'QUEUE_NOT_FOUND')
  },

  'an error names its queue': async (h) => {
    const name = `${h.prefix}absent`
    await assert.rejects(h.service.queue(name).send('x'), { queue: name, message: new RegExp(`^${name}: `) })
  },

  'options out of bounds are refused, with field, value and what was expected': async (h) => {
    const queue = await h.newQueue()
    const sent = await queue.send('x')
    for (const max of [0, -1, 33, 1.5, Number.NaN]) {
      await fails(queue.receive({ max, leaseMs: longMs }), 'OPTION_INVALID', /max must be .* 1 and 32, got/)
      await fails(queue.peek({ max }), 'OPTION_INVALID', /max must be/)
    }
    for (const leaseMs of [0, -1, Number.NaN, endOfTime, h.service.limits.maxLeaseMs + 1]) {
      await fails(queue.receive({ max: 1, leaseMs }), 'OPTION_INVALID', /leaseMs must be between 1 and 604800000, got/)
    }
    for (const delayMs of [-1, Number.NaN, endOfTime, h.service.limits.maxLeaseMs + 1]) {
      await fails(queue.send('x', { delayMs }), 'OPTION_INVALID', /delayMs/)
      await fails(sent.update('x', { leaseMs: delayMs }), 'OPTION_INVALID', /leaseMs/)
    }
    for (const ttlMs of [0, -1, Number.NaN, endOfTime])
      await fails(queue.send('x', { ttlMs }), 'OPTION_INVALID', /ttlMs/)
    await fails(queue.send('x', { delayMs: 5_000, ttlMs: 5_000 }), 'OPTION_INVALID', /less than ttlMs/)

    const lease = await h.take(queue)
    await fails(lease.renew(0), 'OPTION_INVALID', /leaseMs/)
    await fails(lease.giveBack(-1), 'OPTION_INVALID', /delayMs/)
    await fails(lease.update('x', { leaseMs: -1 }), 'OPTION_INVALID', /leaseMs/)
    await lease.complete()
  },

  'an aborted signal ends every call with its reason, and nothing has happened': async (h) => {
    const queue = await h.newQueue()
    const sent = await queue.send('kept')
    const other = await h.newQueue('other')
    await other.send('held')
    const lease = await h.take(other)
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    const calls: Record<string, (service: QueueService) => Promise<unknown>> = {
      create: (service) => service.create(`${h.prefix}new`, { signal }),
      delete: (service) => service.delete(queue.name, { signal }),
      list: (service) => service.list(h.prefix, { signal }),
      send: () => queue.send('x', { signal }),
      receive: () => queue.receive({ max: 1, leaseMs: longMs, signal }),
      peek: () => queue.peek({ max: 1, signal }),
      depth: () => queue.approximateDepth({ signal }),
      'update of a sent message': () => sent.update('x', { leaseMs: longMs, signal }),
      renew: () => lease.renew(1_000, { signal }),
      'update of a lease': () => lease.update('x', { leaseMs: 0, signal }),
      giveBack: () => lease.giveBack(0, { signal }),
      complete: () => lease.complete({ signal }),
    }
    for (const [name, call] of Object.entries(calls)) {
      await assert.rejects(call(h.service), (error: unknown) => error === reason, name)
    }
    assert.deepEqual(await bodies(queue), ['kept'])
    await isHidden(other)
    assert.deepEqual(await h.service.list(`${h.prefix}new`), [])
    await lease.complete()
    assert.equal(await other.approximateDepth(), 0)
  },
}
