import { expect, test } from 'vitest'
import { Samples } from './samples.ts'

test('says how figures are spread', () => {
  const samples = new Samples()
  expect(samples.any).toBe(false)
  for (let value = 100; value >= 1; value--) samples.add(value)
  expect(samples.quantiles(0, 0.5, 0.99, 1)).toEqual([1, 50, 99, 100])
})

test('knows the latest 1024 alone, and nothing after it is cleared', () => {
  const samples = new Samples()
  samples.add(1e9)
  for (let at = 0; at < 1024; at++) samples.add(at)
  expect(samples.quantiles(0, 1)).toEqual([0, 1023])
  samples.clear()
  expect([samples.any, ...samples.quantiles(0.5)]).toEqual([false, Number.NaN])
  samples.add(7)
  expect(samples.quantiles(0.5, 0.99)).toEqual([7, 7])
})
