import type { Image, PublishedImage } from './image.ts'
import { type Candidate, hasAcceleratedNetworking, ownerTag, type ScaleSetSettings } from './settings.ts'

/** What is sent to make a scale set: `VirtualMachineScaleSet` of the compute API 2026-04-01, as far as we use it. */
export interface ScaleSetBody {
  readonly location: string
  readonly tags: Readonly<Record<string, string>>
  readonly sku: { readonly name: string; readonly tier: 'Standard'; readonly capacity: number }
  readonly zones?: readonly string[]
  readonly plan?: { readonly name: string; readonly publisher: string; readonly product: string }
  readonly identity?: {
    readonly type: 'UserAssigned'
    readonly userAssignedIdentities: Readonly<Record<string, Record<string, never>>>
  }
  readonly properties: ScaleSetProperties
}

/** Properties of the set itself. */
interface ScaleSetProperties {
  readonly orchestrationMode: 'Uniform'
  readonly overprovision: false
  readonly singlePlacementGroup: boolean
  readonly platformFaultDomainCount: 1
  readonly upgradePolicy: { readonly mode: 'Manual' }
  readonly virtualMachineProfile: MachineProfile
}

/** What each machine is made from. */
interface MachineProfile {
  readonly priority: 'Spot' | 'Regular'
  readonly evictionPolicy?: 'Delete'
  readonly billingProfile?: { readonly maxPrice: number }
  readonly osProfile: OsProfile
  readonly storageProfile: StorageProfile
  readonly networkProfile: { readonly networkInterfaceConfigurations: readonly [NetworkInterface] }
  readonly scheduledEventsProfile: {
    readonly terminateNotificationProfile: { readonly enable: true; readonly notBeforeTimeout: string }
  }
}

/** Who may sign in, and what runs at the first start. */
interface OsProfile {
  readonly computerNamePrefix: string
  readonly adminUsername: string
  readonly adminPassword?: string
  /** The cloud-init, in base64. */
  readonly customData: string
  readonly linuxConfiguration: {
    readonly disablePasswordAuthentication: boolean
    readonly provisionVMAgent: true
    readonly ssh?: { readonly publicKeys: readonly [{ readonly path: string; readonly keyData: string }] }
  }
}

/** The image and the one disk. */
interface StorageProfile {
  readonly imageReference: { readonly id: string } | Omit<PublishedImage, 'plan'>
  readonly osDisk: {
    readonly createOption: 'FromImage'
    readonly caching: 'ReadOnly' | 'ReadWrite'
    readonly managedDisk: { readonly storageAccountType: 'Standard_LRS' | 'StandardSSD_LRS' }
    readonly diffDiskSettings?: { readonly option: 'Local' }
    readonly diskSizeGB?: number
  }
}

/** One interface in one subnet, without a public address. */
interface NetworkInterface {
  readonly name: string
  readonly properties: {
    readonly primary: true
    readonly enableAcceleratedNetworking: boolean
    readonly ipConfigurations: readonly [
      {
        readonly name: string
        readonly properties: { readonly primary: true; readonly subnet: { readonly id: string } }
      },
    ]
  }
}

/**
 * The exact body that makes the scale set: Uniform, never overprovisioned, upgraded by hand, spread as widely as Azure
 * likes, also over zones: even numbers in each are not worth a machine. Pure: the same settings, candidate and capacity give the same body.
 */
export function scaleSetBody(settings: ScaleSetSettings, candidate: Candidate, capacity: number): ScaleSetBody {
  const { image, identityId } = settings
  return {
    location: settings.location,
    tags: { ...settings.tags, [ownerTag]: settings.owner },
    sku: { name: candidate.size, tier: 'Standard', capacity },
    ...(settings.zones.length > 0 ? { zones: [...settings.zones] } : {}),
    ...('plan' in image && image.plan ? { plan: { ...image.plan } } : {}),
    ...(identityId ? { identity: { type: 'UserAssigned', userAssignedIdentities: { [identityId]: {} } } } : {}),
    properties: {
      orchestrationMode: 'Uniform',
      overprovision: false,
      singlePlacementGroup: settings.singlePlacementGroup,
      platformFaultDomainCount: 1,
      upgradePolicy: { mode: 'Manual' },
      virtualMachineProfile: {
        ...priorityOf(settings, candidate),
        osProfile: osProfile(settings),
        storageProfile: { imageReference: imageReference(image), osDisk: osDisk(settings) },
        networkProfile: { networkInterfaceConfigurations: [networkInterface(settings, candidate)] },
        scheduledEventsProfile: {
          terminateNotificationProfile: { enable: true, notBeforeTimeout: isoMinutes(settings.terminateNoticeMs) },
        },
      },
    },
  }
}

