import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { QueueError } from './errors.ts'
import { type ConsumeEventSink, type ConsumeEvents, safely } from './events.ts'
import { silentLogger } from './ports.ts'

const message = { id: 'm', body: 'x', deliveries: 1, insertedAtMs: 0 }

test('an EventEmitter is a sink, and its listeners know what they get', () => {
  const emitter = new EventEmitter<ConsumeEvents>()
  const seen: number[] = []
  emitter.on('message:givenBack', (given, delayMs) => seen.push(given.deliveries + delayMs))
  const sink: ConsumeEventSink = emitter
  safely(sink, silentLogger).emit('message:givenBack', message, 5)
  expect(seen).toEqual([6])
})

test('a listener that throws is logged with the name of its event', () => {
  const problem = new Error('metrics are down')
  const logged: unknown[] = []
  const sink: ConsumeEventSink = {
    emit: () => {
      throw problem
    },
  }
  const logger = { ...silentLogger, error: (...args: unknown[]) => logged.push(args) }
  safely(sink, logger).emit('message:lost', message, new QueueError('LEASE_LOST', 'q', 'gone'))
  expect(logged).toEqual([['an event listener failed', { event: 'message:lost', error: problem }]])
})

test('without a sink nothing happens', () => {
  safely(undefined, silentLogger).emit('message:start', message)
})
