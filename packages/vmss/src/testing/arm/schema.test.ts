import { describe, expect, test } from 'vitest'
import { scaleSetBody } from '../../scale-set/body.ts'
import { resolveScaleSet } from '../../scale-set/settings.ts'
import { aScaleSet } from '../settings.ts'
import { computeSchema, problemsOf } from './schema.ts'

const settings = resolveScaleSet(aScaleSet())
/** A body that can be spoilt. */
const body = () => JSON.parse(JSON.stringify(scaleSetBody(settings, settings.candidates[0], 1)))

describe('problemsOf', () => {
  test('our own body has none', () => {
    expect(problemsOf(body(), 'VirtualMachineScaleSet')).toEqual([])
  })

  test('an unknown property is reported with its type and place', () => {
    const spoilt = body()
    spoilt.properties.virtualMachineProfile.osProfile.sshKey = 'x'
    spoilt.overprovision = false
    expect(problemsOf(spoilt, 'VirtualMachineScaleSet')).toEqual([
      "could not find member 'overprovision' on object of type 'VirtualMachineScaleSet' at the root",
      "could not find member 'sshKey' on object of type 'VirtualMachineScaleSetOSProfile' at properties.virtualMachineProfile.osProfile",
    ])
  })

  test('what must be there is missed, at any depth', () => {
    const spoilt = body()
    delete spoilt.location
    delete spoilt.properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[0].properties
      .ipConfigurations
    expect(problemsOf(spoilt, 'VirtualMachineScaleSet')).toEqual([
      "required property 'location' was not found",
      "required property 'properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[0].properties.ipConfigurations' was not found",
    ])
  })

  const wrong: [unknown, string, string][] = [
    [{ location: 1 }, 'VirtualMachineScaleSet', 'location must be string'],
    [{ location: 'x', sku: { capacity: '3' } }, 'VirtualMachineScaleSet', 'sku.capacity must be integer'],
    [{ location: 'x', sku: { capacity: 1.5 } }, 'VirtualMachineScaleSet', 'sku.capacity must be integer'],
    [{ location: 'x', sku: [] }, 'VirtualMachineScaleSet', 'sku must be an object'],
    [{ location: 'x', tags: { a: 1 } }, 'VirtualMachineScaleSet', 'tags.a must be string'],
    [{ location: 'x', tags: [] }, 'VirtualMachineScaleSet', 'tags must be an object'],
    [
      { location: 'x', properties: { upgradePolicy: { mode: 'Hand' } } },
      'VirtualMachineScaleSet',
      'properties.upgradePolicy.mode must be one of Automatic|Manual|Rolling',
    ],
    [{ instanceIds: 'x' }, 'VirtualMachineScaleSetVMInstanceRequiredIDs', 'instanceIds must be an array'],
    [{ instanceIds: [1] }, 'VirtualMachineScaleSetVMInstanceRequiredIDs', 'instanceIds[0] must be string'],
    [{}, 'VirtualMachineScaleSetVMInstanceRequiredIDs', "required property 'instanceIds' was not found"],
    [undefined, 'VirtualMachineScaleSetUpdate', 'body must be an object'],
    [
      { location: 'x' },
      'VirtualMachineScaleSetUpdate',
      "could not find member 'location' on object of type 'VirtualMachineScaleSetUpdate' at the root",
    ],
  ]
  test.each(wrong)('%j is no %s', (spoilt, type, problem) => {
    expect(problemsOf(spoilt, type)).toEqual([problem])
  })

  test('every type that is named is there', () => {
    const plain = new Set(['string', 'boolean', 'integer', 'number', 'any'])
    for (const [type, properties] of Object.entries(computeSchema)) {
      for (const [name, each] of Object.entries(properties)) {
        const inner = each.replace(/!$/, '').replace(/^[[{](.*)[\]}]$/, '$1')
        // A name that begins like ours must be one of ours; others are words of a list.
        const known =
          plain.has(inner) ||
          inner in computeSchema ||
          !/^(?:VirtualMachineScaleSet|[A-Z]\w+(?:Profile|Policy|Configuration|Settings))\w*$/.test(inner)
        expect(known, `${type}.${name}: ${inner}`).toBe(true)
      }
    }
  })
})
