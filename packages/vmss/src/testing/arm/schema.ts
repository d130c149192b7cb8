/**
 * The bodies of the compute API 2026-04-01 that a scale set is made, changed and thinned out with, distilled from the
 * published specification (Microsoft.Compute, ComputeRP, virtualMachineScaleSets): every property of every type on the
 * way to what we send, and of the types beside it their names alone.
 *
 * A type is `string`, `boolean`, `integer`, `number`, `any` (known by name alone), a name below, `[of these]`,
 * `{to these}` for a map, or `one|of|these` words. `!` marks what must be there.
 */
export const computeSchema: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  VirtualMachineScaleSet: {
    location: 'string!',
    tags: '{string}',
    sku: 'Sku',
    plan: 'Plan',
    identity: 'VirtualMachineScaleSetIdentity',
    zones: '[string]',
    extendedLocation: 'any',
    placement: 'any',
    properties: 'VirtualMachineScaleSetProperties',
  },
  VirtualMachineScaleSetProperties: {
    upgradePolicy: 'UpgradePolicy',
    scheduledEventsPolicy: 'any',
    automaticRepairsPolicy: 'any',
    virtualMachineProfile: 'VirtualMachineScaleSetVMProfile',
    overprovision: 'boolean',
    doNotRunExtensionsOnOverprovisionedVMs: 'boolean',
    singlePlacementGroup: 'boolean',
    zoneBalance: 'boolean',
    platformFaultDomainCount: 'integer',
    proximityPlacementGroup: 'SubResource',
    hostGroup: 'SubResource',
    additionalCapabilities: 'any',
    scaleInPolicy: 'ScaleInPolicy',
    orchestrationMode: 'Uniform|Flexible',
    spotRestorePolicy: 'SpotRestorePolicy',
    priorityMixPolicy: 'any',
    constrainedMaximumCapacity: 'boolean',
    resiliencyPolicy: 'any',
    zonalPlatformFaultDomainAlignMode: 'string',
    skuProfile: 'any',
    highSpeedInterconnectPlacement: 'string',
    lifecycleHooksProfile: 'any',
    externalHealthPolicy: 'any',
  },
  VirtualMachineScaleSetVMProfile: {
    osProfile: 'VirtualMachineScaleSetOSProfile',
    storageProfile: 'VirtualMachineScaleSetStorageProfile',
    networkProfile: 'VirtualMachineScaleSetNetworkProfile',
    securityProfile: 'any',
    diagnosticsProfile: 'DiagnosticsProfile',
    extensionProfile: 'any',
    licenseType: 'string',
    priority: 'Regular|Low|Spot|SpotPlus',
    evictionPolicy: 'Deallocate|Delete',
    billingProfile: 'BillingProfile',
    scheduledEventsProfile: 'ScheduledEventsProfile',
    userData: 'string',
    capacityReservation: 'any',
    interconnectBlockProfile: 'any',
    applicationProfile: 'any',
    hardwareProfile: 'any',
    serviceArtifactReference: 'any',
    securityPostureReference: 'any',
  },
  VirtualMachineScaleSetOSProfile: {
    computerNamePrefix: 'string',
    adminUsername: 'string',
    adminPassword: 'string',
    customData: 'string',
    windowsConfiguration: 'any',
    linuxConfiguration: 'LinuxConfiguration',
    secrets: 'any',
    allowExtensionOperations: 'boolean',
    requireGuestProvisionSignal: 'boolean',
  },
  LinuxConfiguration: {
    disablePasswordAuthentication: 'boolean',
    ssh: 'SshConfiguration',
    provisionVMAgent: 'boolean',
    patchSettings: 'any',
    enableVMAgentPlatformUpdates: 'boolean',
  },
  SshConfiguration: { publicKeys: '[SshPublicKey]' },
  SshPublicKey: { path: 'string', keyData: 'string' },
  VirtualMachineScaleSetStorageProfile: {
    imageReference: 'ImageReference',
    osDisk: 'VirtualMachineScaleSetOSDisk',
    dataDisks: 'any',
    diskControllerType: 'string',
  },
  ImageReference: {
    id: 'string',
    publisher: 'string',
    offer: 'string',
    sku: 'string',
    version: 'string',
    sharedGalleryImageId: 'string',
    communityGalleryImageId: 'string',
  },
  VirtualMachineScaleSetOSDisk: {
    name: 'string',
    caching: 'None|ReadOnly|ReadWrite',
    writeAcceleratorEnabled: 'boolean',
    createOption: 'FromImage!',
    diffDiskSettings: 'DiffDiskSettings',
    diskSizeGB: 'integer',
    storageFaultDomainAlignment: 'string',
    osType: 'Windows|Linux',
    image: 'any',
    vhdContainers: '[string]',
    managedDisk: 'VirtualMachineScaleSetManagedDiskParameters',
    deleteOption: 'Delete|Detach',
  },
  DiffDiskSettings: { option: 'Local', placement: 'CacheDisk|ResourceDisk|NvmeDisk', enableFullCaching: 'boolean' },
  VirtualMachineScaleSetManagedDiskParameters: {
    storageAccountType:
      'Standard_LRS|Premium_LRS|StandardSSD_LRS|UltraSSD_LRS|Premium_ZRS|StandardSSD_ZRS|PremiumV2_LRS',
    diskEncryptionSet: 'SubResource',
    securityProfile: 'any',
  },
  VirtualMachineScaleSetNetworkProfile: {
    healthProbe: 'SubResource',
    networkInterfaceConfigurations: '[VirtualMachineScaleSetNetworkConfiguration]',
    networkApiVersion: 'string',
    interconnectGroupProfile: 'any',
  },
  VirtualMachineScaleSetNetworkConfiguration: {
    name: 'string!',
    properties: 'VirtualMachineScaleSetNetworkConfigurationProperties',
    tags: '{string}',
  },
  VirtualMachineScaleSetNetworkConfigurationProperties: {
    primary: 'boolean',
    enableAcceleratedNetworking: 'boolean',
    disableTcpStateTracking: 'boolean',
    enableFpga: 'boolean',
    networkSecurityGroup: 'SubResource',
    dnsSettings: 'any',
    ipConfigurations: '[VirtualMachineScaleSetIPConfiguration]!',
    enableIPForwarding: 'boolean',
    deleteOption: 'Delete|Detach',
    auxiliaryMode: 'string',
    auxiliarySku: 'string',
  },
  VirtualMachineScaleSetIPConfiguration: {
    name: 'string!',
    properties: 'VirtualMachineScaleSetIPConfigurationProperties',
  },
  VirtualMachineScaleSetIPConfigurationProperties: {
    subnet: 'SubResource',
    primary: 'boolean',
    publicIPAddressConfiguration: 'any',
    privateIPAddressVersion: 'IPv4|IPv6',
    applicationGatewayBackendAddressPools: '[SubResource]',
    applicationSecurityGroups: '[SubResource]',
    loadBalancerBackendAddressPools: '[SubResource]',
    loadBalancerInboundNatPools: '[SubResource]',
  },
  ScheduledEventsProfile: {
    terminateNotificationProfile: 'TerminateNotificationProfile',
    osImageNotificationProfile: 'any',
  },
  TerminateNotificationProfile: { notBeforeTimeout: 'string', enable: 'boolean' },
  VirtualMachineScaleSetIdentity: {
    type: 'SystemAssigned|UserAssigned|SystemAssigned, UserAssigned|None',
    userAssignedIdentities: '{UserAssignedIdentitiesValue}',
  },
  UserAssignedIdentitiesValue: {},
  UpgradePolicy: {
    mode: 'Automatic|Manual|Rolling',
    rollingUpgradePolicy: 'any',
    automaticOSUpgradePolicy: 'any',
  },
  ScaleInPolicy: { rules: '[string]', forceDeletion: 'boolean', prioritizeUnhealthyVMs: 'boolean' },
  SpotRestorePolicy: { enabled: 'boolean', restoreTimeout: 'string' },
  DiagnosticsProfile: { bootDiagnostics: 'BootDiagnostics' },
  BootDiagnostics: { enabled: 'boolean', storageUri: 'string' },
  BillingProfile: { maxPrice: 'number' },
  Sku: { name: 'string', tier: 'string', capacity: 'integer' },
  Plan: { name: 'string', publisher: 'string', product: 'string', promotionCode: 'string' },
  SubResource: { id: 'string' },
  VirtualMachineScaleSetUpdate: {
    tags: '{string}',
    sku: 'Sku',
    plan: 'Plan',
    properties: 'VirtualMachineScaleSetUpdateProperties',
    identity: 'VirtualMachineScaleSetIdentity',
    zones: '[string]',
    placement: 'any',
  },
  VirtualMachineScaleSetUpdateProperties: {
    upgradePolicy: 'UpgradePolicy',
    automaticRepairsPolicy: 'any',
    virtualMachineProfile: 'any',
    overprovision: 'boolean',
    doNotRunExtensionsOnOverprovisionedVMs: 'boolean',
    singlePlacementGroup: 'boolean',
    additionalCapabilities: 'any',
    scaleInPolicy: 'ScaleInPolicy',
    proximityPlacementGroup: 'SubResource',
    priorityMixPolicy: 'any',
    spotRestorePolicy: 'SpotRestorePolicy',
    resiliencyPolicy: 'any',
    zonalPlatformFaultDomainAlignMode: 'string',
    skuProfile: 'any',
    lifecycleHooksProfile: 'any',
  },
  VirtualMachineScaleSetVMInstanceRequiredIDs: { instanceIds: '[string]!' },
}

