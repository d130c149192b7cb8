import type { Machine } from './machines.ts'
import type { FakeSet } from './scale-sets.ts'

type Json = Readonly<Record<string, unknown>>

/** A set as Azure shows it: what was sent, without its secrets, and what became of it. */
export function renderSet(set: FakeSet, id: string): Json {
  const { properties, ...rest } = set.body
  const { osProfile, ...profile } = properties.virtualMachineProfile ?? {}
  const { adminPassword: _, customData: __, ...os } = (osProfile ?? {}) as Json
  return {
    ...rest,
    id,
    name: set.name,
    type: 'Microsoft.Compute/virtualMachineScaleSets',
    properties: { ...properties, virtualMachineProfile: { ...profile, osProfile: os }, provisioningState: set.state },
  }
}

/** A machine; what it does now is shown only to those who ask for the instance view. */
export function renderMachine(machine: Machine, set: FakeSet, setId: string, instanceView: boolean): Json {
  const { provisioning, power } = machine
  const statuses = [
    { code: `ProvisioningState/${provisioning.toLowerCase()}`, level: 'Info', displayStatus: provisioning },
    ...(power ? [{ code: `PowerState/${power}`, level: 'Info', displayStatus: `VM ${power}` }] : []),
  ]
  return {
    id: `${setId}/virtualMachines/${machine.id}`,
    name: machine.name,
    instanceId: machine.id,
    type: 'Microsoft.Compute/virtualMachineScaleSets/virtualMachines',
    location: set.body.location,
    sku: { name: machine.size, tier: 'Standard' },
    properties: {
      latestModelApplied: true,
      provisioningState: provisioning,
      timeCreated: new Date(machine.createdAtMs).toISOString(),
      osProfile: { computerName: machine.computerName },
      ...(instanceView ? { instanceView: { statuses } } : {}),
    },
  }
}
