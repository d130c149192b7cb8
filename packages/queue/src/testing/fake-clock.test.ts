import { describe, expect, test } from 'vitest'
import { sleep } from '../port/clock.ts'
import { fakeClock } from './fake-clock.ts'

describe('fakeClock', () => {
  test('stands still by itself, and starts at the given time', async () => {
    const clock = fakeClock({ startMs: 5 })
    await new Promise((resolve) => setImmediate(resolve))
    expect(clock.now()).toBe(5)
  })

  test('wakes sleepers in the order of their hour, each at its own', async () => {
    const clock = fakeClock({ startMs: 0 })
    const woken: [string, number][] = []
    const sleeper = async (name: string, ms: number): Promise<void> => {
      await sleep(clock, ms)
      woken.push([name, clock.now()])
    }
    const all = [sleeper('c', 30), sleeper('a', 10), sleeper('b', 20), sleeper('a2', 10)]
    await clock.advance(25)
    expect(woken).toEqual([
      ['a', 10],
      ['a2', 10],
      ['b', 20],
    ])
    expect(clock.now()).toBe(25)
    expect(clock.timers).toBe(1)
    await clock.advance(5)
    expect(clock.timers).toBe(0)
    await Promise.all(all)
  })

  test('a loop started just before sleeps its full number of times', async () => {
    const clock = fakeClock()
    let turns = 0
    const loop = async (): Promise<void> => {
      await Promise.resolve()
      for (; turns < 5; turns++) await sleep(clock, 10)
    }
    const done = loop()
    await clock.advance(49)
    expect(turns).toBe(4)
    await clock.advance(1)
    expect(turns).toBe(5)
    await done
  })

  test('an aborted sleep rejects with the reason and is forgotten', async () => {
    const clock = fakeClock()
    const stop = new AbortController()
    const sleeping = sleep(clock, 10, stop.signal)
    const reason = new Error('enough')
    stop.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
    await expect(sleep(clock, 10, stop.signal)).rejects.toBe(reason)
    expect(clock.timers).toBe(0)
  })

  test('an abort after waking up disturbs no other sleeper', async () => {
    const clock = fakeClock()
    const stop = new AbortController()
    const first = sleep(clock, 10, stop.signal)
    const second = sleep(clock, 20)
    await clock.advance(10)
    await first
    stop.abort()
    expect(clock.timers).toBe(1)
    await clock.advance(10)
    await second
  })

  test('sleeping for no time still takes a turn', async () => {
    const clock = fakeClock()
    let awake = false
    const sleeping = sleep(clock, 0).then(() => {
      awake = true
    })
    await Promise.resolve()
    expect(awake).toBe(false)
    await clock.advance(0)
    expect(awake).toBe(true)
    await sleeping
  })

  test('run moves time until the work is done, and no further', async () => {
    const clock = fakeClock({ startMs: 0 })
    const work = async (): Promise<string> => {
      await sleep(clock, 1_000)
      await sleep(clock, 500)
      return 'done'
    }
    const other = sleep(clock, 5_000)
    expect(await clock.run(work())).toBe('done')
    expect(clock.now()).toBe(1_500)
    await clock.advance(3_500)
    await other
  })

  test('run passes a failure on', async () => {
    const clock = fakeClock()
    await expect(clock.run(Promise.reject(new Error('no')))).rejects.toThrow('no')
  })

  test('run tells a deadlock and a limit', async () => {
    const clock = fakeClock()
    await expect(clock.run(new Promise(() => {}))).rejects.toThrow('no timer is set')
    const stop = new AbortController()
    const forever = (async (): Promise<void> => {
      for (;;) await sleep(clock, 100, stop.signal)
    })()
    await expect(clock.run(forever, 1_000)).rejects.toThrow('1000 ms of fake time')
    stop.abort(new Error('over'))
    await expect(forever).rejects.toThrow('over')
  })
})

test('the wall clock can be set without time passing', async () => {
  const clock = fakeClock()
  const [wall, steady] = [clock.now(), clock.steadyMs()]
  let woke = false
  const sleeping = sleep(clock, 1_000).then(() => {
    woke = true
  })
  clock.setWall(-7_200_000)
  expect(clock.now()).toBe(wall - 7_200_000)
  expect(clock.steadyMs()).toBe(steady)
  clock.setWall(7_200_000)
  await clock.advance(999)
  expect(woke).toBe(false)
  await clock.advance(1)
  await sleeping
  expect(clock.steadyMs()).toBe(steady + 1_000)
})

test('a start of the machine begins the steady clock anew, under another boot id', async () => {
  const clock = fakeClock()
  const [wall, before] = [clock.now(), clock.bootId]
  clock.reboot()
  expect(clock.steadyMs()).toBe(0)
  expect(clock.bootId).not.toBe(before)
  expect(clock.now()).toBe(wall)
})
