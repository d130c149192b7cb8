import { checkUserName } from '../../scale-set/settings.ts'
import type { ArmFailure } from './operations.ts'

/** What Azure checks beyond the form of a body, as far as it can happen to us. */
export interface World {
  readonly location: string
  /** Sizes that this region has. */
  readonly sizes: readonly string[]
  /** Sizes without accelerated networking. */
  readonly unaccelerated: readonly string[]
  /** Lower-case resource ids of what bodies may refer to: subnets, identities, images. */
  readonly resources: ReadonlySet<string>
  /** Plans whose terms were accepted, as `publisher:product:name`. */
  readonly acceptedPlans: ReadonlySet<string>
  /** Machines that the quota allows altogether. */
  readonly quota: number
}

/** The parts that are looked at; the form was checked before. */
export interface CheckedBody {
  readonly location: string
  readonly sku?: { readonly name?: string; readonly capacity?: number }
  readonly zones?: readonly string[]
  readonly plan?: { readonly name?: string; readonly publisher?: string; readonly product?: string }
  readonly identity?: { readonly userAssignedIdentities?: Readonly<Record<string, unknown>> }
  readonly properties?: {
    readonly virtualMachineProfile?: {
      readonly priority?: string
      readonly evictionPolicy?: string
      readonly billingProfile?: { readonly maxPrice?: number }
      readonly osProfile?: {
        readonly computerNamePrefix?: string
        readonly adminUsername?: string
        readonly adminPassword?: string
        readonly customData?: string
        readonly linuxConfiguration?: { readonly disablePasswordAuthentication?: boolean; readonly ssh?: unknown }
      }
      readonly storageProfile?: {
        readonly imageReference?: { readonly id?: string; readonly publisher?: string }
        readonly osDisk?: { readonly caching?: string; readonly diffDiskSettings?: unknown }
      }
      readonly networkProfile?: { readonly networkInterfaceConfigurations?: readonly Interface[] }
      readonly scheduledEventsProfile?: {
        readonly terminateNotificationProfile?: { readonly notBeforeTimeout?: string }
      }
    }
  }
}

/** A network interface, as far as it is looked at. */
interface Interface {
  readonly properties?: {
    readonly enableAcceleratedNetworking?: boolean
    readonly ipConfigurations?: readonly { readonly properties?: { readonly subnet?: { readonly id?: string } } }[]
  }
}

const parameter = (target: string, message: string): ArmFailure & { target: string } => ({
  code: 'InvalidParameter',
  target,
  message,
})

/** Why Azure would not make this set, if it would not. Codes and words as Azure has them. */
export function refusal(body: CheckedBody, world: World): (ArmFailure & { readonly target?: string }) | undefined {
  const { sku = {}, properties = {}, plan } = body
  const { virtualMachineProfile: profile = {} } = properties
  const { osProfile: os = {}, storageProfile: storage = {} } = profile
  const nics = profile.networkProfile?.networkInterfaceConfigurations ?? []

  if (body.location.toLowerCase() !== world.location) {
    return {
      code: 'LocationNotAvailableForResourceType',
      message: `The provided location '${body.location}' is not available.`,
    }
  }
  if (!world.sizes.includes(sku.name ?? '')) {
    const valid = world.sizes.join(', ')
    return parameter(
      'vmSize',
      `The value ${sku.name} provided for the VM size is not valid. The valid sizes in the current region are: ${valid}.`,
    )
  }
  if (
    nics.some(({ properties: nic }) => nic?.enableAcceleratedNetworking) &&
    world.unaccelerated.includes(sku.name ?? '')
  ) {
    const message = `VMSizeIsNotPermittedToEnableAcceleratedNetworking: the VM size '${sku.name}' is not permitted.`
    return { code: 'VMSizeIsNotPermittedToEnableAcceleratedNetworking', message }
  }
  const strange = (body.zones ?? []).filter((zone) => !['1', '2', '3'].includes(zone))
  if (strange.length > 0) {
    const message = `The zone(s) '${strange.join(',')}' for resource is not supported. The supported zones for location '${world.location}' are '1,2,3'`
    return { code: 'AvailabilityZoneNotSupported', message }
  }
  if (!/^[A-Za-z0-9-]{1,15}$/.test(os.computerNamePrefix ?? ''))
    return parameter('computerNamePrefix', 'Invalid computer name prefix.')
  try {
    checkUserName('adminUsername', os.adminUsername ?? '')
  } catch {
    return parameter('adminUsername', 'The Admin Username specified is not allowed.')
  }
  const passwords = os.linuxConfiguration?.disablePasswordAuthentication === false
  if (passwords ? os.adminPassword === undefined : os.linuxConfiguration?.ssh === undefined) {
    return parameter(
      'linuxConfiguration',
      'Authentication using either SSH or by user name and password must be enabled in Linux profile.',
    )
  }
  const customData = Buffer.from(os.customData ?? '', 'base64')
  if (customData.toString('base64') !== (os.customData ?? ''))
    return parameter('customData', 'Custom data in OSProfile must be in Base64 encoding.')
  if (customData.length > 65_535)
    return parameter('customData', 'Custom data in OSProfile must be at most 65535 bytes.')
  if (profile.priority !== 'Spot' && (profile.evictionPolicy ?? profile.billingProfile) !== undefined) {
    return parameter('evictionPolicy', 'Eviction policy and price can be set only on Azure Spot Virtual Machines.')
  }
  if (storage.osDisk?.diffDiskSettings && storage.osDisk.caching !== 'ReadOnly') {
    return parameter('osDisk.caching', 'Ephemeral OS disks are only supported with caching ReadOnly.')
  }
  const notice = profile.scheduledEventsProfile?.terminateNotificationProfile?.notBeforeTimeout ?? 'PT5M'
  if (!/^PT(?:[5-9]|1[0-5])M$/.test(notice))
    return parameter('notBeforeTimeout', `The value ${notice} is not between PT5M and PT15M.`)
  return refusedReference(body, world) ?? refusedPlan(plan, storage.imageReference, world)
}

