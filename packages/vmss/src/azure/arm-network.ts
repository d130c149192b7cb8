import { NetworkManagementClient } from '@azure/arm-network'
import { checkText } from '../check.ts'
import type { CallOptions } from '../compute-port.ts'
import { VmssError } from '../errors.ts'
import type { ArmCompute } from './arm-compute.ts'
import { type ArmOptions, clientOptions } from './client-options.ts'
import { mapError } from './map-error.ts'

export interface SubnetOptions extends CallOptions {
  /** Another subnet of the same network. Default: the interface's own. */
  readonly subnetName?: string
}

/** The subnet that a network interface is in, or its neighbour of another name. */
export async function subnetOf(interfaceId: string, arm: ArmOptions, options: SubnetOptions = {}): Promise<string> {
  const { signal, subnetName } = options
  const match =
    /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Network\/networkInterfaces\/([^/]+)$/i.exec(
      checkText('interfaceId', interfaceId, /^\//, 'the resource id of a network interface'),
    )
  const [, group = '', name = ''] = match ?? []
  checkText('interfaceId', name, /./, `the resource id of a network interface (${interfaceId})`)
  signal?.throwIfAborted()
  const client = new NetworkManagementClient(arm.credential, arm.subscriptionId, clientOptions(arm))
  const found = await client.networkInterfaces
    .get(group, name, signal ? { abortSignal: signal } : {})
    .catch((error: unknown) => {
      signal?.throwIfAborted()
      throw mapError(error, { target: name, subscriptionId: arm.subscriptionId })
    })
  // A machine may have several addresses; Azure calls one of them primary, if there is more than one.
  const configurations = found.ipConfigurations ?? []
  const id = (configurations.find(({ primary }) => primary) ?? configurations[0])?.subnet?.id
  if (id === undefined) throw new VmssError('NOT_FOUND', name, 'the network interface is in no subnet')
  if (subnetName === undefined) return id
  checkText('subnetName', subnetName, /^[A-Za-z0-9](?:[\w.-]{0,78}\w)?$/, 'the name of a subnet')
  return id.replace(/[^/]+$/, subnetName)
}

/** The subnet of the machine that this runs on, if it is in no scale set: its neighbours are what workers should be. */
export async function machineSubnet(
  compute: Pick<ArmCompute, 'primaryInterfaceOf'>,
  arm: ArmOptions,
  machine: { readonly resourceGroup: string; readonly name: string; readonly scaleSet?: string | undefined },
  options: SubnetOptions = {},
): Promise<string> {
  if (machine.scaleSet !== undefined) {
    throw new VmssError(
      'OPTION_INVALID',
      'subnetId',
      `must be given: ${machine.name} is in a scale set, where it cannot be found out`,
    )
  }
  return subnetOf(await compute.primaryInterfaceOf(machine, options), arm, options)
}
