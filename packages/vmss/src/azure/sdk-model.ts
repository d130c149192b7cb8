import type { VirtualMachineScaleSet, VirtualMachineScaleSetVM } from '@azure/arm-compute'
import type { ScaleSetBody } from '../scale-set/body.ts'
import type { InstanceState, ObservedInstance, ObservedSet, SetState } from '../scale-set/compute-port.ts'

/** The SDK wants what ARM calls `properties` beside the rest, and puts it back where it belongs. */
export function toSdk(body: ScaleSetBody): VirtualMachineScaleSet {
  // The SDK's types have arrays and objects that can be changed, which ours are not: hence the copies.
  const { properties, tags, identity, zones, ...rest } = body
  const { virtualMachineProfile, ...setProperties } = properties
  const { networkProfile, osProfile, ...profile } = virtualMachineProfile
  const { ssh, ...linux } = osProfile.linuxConfiguration
  return {
    ...rest,
    ...setProperties,
    tags: { ...tags },
    ...(zones ? { zones: [...zones] } : {}),
    ...(identity ? { identity: { ...identity, userAssignedIdentities: { ...identity.userAssignedIdentities } } } : {}),
    virtualMachineProfile: {
      ...profile,
      osProfile: {
        ...osProfile,
        linuxConfiguration: { ...linux, ...(ssh ? { ssh: { publicKeys: [...ssh.publicKeys] } } : {}) },
      },
      networkProfile: {
        networkInterfaceConfigurations: networkProfile.networkInterfaceConfigurations.map((nic) => ({
          ...lift(nic),
          ipConfigurations: nic.properties.ipConfigurations.map(lift),
        })),
      },
    },
  }
}

const lift = <T extends { readonly properties: object }>({
  properties,
  ...rest
}: T): Omit<T, 'properties'> & T['properties'] => ({
  ...rest,
  ...properties,
})

/** Azure writes them in upper and lower case as it likes. */
const setStates: Readonly<Record<string, SetState>> = {
  creating: 'creating',
  updating: 'updating',
  migrating: 'updating',
  deleting: 'deleting',
  succeeded: 'ready',
  failed: 'failed',
  canceled: 'failed',
}

/** An unknown state counts as a passing one: nothing is done to such a set until it changes. */
export function observedSet(set: VirtualMachineScaleSet): ObservedSet {
  const { sku, virtualMachineProfile, tags, provisioningState = '' } = set
  const nic = virtualMachineProfile?.networkProfile?.networkInterfaceConfigurations?.[0]
  return {
    state: setStates[provisioningState.toLowerCase()] ?? 'updating',
    capacity: sku?.capacity ?? 0,
    size: sku?.name ?? '',
    spot: virtualMachineProfile?.priority === 'Spot',
    acceleratedNetworking: nic?.enableAcceleratedNetworking ?? false,
    tags: tags ?? {},
  }
}

/** Names stay as Azure has them, because events and workers use them. */
export function observedInstance(machine: VirtualMachineScaleSetVM): ObservedInstance {
  return {
    id: machine.instanceId ?? '',
    name: machine.name ?? '',
    computerName: machine.osProfile?.computerName,
    state: instanceState(machine),
    createdAtMs: machine.timeCreated?.getTime(),
  }
}

/** Power tells what a machine does, provisioning whether it ever will. */
function instanceState({ provisioningState = '', instanceView }: VirtualMachineScaleSetVM): InstanceState {
  const provisioning = provisioningState.toLowerCase()
  if (provisioning === 'deleting') return 'stopping'
  if (provisioning === 'failed' || provisioning === 'canceled') return 'failed'
  const power = instanceView?.statuses
    ?.find(({ code }) => code?.startsWith('PowerState/'))
    ?.code?.slice('PowerState/'.length)
  if (power === 'running') return 'running'
  if (power === 'stopping' || power === 'deallocating') return 'stopping'
  // No power state yet: it is being made.
  return power === 'stopped' || power === 'deallocated' ? 'stopped' : 'starting'
}
