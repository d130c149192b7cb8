import { type Clock, type Logger, silentLogger, sleep } from '@cachewarmer/queue'
import { isVmssError, VmssError } from '../errors.ts'
import { type Fetch, within } from '../ports.ts'
import { ownerTag } from '../scale-set/settings.ts'
import type { InstanceMetadata, MachineMetadata } from './instance-metadata.ts'
import { type Cloud, clouds } from './place.ts'

export interface SelfDeletePorts {
  readonly metadata: InstanceMetadata
  readonly clock: Clock
  readonly logger?: Logger | undefined
  /** How Azure's resource manager is reached. Default: the platform's. */
  readonly fetch?: Fetch | undefined
  /** The last resort: what shuts this machine down. */
  readonly powerOff: () => Promise<void>
}

export interface SelfDeleteOptions {
  /** The machine's metadata, read at its start: later the metadata service may not answer. */
  readonly machine: MachineMetadata
  /** Default: the cloud that the machine is in. */
  readonly cloud?: Cloud | undefined
  /** Resource id of the identity to do it with, where the machine has several. */
  readonly identityId?: string | undefined
  readonly signal?: AbortSignal | undefined
}

const pausesMs = [5_000, 15_000, 30_000, 60_000]
/** For token and request together. */
const timeoutMs = 45_000

/**
 * Deletes the machine this runs on, with its own identity, which needs the action
 * `Microsoft.Compute/virtualMachineScaleSets/virtualMachines/delete` on its scale set. When Azure does not take that after
 * five attempts in two minutes, the machine is powered off, which stops the work but not the bill: the manager deletes such machines.
 * Throws `NOT_OURS` on a machine that is in no scale set of ours, such as the controller, and leaves it alone.
 */
export async function deleteThisMachine(
  ports: SelfDeletePorts,
  options: SelfDeleteOptions,
): Promise<'deleting' | 'powered-off'> {
  const { clock, logger = silentLogger, powerOff } = ports
  const { machine, signal } = options
  if (machine.scaleSet === undefined || machine.tags[ownerTag] === undefined) {
    throw new VmssError('NOT_OURS', machine.name, 'is no worker of a scale set of ours, so it is not deleted')
  }
  for (const pauseMs of [...pausesMs, 0]) {
    try {
      await attempt(ports, options)
      logger.info('Azure deletes this machine', { machine: machine.name })
      return 'deleting'
    } catch (error) {
      signal?.throwIfAborted()
      logger.warn('this machine could not be deleted', { error: isVmssError(error) ? error.message : String(error) })
    }
    if (pauseMs > 0) await sleep(clock, pauseMs, signal)
  }
  logger.error('powering off: this machine costs until the manager deletes it', { machine: machine.name })
  await powerOff()
  return 'powered-off'
}

async function attempt(ports: SelfDeletePorts, options: SelfDeleteOptions): Promise<void> {
  const { metadata, clock, fetch = globalThis.fetch } = ports
  const { machine, identityId, signal } = options
  const { armEndpoint } = options.cloud ?? clouds[machine.cloud as keyof typeof clouds] ?? clouds.AzurePublicCloud
  const late = (): VmssError => new VmssError('UNAVAILABLE', machine.name, `no answer within ${timeoutMs} ms`)
  await within({ clock, ms: timeoutMs, signal, late }, async (abort) => {
    const token = await metadata.token(`${armEndpoint}/`, { signal: abort, identityId })
    const url = `${armEndpoint}${machine.resourceId}?api-version=2026-04-01`
    const reply = await fetch(url, { method: 'DELETE', headers: { authorization: `Bearer ${token}` }, signal: abort })
    const text = await reply.text()
    // What is not there any more is deleted.
    if (reply.ok || reply.status === 404) return
    throw new VmssError(
      reply.status === 403 ? 'FORBIDDEN' : 'FAILED',
      machine.name,
      `${reply.status}: ${text.slice(0, 500)}`,
    )
  })
}
