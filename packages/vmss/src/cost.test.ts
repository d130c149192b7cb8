import { expect, test } from 'vitest'
import { costOf } from './cost.ts'
import { MachineHours } from './machine-hours.ts'
import { resolveScaleSet } from './settings.ts'
import { aScaleSet } from './testing/settings.ts'

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

test('without either nobody knows', () => {
  expect(costOf(twoHours(), resolveScaleSet(aScaleSet()))).toBeUndefined()
})

test('regular machines in place of Spot ones have another price, which nobody said', () => {
  const settings = resolveScaleSet(aScaleSet({ pricePerHour: 0.02, allowRegular: true }))
  const hours = twoHours()
  expect(costOf(hours, settings)).toMatchObject({ basis: 'price' })
  hours.see([machine('c')], 'regular', 2 * hour)
  expect(costOf(hours, settings)).toBeUndefined()
  const regular = resolveScaleSet(aScaleSet({ pricePerHour: 0.1, priority: 'regular' }))
  expect(costOf(twoHours('regular'), regular)).toEqual({ dollars: 0.2, basis: 'price' })
})
