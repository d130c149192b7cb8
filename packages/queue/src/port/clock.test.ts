import { describe, expect, test, vi } from 'vitest'
import { bootId, readBootId, sleep, steadyClock, steadyMs, systemClock } from './clock.ts'

describe('systemClock', () => {
  test('tells milliseconds since 1970', () => {
    const before = Date.now()
    expect(systemClock.now()).toBeGreaterThanOrEqual(before)
    expect(systemClock.now()).toBeLessThanOrEqual(Date.now())
  })

  test('sleeps at least as long as asked for', async () => {
    const before = performance.now()
    await sleep(systemClock, 20)
    // A timer may be a millisecond early by this other clock.
    expect(performance.now() - before).toBeGreaterThan(18)
  })

  test('an aborted sleep rejects with the reason itself', async () => {
    const stop = new AbortController()
    const sleeping = sleep(systemClock, 3_600_000, stop.signal)
    const reason = new Error('enough')
    stop.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
    await expect(sleep(systemClock, 3_600_000, stop.signal)).rejects.toBe(reason)
    await expect(sleep(systemClock, 0, stop.signal)).rejects.toBe(reason)
  })

  test('sleeps longer than the longest timer of Node instead of not at all', async () => {
    const stop = new AbortController()
    let woken = false
    const sleeping = sleep(systemClock, 2 ** 32, stop.signal).then(() => {
      woken = true
    })
    await sleep(systemClock, 20)
    expect(woken).toBe(false)
    stop.abort(new Error('enough'))
    await expect(sleeping).rejects.toThrow('enough')
  })
})

describe('steadyClock', () => {
  test('is not set when the clock on the wall is', () => {
    const before = steadyClock.now()
    expect(Math.abs(before - Date.now())).toBeLessThan(60_000)
    const wall = vi.spyOn(Date, 'now').mockReturnValue(before - 3_600_000)
    try {
      expect(systemClock.now()).toBe(before - 3_600_000)
      expect(steadyClock.now()).toBeGreaterThanOrEqual(before)
      expect(steadyClock.now()).toBeLessThan(before + 60_000)
    } finally {
      wall.mockRestore()
    }
  })
})

const absent = (): never => {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
}

test('on Linux the boot id tells starts apart, and time namespaces', () => {
  const read = (file: string): string => (file === '/proc/sys/kernel/random/boot_id' ? 'f00d-1\n' : absent())
  expect(readBootId({ read, link: absent, sysctl: absent })).toBe('f00d-1')
  expect(readBootId({ read, link: () => 'time:[4026531834]', sysctl: absent })).toBe('f00d-1 time:[4026531834]')
})

test('on macOS the session of the kernel does', () => {
  const sysctl = (name: string): string => (name === 'kern.bootsessionuuid' ? 'CAFE-2\n' : absent())
  expect(readBootId({ read: absent, link: absent, sysctl })).toBe('CAFE-2')
})

test('where nothing tells them apart there is none', () => {
  expect(readBootId({ read: absent, link: absent, sysctl: absent })).toBeUndefined()
  expect(readBootId({ read: () => '\n', link: absent, sysctl: absent })).toBeUndefined()
})

test('this machine’s is the same each time, and its clock does not go back', () => {
  expect(bootId()).toBe(bootId())
  const before = steadyMs()
  expect(Number.isInteger(before)).toBe(true)
  expect(steadyMs()).toBeGreaterThanOrEqual(before)
})
