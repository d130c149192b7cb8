import { rootCertificates } from 'node:tls'
import { ComputeManagementClient } from '@azure/arm-compute'
import { NetworkManagementClient } from '@azure/arm-network'
import { DefaultAzureCredential, type TokenCredential } from '@azure/identity'
import { checkText, isVmssError, VmssError } from '../errors.ts'
import { type Cloud, clouds } from '../machine/place.ts'
import type { CallOptions, ComputePort, ObservedInstance, Operation } from '../scale-set/compute-port.ts'
import { type ErrorContext, mapError } from './map-error.ts'
import { observedInstance, observedSet, toSdk } from './sdk-model.ts'

/** What every client of Azure's resource manager is made from. */
export interface ArmOptions {
  readonly subscriptionId: string
  readonly credential: TokenCredential
  /** Default: the public cloud. */
  readonly cloud?: Cloud | undefined
  /** PEM of an authority to trust besides the system's, for private clouds and tests. */
  readonly ca?: string | undefined
}

interface ClientOptions {
  readonly endpoint: string
  readonly credentials: { readonly scopes: string[] }
  readonly retryOptions: { readonly maxRetries: number }
  readonly tlsOptions?: { readonly ca: string[] }
}

/** Nothing is tried again inside the SDK: who calls knows the clock, and what else to do meanwhile. */
function clientOptions({ cloud = clouds.AzurePublicCloud, ca }: ArmOptions): ClientOptions {
  return {
    endpoint: cloud.armEndpoint,
    credentials: { scopes: [`${cloud.armEndpoint}/.default`] },
    retryOptions: { maxRetries: 0 },
    ...(ca === undefined ? {} : { tlsOptions: { ca: [...rootCertificates, ca] } }),
  }
}

export interface ArmComputeOptions extends ArmOptions {
  /** Where the scale sets are. */
  readonly resourceGroup: string
  /** How often Azure is asked how an operation goes, unless it says when. Default 5,000. */
  readonly pollMs?: number | undefined
}

export interface ArmCompute extends ComputePort {
  /** Resource id of the first network interface of a machine that is in no scale set, such as a controller. */
  primaryInterfaceOf(
    machine: { readonly resourceGroup: string; readonly name: string },
    options?: CallOptions,
  ): Promise<string>
}

/** What this package wants of the SDK's pollers. */
interface Poller {
  submitted(): Promise<void>
  pollUntilDone(options: { abortSignal: AbortSignal }): Promise<unknown>
}

