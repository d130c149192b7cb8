import { expect, test } from 'vitest'
import { MachineHours } from './machine-hours.ts'

const machine = (name: string, createdAtMs?: number) => ({
  id: '0',
  name,
  computerName: undefined,
  state: 'running' as const,
  createdAtMs,
})

test('adds up how long each machine was there, those that are gone included', () => {
  const hours = new MachineHours()
  hours.see([machine('a', 1_000), machine('b', 1_000)], 'spot', 2_000)
  hours.see([machine('b', 1_000)], 'spot', 5_000)
  expect(hours.spentMs).toBe(1_000 + 4_000)
})

test('a machine of the same name in the next set is another one', () => {
  const hours = new MachineHours()
  hours.see([machine('a', 0)], 'spot', 1_000)
  hours.see([machine('a', 5_000)], 'spot', 6_000)
  expect(hours.spentMs).toBe(2_000)
})

test('who is of unknown age, or of the future by another clock, is as old as the first look', () => {
  const hours = new MachineHours()
  hours.see([machine('a'), machine('b', 9_000)], 'spot', 1_000)
  hours.see([machine('a'), machine('b', 9_000)], 'spot', 2_000)
  expect(hours.spentMs).toBe(2_000)
  hours.reset()
  expect(hours.spentMs).toBe(0)
})

test('hours of one priority are told from those of another', () => {
  const hours = new MachineHours()
  hours.see([machine('a', 0)], 'spot', 3_000)
  hours.see([machine('b', 0)], 'regular', 5_000)
  expect([hours.spentMs, hours.spentMsOf('spot'), hours.spentMsOf('regular')]).toEqual([8_000, 3_000, 5_000])
})
