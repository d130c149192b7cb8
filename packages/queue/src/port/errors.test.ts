import { describe, expect, test } from 'vitest'
import { isQueueError, orIfAbsent, QueueError } from './errors.ts'

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

describe('orIfAbsent', () => {
  test('gives the result of the call', async () => {
    expect(await orIfAbsent(Promise.resolve(3), 0)).toBe(3)
  })

  test('gives the value where there is no such queue', async () => {
    expect(await orIfAbsent(Promise.reject(new QueueError('QUEUE_NOT_FOUND', 'q', 'absent')), 0)).toBe(0)
  })

  test.each([new QueueError('UNAVAILABLE', 'q', 'away'), new Error('QUEUE_NOT_FOUND')])(
    'passes on %s',
    async (error) => {
      await expect(orIfAbsent(Promise.reject(error), 0)).rejects.toBe(error)
    },
  )
})
