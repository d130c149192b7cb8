import assert from 'node:assert/strict'
import { bodies, type Cases, fails, longMs } from './harness.ts'

export const serviceCases: Cases = {
  'a queue is created once': async ({ service, prefix }) => {
    assert.equal(await service.create(`${prefix}a`), 'created')
    assert.equal(await service.create(`${prefix}a`), 'existed')
  },

  'creating again keeps the messages': async (h) => {
    const queue = await h.newQueue()
    await queue.send('kept')
    await h.service.create(queue.name)
    assert.deepEqual(await bodies(queue), ['kept'])
  },

  'a queue is deleted once, with its messages': async (h) => {
    const queue = await h.newQueue()
    await queue.send('gone')
    assert.equal(await h.service.delete(queue.name), 'deleted')
    assert.equal(await h.service.delete(queue.name), 'absent')
    await fails(queue.peek({ max: 1 }), 'QUEUE_NOT_FOUND')
  },

  'a queue made again after its deletion is empty': async (h) => {
    const queue = await h.newQueue()
    await queue.send('gone')
    await h.service.delete(queue.name)
    const created = async () => {
      try {
        return await h.service.create(queue.name)
      } catch (error) {
        if ((error as { code?: string }).code === 'QUEUE_BEING_DELETED') return undefined
        throw error
      }
    }
    assert.equal(await h.eventually('the queue again', created), 'created')
    assert.deepEqual(await bodies(queue), [])
    assert.equal(await queue.approximateDepth(), 0)
  },

  'queues do not see each other': async (h) => {
    const one = await h.newQueue('one')
    const two = await h.newQueue('two')
    await one.send('for one')
    assert.deepEqual(await bodies(one), ['for one'])
    assert.deepEqual(await bodies(two), [])
    await h.service.delete(two.name)
    assert.deepEqual(await bodies(one), ['for one'])
  },

  'list gives the names with a prefix, sorted': async ({ service, prefix }) => {
    const numbers = [...Array(40).keys()].reverse()
    await Promise.all(numbers.map((n) => service.create(`${prefix}run-${n}`)))
    await service.create(`${prefix}other`)
    const names = numbers.map((n) => `${prefix}run-${n}`).sort()
    assert.deepEqual(await service.list(`${prefix}run-`), names)
    assert.deepEqual(await service.list(prefix), [`${prefix}other`, ...names])
    assert.deepEqual(await service.list(`${prefix}absent`), [])
  },

  'list takes its prefix letter by letter, and the empty prefix gives all': async ({ service, prefix }) => {
    await service.create(`${prefix}abc`)
    for (const pattern of ['%', '_', '*', '?', "'"]) assert.deepEqual(await service.list(prefix + pattern), [])
    assert((await service.list('')).includes(`${prefix}abc`))
  },

  'a handle made before its queue works once the queue is there': async ({ service, prefix }) => {
    const queue = service.queue(`${prefix}early`)
    assert.equal(queue.name, `${prefix}early`)
    await fails(queue.send('x'), 'QUEUE_NOT_FOUND')
    await service.create(queue.name)
    await queue.send('x')
    assert.deepEqual(await bodies(queue), ['x'])
  },

  'the limits are those of Azure Storage Queues': async ({ service }) => {
    const week = 7 * 24 * 3_600_000
    assert.deepEqual(service.limits, { maxBodyBytes: 65_536, maxReceive: 32, maxPeek: 32, maxLeaseMs: week })
    assert(service.polling.minMs > 0 && service.polling.minMs <= service.polling.maxMs)
    assert.deepEqual(service.queue('any-queue').polling, service.polling)
  },

  'close may be called twice, and then nothing works': async (h) => {
    const service = await h.closable()
    const name = `${h.prefix}closing`
    const queue = service.queue(name)
    await service.create(name)
    const sent = await queue.send('x')
    const [lease] = await queue.receive({ max: 1, leaseMs: longMs })
    assert(lease !== undefined)
    await service.close()
    await service[Symbol.asyncDispose]()
    await fails(service.create(name), 'CLOSED')
    await fails(service.delete(name), 'CLOSED')
    await fails(service.list(h.prefix), 'CLOSED')
    await fails(queue.send('x'), 'CLOSED')
    await fails(queue.receive({ max: 1, leaseMs: longMs }), 'CLOSED')
    await fails(queue.peek({ max: 1 }), 'CLOSED')
    await fails(queue.approximateDepth(), 'CLOSED')
    await fails(sent.update('y', { leaseMs: 0 }), 'CLOSED')
    await fails(lease.renew(longMs), 'CLOSED')
    await fails(lease.complete(), 'CLOSED')
  },
}
