import { describe, expect, test } from 'vitest'
import { isQueueError, QueueError } from './errors.ts'

describe('QueueError', () => {
  test('carries code, queue and cause, and says where', () => {
    const cause = new Error('socket')
    const error = new QueueError('UNAVAILABLE', 'work', 'no answer', { cause })
    expect(error).toMatchObject({
      name: 'QueueError',
      code: 'UNAVAILABLE',
      queue: 'work',
      message: 'work: no answer',
      cause,
    })
  })

  test('is known by its name, so that two copies of the package agree', () => {
    const foreign = Object.assign(new Error('work: no answer'), { name: 'QueueError', code: 'UNAVAILABLE' })
    expect(isQueueError(foreign)).toBe(true)
    expect(isQueueError(new QueueError('CLOSED', 'q', 'closed'))).toBe(true)
    for (const other of [new Error('no'), undefined, null, 'QueueError', { name: 'QueueError' }]) {
      expect(isQueueError(other)).toBe(false)
    }
  })
})
