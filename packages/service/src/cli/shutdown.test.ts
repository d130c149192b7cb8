import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { onShutdown } from './shutdown.ts'

describe('a shutdown', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'])('begins with %s, which aborts no work', (name) => {
    const signals = new EventEmitter()
    using shutdown = onShutdown({ drainMs: 1_000 }, signals)
    expect(shutdown.stopTaking.aborted).toBe(false)
    signals.emit(name)
    expect(shutdown.stopTaking.reason).toEqual(new Error(`stopped by ${name}`))
    expect(shutdown.abortWork.aborted).toBe(false)
  })

  test('aborts the work at the second signal', () => {
    const signals = new EventEmitter()
    using shutdown = onShutdown({ drainMs: 1_000 }, signals)
    signals.emit('SIGTERM')
    signals.emit('SIGINT')
    expect(shutdown.abortWork.reason).toEqual(new Error('SIGINT again: stopped without draining'))
  })

  test('aborts the work when draining takes too long, and not before', () => {
    using shutdown = onShutdown({ drainMs: 1_000 }, new EventEmitter())
    shutdown.stop('the end of the parent')
    expect(shutdown.stopTaking.reason).toEqual(new Error('stopped by the end of the parent'))
    vi.advanceTimersByTime(999)
    expect(shutdown.abortWork.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(shutdown.abortWork.reason).toEqual(new Error('not drained within 1000 ms'))
  })

  test('that is disposed of listens no more and aborts nothing', () => {
    const signals = new EventEmitter()
    const shutdown = onShutdown({ drainMs: 1_000 }, signals)
    signals.emit('SIGINT')
    shutdown[Symbol.dispose]()
    vi.advanceTimersByTime(1_000)
    expect(signals.eventNames()).toEqual([])
    expect(shutdown.abortWork.aborted).toBe(false)
  })
})

test('listens to the process unless told otherwise', () => {
  const before = process.listenerCount('SIGHUP')
  {
    using _ = onShutdown({ drainMs: 1 })
    expect(process.listenerCount('SIGHUP')).toBe(before + 1)
  }
  expect(process.listenerCount('SIGHUP')).toBe(before)
})