/** What is wrong with a body, each with the path to it, as a strict reader of the specification sees it. */
export function problemsOf(body: unknown, type: string): string[] {
  return check(body, type, '')
}

/** Types that need no look inside. */
const plain: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === 'number',
  any: () => true,
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every problem at once, as Azure tells only the first and people would fix them one by one. */
function check(value: unknown, type: string, path: string): string[] {
  const fits = plain[type]
  if (fits) return fits(value) ? [] : [`${path || 'body'} must be ${type}`]
  if (type.startsWith('[')) {
    if (!Array.isArray(value)) return [`${path} must be an array`]
    return value.flatMap((each, index) => check(each, type.slice(1, -1), `${path}[${index}]`))
  }
  const below = (name: string): string => (path === '' ? name : `${path}.${name}`)
  if (type.startsWith('{')) {
    if (!isObject(value)) return [`${path} must be an object`]
    return Object.entries(value).flatMap(([name, each]) => check(each, type.slice(1, -1), below(name)))
  }
  const properties = computeSchema[type]
  if (!properties) return type.split('|').includes(String(value)) ? [] : [`${path} must be one of ${type}`]
  if (!isObject(value)) return [`${path || 'body'} must be an object`]
  const unknown = Object.keys(value).filter((name) => !(name in properties))
  const missing = Object.entries(properties).filter(([name, each]) => each.endsWith('!') && value[name] === undefined)
  return [
    ...unknown.map((name) => `could not find member '${name}' on object of type '${type}' at ${path || 'the root'}`),
    ...missing.map(([name]) => `required property '${below(name)}' was not found`),
    ...Object.entries(properties).flatMap(([name, each]) =>
      value[name] === undefined ? [] : check(value[name], each.replace(/!$/, ''), below(name)),
    ),
  ]
}
