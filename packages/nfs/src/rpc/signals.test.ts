import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { SignalWatch } from './signals.ts'

test('a signal has one listener however often it is carried, and none when nobody carries it', () => {
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

test('an abort is told once for each signal', () => {
  const seen: AbortSignal[] = []
  const watch = new SignalWatch((signal) => seen.push(signal))
  const [a, b] = [new AbortController(), new AbortController()]
  for (const { signal } of [a, a, b]) watch.add(signal)
  a.abort()
  expect(seen).toEqual([a.signal])
})