/** Whether a machine made this way has accelerated networking. */
export const acceleratedFor = (settings: ScaleSetSettings, size: string): boolean =>
  settings.acceleratedNetworking ?? hasAcceleratedNetworking(size)

/** A duration as ISO 8601 has it, in the minutes that Azure counts notices in. */
const isoMinutes = (ms: number): string => `PT${Math.ceil(ms / 60_000)}M`

/** Spot machines are deleted when Azure takes them back: one that is only stopped would still cost its disk. */
const priorityOf = (
  { maxPrice }: ScaleSetSettings,
  { priority }: Candidate,
): Pick<MachineProfile, 'priority' | 'evictionPolicy' | 'billingProfile'> =>
  priority === 'spot'
    ? { priority: 'Spot', evictionPolicy: 'Delete', billingProfile: { maxPrice } }
    : { priority: 'Regular' }

/** With a key, passwords are refused. */
function osProfile({ name, admin, cloudInit }: ScaleSetSettings): OsProfile {
  const { userName, sshPublicKey, password } = admin
  return {
    // "Computer name prefixes must be 1 to 15 characters long"; a machine's name adds six more.
    computerNamePrefix: name.replaceAll('_', '-').slice(0, 15).replace(/-+$/, ''),
    adminUsername: userName,
    ...(password === undefined ? {} : { adminPassword: password }),
    customData: Buffer.from(cloudInit, 'utf8').toString('base64'),
    linuxConfiguration: {
      disablePasswordAuthentication: password === undefined,
      provisionVMAgent: true,
      ...(sshPublicKey
        ? { ssh: { publicKeys: [{ path: `/home/${userName}/.ssh/authorized_keys`, keyData: sshPublicKey }] } }
        : {}),
    },
  }
}

const imageReference = (image: Image): StorageProfile['imageReference'] => {
  if ('id' in image) return { id: image.id }
  const { publisher, offer, sku, version } = image
  return { publisher, offer, sku, version }
}

/** Nothing on a worker's disk is worth more than a start: the cheapest one that is not slow. */
function osDisk({ ephemeralOsDisk, osDiskGib }: ScaleSetSettings): StorageProfile['osDisk'] {
  const size = osDiskGib === undefined ? {} : { diskSizeGB: osDiskGib }
  if (!ephemeralOsDisk) {
    const managedDisk = { storageAccountType: 'StandardSSD_LRS' } as const
    return { createOption: 'FromImage', caching: 'ReadWrite', managedDisk, ...size }
  }
  return {
    createOption: 'FromImage',
    // A disk that is a cache itself cannot be cached for writing ("Ephemeral OS disks for Azure VMs").
    caching: 'ReadOnly',
    managedDisk: { storageAccountType: 'Standard_LRS' },
    diffDiskSettings: { option: 'Local' },
    ...size,
  }
}

function networkInterface(settings: ScaleSetSettings, { size }: Candidate): NetworkInterface {
  return {
    name: 'nic',
    properties: {
      primary: true,
      enableAcceleratedNetworking: acceleratedFor(settings, size),
      ipConfigurations: [{ name: 'ip', properties: { primary: true, subnet: { id: settings.subnetId } } }],
    },
  }
}

/** What would be sent to Azure, for people to read. */
export interface ScaleSetPlan {
  readonly name: string
  /** The exact body of the request; a password is `***`, which it is not when it is sent. */
  readonly body: ScaleSetBody
  /** The custom data of the body as it was before base64. */
  readonly cloudInit: string
}

/** What `openScaleSet()` would send first. Sends no request. */
export function planScaleSet(settings: ScaleSetSettings): ScaleSetPlan {
  const body = scaleSetBody(settings, settings.candidates[0], settings.count)
  const { virtualMachineProfile: profile } = body.properties
  const hidden = profile.osProfile.adminPassword === undefined ? {} : { adminPassword: '***' }
  const virtualMachineProfile = { ...profile, osProfile: { ...profile.osProfile, ...hidden } }
  return {
    name: settings.name,
    body: { ...body, properties: { ...body.properties, virtualMachineProfile } },
    cloudInit: settings.cloudInit,
  }
}
