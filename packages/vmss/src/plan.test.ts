import { expect, test } from 'vitest'
import { scaleSetBody } from './model.ts'
import { planScaleSet } from './plan.ts'
import { resolveScaleSet } from './settings.ts'
import { aScaleSet } from './testing/settings.ts'

test('a plan is what would be sent', () => {
  const settings = resolveScaleSet(aScaleSet({ count: 4 }))
  expect(planScaleSet(settings)).toEqual({
    name: 'cachewarmer-test',
    body: scaleSetBody(settings, settings.candidates[0], 4),
    cloudInit: settings.cloudInit,
  })
})

test('a plan shows no password', () => {
  const { sshPublicKey: _, ...rest } = aScaleSet({ adminPassword: 'Correct-Horse-1' })
  const plan = planScaleSet(resolveScaleSet(rest))
  expect(JSON.stringify(plan)).not.toContain('Correct-Horse-1')
  expect(plan.body.properties.virtualMachineProfile.osProfile.adminPassword).toBe('***')
})
