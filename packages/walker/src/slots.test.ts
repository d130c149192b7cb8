import { expect, test } from 'vitest'
import { Slots } from './slots.ts'

test('whoever finds no slot free waits in line, and nobody overtakes', async () => {
  const slots = new Slots(1)
  const order: string[] = []
  await slots.take()
  const first = slots.take().then(() => order.push('first'))
  const second = slots.take().then(() => order.push('second'))
  expect(slots.tryTake()).toBe(false)
  slots.give()
  await first
  expect(slots.tryTake()).toBe(false)
  slots.give()
  await second
  expect(order).toEqual(['first', 'second'])
  slots.give()
  expect(slots.tryTake()).toBe(true)
})
