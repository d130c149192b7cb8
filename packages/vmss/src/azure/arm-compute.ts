import { ComputeManagementClient } from '@azure/arm-compute'
import type { CallOptions, ComputePort, ObservedInstance, Operation } from '../compute-port.ts'
import { isVmssError, VmssError } from '../errors.ts'
import { type ArmOptions, clientOptions } from './client-options.ts'
import { type ErrorContext, mapError } from './map-error.ts'
import { observedInstance, observedSet, toSdk } from './sdk-model.ts'

export interface ArmComputeOptions extends ArmOptions {
  /** Where the scale sets are. */
  readonly resourceGroup: string
  /** How often Azure is asked how an operation goes, unless it says when. Default 5,000. */
  readonly pollMs?: number
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