/** Scale sets through Azure's resource manager. The only file that knows the compute SDK's client. */
export function armCompute(options: ArmComputeOptions): ArmCompute {
  const { resourceGroup, subscriptionId, pollMs = 5_000 } = options
  const client = new ComputeManagementClient(options.credential, subscriptionId, clientOptions(options))
  const sets = client.virtualMachineScaleSets
  // Azure's Retry-After wins over this, from the first answer on that has one.
  const poll = { updateIntervalInMs: pollMs }

  /** Runs one call; its errors come out in our words, an abort as the signal's reason. */
  async function call<T>(
    context: Omit<ErrorContext, 'subscriptionId'>,
    { signal }: CallOptions,
    run: () => PromiseLike<T>,
  ): Promise<T> {
    signal?.throwIfAborted()
    try {
      return await run()
    } catch (error) {
      signal?.throwIfAborted()
      throw mapError(error, { ...context, subscriptionId })
    }
  }

  async function begin(
    context: Omit<ErrorContext, 'subscriptionId'>,
    given: CallOptions,
    start: (abort: object) => Poller,
  ): Promise<Operation> {
    // A poller is thenable, so it is wrapped: awaiting it would wait for the end.
    // The signal ends the request that starts the operation, never the polling: who waits for that brings another one.
    const poller = await call(context, given, async () => {
      const started = start(given.signal ? { abortSignal: given.signal } : {})
      await started.submitted()
      return { started }
    })
    return {
      finished: async (wait = {}) => {
        const abortSignal = wait.signal ?? new AbortController().signal
        await call(context, wait, () => poller.started.pollUntilDone({ abortSignal }))
      },
    }
  }

  return {
    find: (name, given = {}) =>
      unlessAbsent(
        call({ target: name }, given, async () => observedSet(await sets.get(resourceGroup, name, toAbort(given)))),
      ),

    instances: (name, given = {}) =>
      unlessAbsent(
        call({ target: name }, given, async () => {
          const pages = client.virtualMachineScaleSetVMs.list(resourceGroup, name, {
            expand: 'instanceView',
            ...toAbort(given),
          })
          const found: ObservedInstance[] = []
          for await (const machine of pages) found.push(observedInstance(machine))
          return found
        }),
      ),

    create: async (name, body, given = {}) => {
      try {
        return await begin({ target: name, plan: body.plan }, given, (abort) =>
          sets.createOrUpdate(resourceGroup, name, toSdk(body), { ifNoneMatch: '*', ...poll, ...abort }),
        )
      } catch (error) {
        if (!isVmssError(error) || error.code !== 'NOT_FOUND') throw error
        // What is not found is something that the set refers to: its group, its subnet, its image.
        throw new VmssError('OPTION_INVALID', name, error.message, { cause: error, azureCode: error.azureCode })
      }
    },

    resize: (name, { capacity, size }, given = {}) =>
      begin({ target: name }, given, (abort) =>
        sets.update(resourceGroup, name, { sku: { name: size, tier: 'Standard', capacity } }, { ...poll, ...abort }),
      ),

    deleteInstances: (name, ids, given = {}) =>
      begin({ target: name }, given, (abort) =>
        sets.deleteInstances(resourceGroup, name, { instanceIds: [...ids] }, { ...poll, ...abort }),
      ),

    delete: (name, given = {}) =>
      begin({ target: name }, given, (abort) => sets.delete(resourceGroup, name, { ...poll, ...abort })),

    primaryInterfaceOf: (machine, given = {}) =>
      call({ target: machine.name }, given, async () => {
        const { networkProfile } = await client.virtualMachines.get(machine.resourceGroup, machine.name, toAbort(given))
        const interfaces = networkProfile?.networkInterfaces ?? []
        const id = (interfaces.find(({ primary }) => primary) ?? interfaces[0])?.id
        if (id === undefined) throw new Error('the machine has no network interface')
        return id
      }),
  }
}

const toAbort = ({ signal }: CallOptions): { abortSignal?: AbortSignal } => (signal ? { abortSignal: signal } : {})

/** A set that is not there is an answer, a resource group that is not there is a mistake. */
async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (isVmssError(error) && error.code === 'NOT_FOUND' && error.azureCode !== 'ResourceGroupNotFound')
      return undefined
    throw error
  }
}

export interface SubnetOptions extends CallOptions {
  /** Another subnet of the same network. Default: the interface's own. */
  readonly subnetName?: string | undefined
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

export interface CredentialOptions {
  /** Default: the public cloud. */
  readonly cloud?: Cloud | undefined
  /** Of a user-assigned identity, where a machine has several. */
  readonly managedIdentityClientId?: string | undefined
}

/** Environment, managed identity, command line tools: the first that has something, as `DefaultAzureCredential` looks. */
export function azureCredential(options: CredentialOptions = {}): TokenCredential {
  const { cloud = clouds.AzurePublicCloud, managedIdentityClientId } = options
  return new DefaultAzureCredential({
    authorityHost: cloud.authorityHost,
    // The public cloud knows nothing of private ones, and may be out of reach: it is not asked about their authorities.
    disableInstanceDiscovery: !Object.values(clouds).some(({ authorityHost }) => authorityHost === cloud.authorityHost),
    ...(managedIdentityClientId === undefined ? {} : { managedIdentityClientId }),
  })
}
