import { expect, test } from 'vitest'
import { Fifo } from './fifo.ts'

test('gives back in the order in which it was given, and undefined when there is nothing', () => {
  const line = new Fifo<number>()
  expect([line.shift(), line.peek(), line.length]).toEqual([undefined, undefined, 0])
  line.push(1)
  line.push(2)
  expect([line.peek(), line.length, line.shift(), line.shift(), line.length]).toEqual([1, 2, 1, 2, 0])
  line.push(3)
  expect([line.shift(), line.shift()]).toEqual([3, undefined])
})