/** Everything that a body names by its id must exist. */
function refusedReference({ identity, properties }: CheckedBody, world: World): ArmFailure | undefined {
  const { networkProfile, storageProfile } = properties?.virtualMachineProfile ?? {}
  const subnets = (networkProfile?.networkInterfaceConfigurations ?? [])
    .flatMap(({ properties: nic }) => nic?.ipConfigurations ?? [])
    .map((configuration) => configuration.properties?.subnet?.id ?? '')
  const image = storageProfile?.imageReference?.id
  for (const id of [...subnets, ...Object.keys(identity?.userAssignedIdentities ?? {}), ...(image ? [image] : [])]) {
    if (world.resources.has(id.toLowerCase())) continue
    return { code: 'InvalidResourceReference', message: `Resource ${id} referenced by the scale set was not found.` }
  }
  return undefined
}

/** Images that are sold need their plan, and a plan needs its terms accepted. */
function refusedPlan(
  plan: CheckedBody['plan'],
  image: { publisher?: string } | undefined,
  world: World,
): ArmFailure | undefined {
  if (plan === undefined) {
    if (image?.publisher !== 'microsoft-avere') return undefined
    return {
      code: 'VMMarketplaceInvalidInput',
      message: 'Creating a virtual machine from Marketplace image requires Plan information in the request.',
    }
  }
  if (world.acceptedPlans.has(`${plan.publisher}:${plan.product}:${plan.name}`)) return undefined
  const message =
    "User failed validation to purchase resources. Error message: 'You have not accepted the legal terms on this " +
    `subscription for this plan. Before the subscription can be used, you need to accept the legal terms of the image.'`
  return { code: 'ResourcePurchaseValidationFailed', message }
}

/** One thing that a request does, as roles name it. */
export interface Permission {
  readonly action: string
  readonly scope: string
}

const compute = 'Microsoft.Compute/virtualMachineScaleSets'

/** What a request to a scale set needs; a body needs more, for what it refers to. */
export function permissionsFor(
  method: string,
  setId: string,
  rest: string,
  references: readonly string[],
): Permission[] {
  const below = rest.startsWith('/virtualMachines')
  if (below) return [{ action: `${compute}/virtualMachines/${method === 'DELETE' ? 'delete' : 'read'}`, scope: setId }]
  if (rest === '/delete') return [{ action: `${compute}/delete/action`, scope: setId }]
  const verb = method === 'GET' ? 'read' : method === 'DELETE' ? 'delete' : 'write'
  return [{ action: `${compute}/${verb}`, scope: setId }, ...references.map(linked)]
}

function linked(scope: string): Permission {
  if (/\/subnets\//i.test(scope)) return { action: 'Microsoft.Network/virtualNetworks/subnets/join/action', scope }
  if (/ManagedIdentity/i.test(scope))
    return { action: 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action', scope }
  return { action: 'Microsoft.Compute/galleries/images/versions/read', scope }
}

/** The words by which Azure says no, which are all that it says. */
export function denial(denied: Permission, main: Permission): { code: string; message: string } {
  const who = "The client 'manager' with object id '00000000-0000-0000-0000-000000000001'"
  if (denied === main) {
    const what = `does not have authorization to perform action '${main.action}' over scope '${main.scope}'`
    return { code: 'AuthorizationFailed', message: `${who} ${what} or the scope is invalid.` }
  }
  const has = `has permission to perform action '${main.action}' on scope '${main.scope}'`
  const lacks = `it does not have permission to perform action(s) '${denied.action}' on the linked scope(s) '${denied.scope}'`
  const message = `${who} ${has}; however, ${lacks} (respectively) or the linked scope(s) are invalid.`
  return { code: 'LinkedAuthorizationFailed', message }
}

/** Something that goes wrong with requests before Azure looks at what they want. */
export interface Fault {
  readonly method?: string
  readonly path?: RegExp
  /** `reset` ends the connection without an answer, `hang` never answers. */
  readonly answer: 'reset' | 'hang' | { readonly status: number; readonly code: string; readonly message?: string }
  readonly headers?: Readonly<Record<string, string>>
  /** How many requests it meets. Default 1. */
  readonly times?: number
}

/** Faults in the order they were asked for; each is used up. */
export class Faults {
  readonly #waiting: { readonly fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 })
  }

  clear(): void {
    this.#waiting.length = 0
  }

  take(method: string, path: string): Fault | undefined {
    const found = this.#waiting.find(
      ({ fault, left }) => left > 0 && (fault.method ?? method) === method && (fault.path?.test(path) ?? true),
    )
    if (found) found.left -= 1
    return found?.fault
  }
}
