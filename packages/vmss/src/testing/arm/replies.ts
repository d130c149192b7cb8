import type { FakeSet, Machine } from './scale-sets.ts'

/** What is sent back. */
export interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export const ok = (body: unknown): Reply => ({ status: 200, body })

export const failure = (status: number, code: string, message: string, extra: object = {}): Reply => ({
  status,
  body: { error: { code, message, ...extra } },
})

export const notFound = (id: string): Reply =>
  failure(404, 'ResourceNotFound', `The Resource '${id}' under resource group was not found.`)

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

/** A machine that is in no scale set, such as the controller that a manager runs on. */
export interface Controller {
  readonly name: string
  readonly subnetId: string
}

/** Answers what is asked about a controller's machine and interface; `undefined` for everything else. */
export function controllerReply(controllers: readonly Controller[], id: string): Reply | undefined {
  const [, group, type, name] =
    /^(.*)\/providers\/(Microsoft\.Compute\/virtualMachines|Microsoft\.Network\/networkInterfaces)\/([^/]+)$/i.exec(
      id,
    ) ?? []
  if (group === undefined || type === undefined || name === undefined) return undefined
  const interfaceOf = (controller: Controller): string => `${controller.name}-nic`
  const machine = /virtualMachines$/i.test(type)
  const found = controllers.find((controller) => (machine ? controller.name : interfaceOf(controller)) === name)
  if (!found) return notFound(id)
  const nic = {
    id: `${group}/providers/Microsoft.Network/networkInterfaces/${interfaceOf(found)}`,
    properties: { primary: true },
  }
  if (machine)
    return ok({ id, name, location: 'anywhere', properties: { networkProfile: { networkInterfaces: [nic] } } })
  const configuration = { name: 'ip', properties: { primary: true, subnet: { id: found.subnetId } } }
  return ok({ id, name, properties: { ipConfigurations: [configuration] } })
}
