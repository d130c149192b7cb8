import { describe, expect, test } from 'vitest'
import { type Clock, sleep } from '../port/clock.ts'
import { QueueError } from '../port/errors.ts'
import { silentLogger } from '../port/queue.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { keepLease } from './lease-keeper.ts'

/** A lease whose renewals are written down, and answered by `answer`. */
function renewals(answer: (call: number, signal: AbortSignal | undefined) => Promise<void> = async () => {}) {
  const clock = fakeClock()
  const begin = clock.now()
  const at: number[] = []
  const lease = {
    id: 'm1',
    renew: (_leaseMs: number, options?: { readonly signal?: AbortSignal | undefined }) => {
      at.push(clock.now() - begin)
      return answer(at.length, options?.signal)
    },
  }
  return { clock, lease, at }
}

const lost = new QueueError('LEASE_LOST', 'q', 'taken')
const unavailable = new QueueError('UNAVAILABLE', 'q', 'reset')

describe('keepLease', () => {
  test('renews whenever a third of the lease is over', async () => {
    const { clock, lease, at } = renewals()
    const keeper = keepLease(lease, { leaseMs: 3_000, clock })
    await clock.advance(5_500)
    expect(at).toEqual([1_000, 2_000, 3_000, 4_000, 5_000])
    expect(keeper.signal.aborted).toBe(false)
    await keeper.stop()
    expect(clock.timers).toBe(0)
  })

  test('counts from when the lease was asked for', async () => {
    const { clock, lease, at } = renewals()
    const askedAtMs = clock.now() - 600
    const keeper = keepLease(lease, { leaseMs: 3_000, clock, askedAtMs })
    await clock.advance(1_500)
    expect(at).toEqual([400, 1_400])
    await keeper.stop()
  })

  test('counts the next lease from when its renewal was asked for, not from when it was answered', async () => {
    const { clock, lease, at } = renewals(() => sleep(clock, 500))
    const keeper = keepLease(lease, { leaseMs: 3_000, clock })
    await clock.advance(3_200)
    expect(at).toEqual([1_000, 2_000, 3_000])
    await clock.run(keeper.stop())
  })

  test('a stopped keeper renews no more and its signal stays quiet', async () => {
    const { clock, lease, at } = renewals()
    const keeper = keepLease(lease, { leaseMs: 3_000, clock })
    await keeper.stop()
    await keeper.stop()
    await clock.advance(60_000)
    expect(at).toEqual([])
    expect(keeper.signal.aborted).toBe(false)
    expect(keeper.lost).toBeUndefined()
  })

  test.each(['LEASE_LOST', 'QUEUE_NOT_FOUND', 'CLOSED'] as const)('%s aborts at once', async (code) => {
    const cause = new QueueError(code, 'q', 'taken')
    const { clock, lease } = renewals(() => Promise.reject(cause))
    const keeper = keepLease(lease, { leaseMs: 3_000, clock })
    await clock.advance(1_000)
    expect(keeper.signal.reason).toMatchObject({ code: 'LEASE_LOST', queue: 'q', cause })
    expect(keeper.lost).toBe(keeper.signal.reason)
    await keeper.stop()
    expect(clock.timers).toBe(0)
  })

  test.each([unavailable, new QueueError('DENIED', 'q', 'token'), new Error('odd')])(
    'a passing failure (%s) is tried again within the lease',
    async (problem) => {
      const { clock, lease, at } = renewals((call) => (call < 4 ? Promise.reject(problem) : Promise.resolve()))
      const keeper = keepLease(lease, { leaseMs: 3_000, clock })
      await clock.advance(2_000)
      expect(at).toEqual([1_000, 1_150, 1_300, 1_450])
      expect(keeper.signal.aborted).toBe(false)
      await clock.advance(500)
      expect(at.at(-1)).toBe(2_450)
      await keeper.stop()
    },
  )

  test('a failure that does not pass is a loss when the lease runs out, not before', async () => {
    const { clock, lease } = renewals(() => Promise.reject(unavailable))
    const keeper = keepLease(lease, { leaseMs: 3_000, clock })
    await clock.advance(2_999)
    expect(keeper.signal.aborted).toBe(false)
    await clock.advance(1)
    expect(keeper.signal.reason).toMatchObject({ code: 'LEASE_LOST', cause: unavailable })
    await keeper.stop()
    expect(clock.timers).toBe(0)
  })

  test('a failure that passed is not blamed for a loss later on', async () => {
    const { clock, lease } = renewals((call) => (call === 1 ? Promise.reject(unavailable) : Promise.resolve()))
    let stalledMs = 0
    const keeper = keepLease(lease, { leaseMs: 3_000, clock: { ...clock, now: () => clock.now() + stalledMs } })
    await clock.advance(1_500)
    stalledMs = 3_600_000
    await clock.advance(3_000)
    expect(keeper.lost).toMatchObject({ code: 'LEASE_LOST' })
    expect(keeper.lost?.cause).toBeUndefined()
    await keeper.stop()
  })

  test('failed renewals and the loss are logged', async () => {
    const { clock, lease } = renewals((call) => Promise.reject(call === 1 ? unavailable : lost))
    const logged: unknown[] = []
    const logger = { ...silentLogger, warn: (...args: unknown[]) => logged.push(args) }
    const keeper = keepLease(lease, { leaseMs: 3_000, clock, logger })
    await clock.advance(3_000)
    expect(logged).toEqual([
      ['renewal failed', { messageId: 'm1', error: unavailable }],
      ['lease lost', { messageId: 'm1', why: 'it could not be renewed' }],
    ])
    await keeper.stop()
  })

  test('a renewal that hangs does not hide the end of the lease, and is aborted', async () => {
    let given: AbortSignal | undefined
    const { clock, lease } = renewals((_call, signal) => {
      given = signal
      return new Promise(() => {})
    })
    const keeper = keepLease(lease, { leaseMs: 3_000, clock })
    await clock.advance(2_999)
    expect(given?.aborted).toBe(false)
    await clock.advance(1)
    expect(keeper.signal.reason).toMatchObject({ code: 'LEASE_LOST' })
    expect(given?.aborted).toBe(true)
    await keeper.stop()
  })

  test('a process that was stopped for longer than its lease aborts its work and does not renew', async () => {
    const { clock, lease, at } = renewals()
    let nowMs = clock.now()
    // Time that jumps although no timer fired, as after SIGSTOP.
    const stalled: Clock = { ...clock, now: () => nowMs }
    const keeper = keepLease(lease, { leaseMs: 3_000, clock: stalled })
    nowMs += 3_600_000
    await clock.advance(1_000)
    expect(keeper.signal.reason).toMatchObject({ code: 'LEASE_LOST' })
    expect(at).toEqual([])
    await keeper.stop()
  })

  test('a handler that blocked the process for longer than its lease learns of it in stop()', async () => {
    const { clock, lease } = renewals()
    let nowMs = clock.now()
    const keeper = keepLease(lease, { leaseMs: 3_000, clock: { ...clock, now: () => nowMs } })
    nowMs += 3_000
    await keeper.stop()
    expect(keeper.lost).toMatchObject({ code: 'LEASE_LOST' })
  })

  test('stop waits for a renewal on its way, so that no receipt changes behind a complete', async () => {
    const { clock, lease } = renewals(() => sleep(clock, 700))
    const keeper = keepLease(lease, { leaseMs: 3_000, clock })
    await clock.advance(1_100)
    let stopped = false
    const stopping = keeper.stop().then(() => {
      stopped = true
    })
    await clock.advance(500)
    expect(stopped).toBe(false)
    await clock.advance(100)
    expect(stopped).toBe(true)
    await stopping
    expect(keeper.lost).toBeUndefined()
  })

  test('stop waits for a hanging renewal no longer than the lease', async () => {
    const { clock, lease } = renewals(() => new Promise(() => {}))
    const keeper = keepLease(lease, { leaseMs: 3_000, clock })
    await clock.advance(1_000)
    await clock.run(keeper.stop())
    expect(clock.timers).toBe(0)
  })

  test('the outer signal aborts the work with its own reason, while the lease is kept', async () => {
    const { clock, lease, at } = renewals()
    const outer = new AbortController()
    const keeper = keepLease(lease, { leaseMs: 3_000, clock, signal: outer.signal })
    outer.abort(lost)
    expect(keeper.signal.reason).toBe(lost)
    await clock.advance(2_000)
    expect(at).toEqual([1_000, 2_000])
    expect(keeper.lost).toBeUndefined()
    await keeper.stop()
  })

  test('an outer signal that was aborted before aborts from the start', async () => {
    const { clock, lease } = renewals()
    const keeper = keepLease(lease, { leaseMs: 3_000, clock, signal: AbortSignal.abort(lost) })
    expect(keeper.signal.reason).toBe(lost)
    await keeper.stop()
  })

  test('nothing stays behind on the outer signal', async () => {
    const { clock, lease } = renewals()
    const outer = new AbortController()
    const keeper = keepLease(lease, { leaseMs: 3_000, clock, signal: outer.signal })
    await keeper.stop()
    outer.abort(lost)
    expect(keeper.signal.aborted).toBe(false)
  })
})
