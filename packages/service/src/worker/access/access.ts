import type { Clock } from '@cachewarmer/queue'
import {
  folderMount,
  isWalkError,
  type Mount,
  nfsMount,
  openReadLane,
  type Resolve,
  WalkError,
  watchedMount,
} from '@cachewarmer/walker'
import type { AccessPolicy } from '../../access-policy.ts'
import type { MountOpener } from '../ports.ts'
import { type KernelOptions, kernelAccess, kernelMayHelp } from './kernel.ts'

export interface DirectOptions {
  /** Which addresses of a host may be connected to. */
  readonly resolve: Resolve
  /** TCP ports; whichever is missing is asked for at the portmapper. */
  readonly nfsPort?: number | undefined
  readonly mountPort?: number | undefined
  /** UID sent with NFS calls. Default 0, which most servers map to their anonymous user. */
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  /** TCP connections per address. Default 1. */
  readonly connections?: number | undefined
  /** Timeout of a call in milliseconds; it is sent again at most three times. Default 20,000. */
  readonly timeoutMs?: number | undefined
  /** Maximum number of reads in flight per address; the actual limit adapts. */
  readonly maxInFlight: number
  /** How often an address that does not answer is tried again. */
  readonly clock: Clock
}

/**
 * Speaks NFSv3 to each address itself: no mount, no root, no thread per read. The number of reads in flight per
 * address adapts to the server, and an address that stops answering is taken out until it is back.
 */
function directAccess(options: DirectOptions): MountOpener {
  const { maxInFlight, clock, ...given } = options
  return async (address, exportPath, { signal }) => {
    const mount = await nfsMount({
      export: { host: address, exportPath, signal, ...given },
      name: address,
      maxInFlight,
    })
    return watchedMount(mount, { clock: clock })
  }
}

export interface FolderOptions {
  /** `{address}` and `{export}` stand for the job's. */
  readonly template: string
  /**
   * Links on the way to an export are followed. Default false: only those above the first placeholder are, which the
   * operator made; below it a user of the filer may have made one that leads to this machine's own disk.
   */
  readonly followLinks?: boolean | undefined
}

/**
 * Opens exports that are mounted already, each at the folder that the template names for (address, export). Both were
 * checked when the job was read: an address is a host name, an export an absolute path without `..`. Throws `NOT_FOUND`
 * where there is no such folder, `OUTSIDE` for a link on the way.
 */
export function folderAccess({ template, followLinks = false }: FolderOptions): MountOpener {
  const lane = openReadLane()
  const within = followLinks ? undefined : ownPartOf(template)
  const connections: Connections = new Map()
  return async (address, exportPath) => {
    const folder = template
      // By functions: in a text that replaces, "$" means something.
      .replaceAll('{address}', () => address)
      .replaceAll('{export}', () => (exportPath === '/' ? '' : exportPath))
    try {
      return ownConnection(folderMount({ folder, within, name: address, address, lane }), connections)
    } catch (cause) {
      if (!isWalkError(cause)) throw cause
      const hint = cause.code === 'OUTSIDE' ? ' (--folder-links follows them)' : ''
      const what = cause.code === 'CONNECTION_SHARED' ? "can't be read" : 'is not mounted'
      throw new WalkError(cause.code, `${address}:${exportPath} ${what}: ${cause.message}${hint}`, { cause })
    }
  }
}

/**
 * Holds that no other address reads through the mount's connection while it is open: what the kernel mounted for a second
 * address of one server may be the first one's mount.
 */
function ownConnection(mount: Mount, connections: Connections): Mount {
  const { connection } = mount.reach ?? {}
  if (connection === undefined) return mount
  const user = connections.get(connection) ?? { address: mount.name, mounts: 0 }
  if (user.address !== mount.name) {
    void mount.close()
    const why = `shares a connection with ${user.address}: this machine's NFS client has one for both`
    throw new WalkError('CONNECTION_SHARED', `${mount.name} ${why}`)
  }
  user.mounts += 1
  connections.set(connection, user)
  return {
    ...mount,
    async close() {
      user.mounts -= 1
      if (user.mounts === 0) connections.delete(connection)
      await mount.close()
    },
  }
}

/** By connection: the address that reads through it, and how many open mounts do. */
type Connections = Map<string, { readonly address: string; mounts: number }>

/** The folders of a template that no job has a say in. */
function ownPartOf(template: string): string {
  const fixed = template.slice(0, Math.max(0, template.search(/\{(address|export)\}|$/)))
  return fixed.slice(0, fixed.lastIndexOf('/')) || '/'
}

export interface AccessOptions {
  readonly policy: AccessPolicy
  readonly folder: FolderOptions
  readonly direct: DirectOptions
  readonly kernel: KernelOptions
}

/** How the worker opens (address, export). */
export function openAccess(options: AccessOptions): MountOpener {
  switch (options.policy) {
    case 'folder':
      return folderAccess(options.folder)
    case 'direct':
      return directAccess(options.direct)
    case 'mount':
      return kernelAccess(options.kernel)
    case 'auto': {
      const kernel = kernelAccess(options.kernel)
      return options.kernel.versions?.includes('3') === false
        ? kernel
        : autoAccess(directAccess(options.direct), kernel)
    }
  }
}

/** Direct wherever the server allows it; where it refuses this client, the kernel's; where both fail, both reasons. */
function autoAccess(direct: MountOpener, kernel: MountOpener): MountOpener {
  return async (address, exportPath, asked) => {
    try {
      return await direct(address, exportPath, asked)
    } catch (first) {
      if (!kernelMayHelp(first)) throw first
      try {
        return await kernel(address, exportPath, asked)
      } catch (second) {
        asked.signal.throwIfAborted()
        const both = [first, second]
          .map((error) => (error instanceof Error ? error.message : String(error)))
          .join('; then ')
        const telling =
          [second, first].find((error) => isWalkError(error) && error.code === 'CONNECTION_SHARED') ?? first
        throw new WalkError(isWalkError(telling) ? telling.code : 'OTHER', both, { cause: first })
      }
    }
  }
}
