import pLimit from 'p-limit'
import { expect, test } from 'vitest'
import { memoryMount, memoryTree } from '../testing/index.ts'
import { walk } from '../walk/walk.ts'
import { Fifo, type Limiter, Slots, type TurnTaker, turnsOf } from './limiter.ts'

/** Notes what takers hear, by name. */
function noting(): { readonly heard: string[]; readonly taker: (name: string) => TurnTaker } {
  const heard: string[] = []
  return {
    heard,
    taker: (name) => ({
      begin: () => heard.push(`${name} begins`),
      fail: (error) => heard.push(`${name}: ${error instanceof Error ? error.message : String(error)}`),
    }),
  }
}

const later = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve))

test('a limiter that only runs tasks gives places in the order in which they were asked for', async () => {
  const { heard, taker } = noting()
  const turns = turnsOf({ run: pLimit(2) })
  expect(['a', 'b', 'c', 'd'].map((name) => turns.take(taker(name)))).toEqual([false, false, false, false])
  await later()
  expect(heard).toEqual(['a begins', 'b begins'])
  turns.give(1)
  await later()
  expect(heard.slice(2)).toEqual(['c begins'])
  turns.give(undefined)
  turns.give(1)
  await later()
  expect(heard.slice(3)).toEqual(['d begins'])
})

test.each<[string, Limiter]>([
  ['rejects', { run: () => Promise.reject(new Error('no place')) }],
  [
    'throws',
    {
      run() {
        throw new Error('no place')
      },
    },
  ],
])('who waits for a limiter that %s hears of it, later', async (_how, limiter) => {
  const { heard, taker } = noting()
  expect(turnsOf(limiter).take(taker('a'))).toBe(false)
  expect(heard).toEqual([])
  await later()
  expect(heard).toEqual(['a: no place'])
})

test('who has begun does not hear that its limiter gave up', async () => {
  const { heard, taker } = noting()
  const impatient: Limiter = {
    run: (task) => Promise.race([task(), Promise.reject(new Error('too late'))]),
  }
  turnsOf(impatient).take(taker('a'))
  await later()
  expect(heard).toEqual(['a begins'])
})

test('without a limiter every place is free', () => {
  const { heard, taker } = noting()
  expect([1, 2, 3].map(() => turnsOf(undefined).take(taker('a')))).toEqual([true, true, true])
  expect(heard).toEqual([])
})

test.each(['take', 'give'] as const)('places that throw at %s end the walk with what they threw', async (where) => {
  const fault = (): never => {
    throw new Error('broken')
  }
  const turns = { take: () => true, give: () => undefined, [where]: fault }
  const limiter: Limiter = { run: (task) => task(), turns }
  const mounts = [memoryMount({ name: 'm', tree: memoryTree({ a: 10, b: 20 }) })]
  await expect(walk(mounts, { entries: 'none', limiterFor: () => limiter }).done).rejects.toThrow('broken')
})

test('a task that finds no slot free waits in line, and none overtakes', async () => {
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

test('gives back in the order in which it was given, and undefined when there is nothing', () => {
  const line = new Fifo<number>()
  expect([line.shift(), line.peek(), line.length]).toEqual([undefined, undefined, 0])
  line.push(1)
  line.push(2)
  expect([line.peek(), line.length, line.shift(), line.shift(), line.length]).toEqual([1, 2, 1, 2, 0])
  line.push(3)
  expect([line.shift(), line.shift()]).toEqual([3, undefined])
})
