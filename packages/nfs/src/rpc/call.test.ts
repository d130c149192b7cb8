import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SignalWatch, XidTable } from './call.ts'

const item = () => ({ xid: -1 })

test('an item is found by its xid until it is removed, and an old xid finds nothing', () => {
  const table = new XidTable(() => 0.5)
  const [a, b] = [item(), item()]
  table.add(a)
  table.add(b)
  expect([table.get(a.xid), table.get(b.xid), table.size]).toEqual([a, b, 2])
  expect([table.remove(a), table.remove(a), table.get(a.xid), table.size]).toEqual([true, false, undefined, 1])
  const c = item()
  table.add(c)
  expect(c.xid & 0xffff).toBe(a.xid & 0xffff) // The same slot,
  expect([table.get(a.xid), table.get(c.xid)]).toEqual([undefined, c]) // of another generation.
})

test('xids are 32 bits wide and go round', () => {
  const table = new XidTable(() => 0.999_999_9)
  const seen = Array.from({ length: 3 }, () => {
    const one = item()
    table.add(one)
    table.remove(one)
    return one.xid
  })
  expect(seen).toEqual([0xffff_0000, 0, 0x1_0000])
})

test('unknown numbers find nothing', () => {
  const table = new XidTable(() => 0)
  table.add(item())
  expect([table.get(1), table.get(0x1_0000), table.get(0xffff_ffff)]).toEqual([undefined, undefined, undefined])
})

test('with any adding and removing, every item is found by its own xid alone', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 200 }), (steps) => {
      const table = new XidTable<{ xid: number }>(() => 0)
      const live: { xid: number }[] = []
      for (const step of steps) {
        const [gone] = step < live.length ? live.splice(step, 1) : []
        if (gone !== undefined) table.remove(gone)
        else {
          const fresh = item()
          table.add(fresh)
          live.push(fresh)
        }
      }
      expect(live.every((one) => table.get(one.xid) === one)).toBe(true)
      expect(new Set(table.items())).toEqual(new Set(live))
      expect(table.size).toBe(live.length)
    }),
  )
})

test('a signal has one listener for any number of calls, and none without calls', () => {
  const seen: AbortSignal[] = []
  const watch = new SignalWatch((signal) => seen.push(signal))
  const { signal } = new AbortController()
  const listeners = () => getEventListeners(signal, 'abort').length
  for (let i = 0; i < 100; i++) watch.add(signal)
  expect(listeners()).toBe(1)
  for (let i = 0; i < 99; i++) watch.remove(signal)
  expect(listeners()).toBe(1)
  watch.remove(signal)
  watch.remove(signal)
  expect([listeners(), seen]).toEqual([0, []])
})

test('an abort is reported once per signal', () => {
  const seen: AbortSignal[] = []
  const watch = new SignalWatch((signal) => seen.push(signal))
  const [a, b] = [new AbortController(), new AbortController()]
  for (const { signal } of [a, a, b]) watch.add(signal)
  a.abort()
  expect(seen).toEqual([a.signal])
})
