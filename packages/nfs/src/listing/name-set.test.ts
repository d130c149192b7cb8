import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NameSet, nameKey } from './name-set.ts'

test('a set of names is a set', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 4 })), (names) => {
      const set = new NameSet({ left: 1_000 })
      const model = new Set<string>()
      for (const name of names) {
        expect(set.add(name)).toBe(!model.has(name))
        model.add(name)
      }
    }),
  )
})

test('300,000 names that differ in little are all new, and then all known', () => {
  const set = new NameSet({ left: 1_000_000 })
  const shapes = [(n: number) => `f${n}`, (n: number) => `shot.${n}.exr`, (n: number) => String.fromCharCode(n, n >> 4)]
  for (const shape of shapes) {
    const names = Array.from({ length: 100_000 }, (_, n) => shape(n))
    expect(names.filter((name) => set.add(name)).length).toBe(new Set(names).size)
  }
  expect(set.add('f77777')).toBe(false)
  expect(set.complete).toBe(true)
})

test('beyond the budget every name is new, and what was held is given back', () => {
  const budget = { left: 3 }
  const set = new NameSet(budget)
  for (const name of ['a', 'b', 'c', 'd', 'a']) expect(set.add(name)).toBe(true)
  expect([set.complete, budget.left]).toEqual([false, 3])
})

test('a key is 16 digits, and the same everywhere', () => {
  expect(nameKey('f0')).toMatch(/^[0-9a-f]{16}$/)
  expect(nameKey('f0')).toBe(nameKey(['f', '0'].join('')))
  expect(nameKey('f0')).not.toBe(nameKey('f1'))
})
