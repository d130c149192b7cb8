import { expect, test } from 'vitest'
import { aScaleSet } from '../testing/settings.ts'
import { costOf, MachineHours } from './cost.ts'
import { resolveScaleSet } from './settings.ts'

const hour = 3_600_000
const machine = (name: string) => ({
  id: '0',
  name,
  computerName: undefined,
  state: 'running' as const,
  createdAtMs: 0,
})

function twoHours(priority: 'spot' | 'regular' = 'spot'): MachineHours {
  const hours = new MachineHours()
  hours.see([machine('a'), machine('b')], priority, hour)
  return hours
}

test('the price that was given counts, also where there is a limit', () => {
  const settings = resolveScaleSet(aScaleSet({ pricePerHour: 0.02, maxPrice: 0.05 }))
  expect(costOf(twoHours(), settings)).toEqual({ dollars: 0.04, basis: 'price' })
})

test('a limit alone says what it costs at most', () => {
  expect(costOf(twoHours(), resolveScaleSet(aScaleSet({ maxPrice: 0.05 })))).toEqual({ dollars: 0.1, basis: 'limit' })
})

test('without either the cost is unknown', () => {
  expect(costOf(twoHours(), resolveScaleSet(aScaleSet()))).toBeUndefined()
})

test('regular machines in place of Spot ones have another price, which is unknown', () => {
  const settings = resolveScaleSet(aScaleSet({ pricePerHour: 0.02, allowRegular: true }))
  const hours = twoHours()
  expect(costOf(hours, settings)).toMatchObject({ basis: 'price' })
  hours.see([machine('c')], 'regular', 2 * hour)
  expect(costOf(hours, settings)).toBeUndefined()
  const regular = resolveScaleSet(aScaleSet({ pricePerHour: 0.1, priority: 'regular' }))
  expect(costOf(twoHours('regular'), regular)).toEqual({ dollars: 0.2, basis: 'price' })
})

const dated = (name: string, createdAtMs?: number) => ({
  id: '0',
  name,
  computerName: undefined,
  state: 'running' as const,
  createdAtMs,
})

test('adds up how long each machine was there, those that are gone included', () => {
  const hours = new MachineHours()
  hours.see([dated('a', 1_000), dated('b', 1_000)], 'spot', 2_000)
  hours.see([dated('b', 1_000)], 'spot', 5_000)
  expect(hours.spentMs).toBe(1_000 + 4_000)
})

test('a machine of the same name in the next set is another one', () => {
  const hours = new MachineHours()
  hours.see([dated('a', 0)], 'spot', 1_000)
  hours.see([dated('a', 5_000)], 'spot', 6_000)
  expect(hours.spentMs).toBe(2_000)
})

test('who is of unknown age, or of the future by another clock, is as old as the first look', () => {
  const hours = new MachineHours()
  hours.see([dated('a'), dated('b', 9_000)], 'spot', 1_000)
  hours.see([dated('a'), dated('b', 9_000)], 'spot', 2_000)
  expect(hours.spentMs).toBe(2_000)
  hours.reset()
  expect(hours.spentMs).toBe(0)
})

test('hours are counted per priority', () => {
  const hours = new MachineHours()
  hours.see([dated('a', 0)], 'spot', 3_000)
  hours.see([dated('b', 0)], 'regular', 5_000)
  expect([hours.spentMs, hours.spentMsOf('spot'), hours.spentMsOf('regular')]).toEqual([8_000, 3_000, 5_000])
})
