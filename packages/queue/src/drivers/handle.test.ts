import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { leaseCalls, oneAtATime } from './handle.ts'

/** A call that ends on request of the test. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let started = false
  const call = () => {
    started = true
    return promise
  }
  return { call, resolve, reject, hasStarted: () => started }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('oneAtATime', () => {
  test('the next call starts when the one before is over, however that ended', async () => {
    const inTurn = oneAtATime()
    const [first, second] = [held(), held()]
    const running = [inTurn(first.call, {}), inTurn(second.call, {})]
    await turn()
    expect([first.hasStarted(), second.hasStarted()]).toEqual([true, false])
    first.reject(new Error('no'))
    await expect(running[0]).rejects.toThrow('no')
    await turn()
    expect(second.hasStarted()).toBe(true)
    second.resolve()
    await running[1]
  })

  test('a call that is aborted in the line ends at once, and never starts', async () => {
    const inTurn = oneAtATime()
    const [first, second, third] = [held(), held(), held()]
    const stop = new AbortController()
    const running = inTurn(first.call, {})
    const aborted = inTurn(second.call, { signal: stop.signal })
    const last = inTurn(third.call, {})
    stop.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    first.resolve()
    await running
    await turn()
    expect([second.hasStarted(), third.hasStarted()]).toEqual([false, true])
    third.resolve()
    await last
  })

  test('a call that was aborted before does not wait in the line', async () => {
    const inTurn = oneAtATime()
    const first = held()
    const running = inTurn(first.call, {})
    await expect(inTurn(held().call, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before')
    first.resolve()
    await running
  })

  test('nothing stays behind on a signal', async () => {
    const inTurn = oneAtATime()
    const stop = new AbortController()
    await inTurn(async () => {}, { signal: stop.signal })
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0)
  })
})

describe('leaseCalls', () => {
  test('a last call that fails is not the last', async () => {
    const calls = leaseCalls('q', 'm')
    await expect(calls.last('completed', () => Promise.reject(new Error('no')), {})).rejects.toThrow('no')
    await calls.last('completed', async () => {}, {})
    await expect(calls.during(async () => {}, {})).rejects.toMatchObject({
      code: 'LEASE_LOST',
      message: 'q: message m was completed through this lease before',
    })
  })
})
