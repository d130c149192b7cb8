import { folderMount, isWalkError, openReadLane, WalkError } from '@cachewarmer/walker'
import type { MountOpener } from '../ports.ts'

/**
 * Opens exports that are mounted already, each at the folder that the template names for (address, export). Both were
 * checked when the job was read: an address is a host name, an export an absolute path without `..`. Throws `NOT_FOUND`
 * where there is no such folder.
 */
export function folderAccess(options: { template: string }): MountOpener {
  const lane = openReadLane()
  return async (address, exportPath) => {
    const folder = options.template
      .replaceAll('{address}', address)
      .replaceAll('{export}', exportPath === '/' ? '' : exportPath)
    try {
      return folderMount({ folder, name: address, lane })
    } catch (cause) {
      if (!isWalkError(cause)) throw cause
      throw new WalkError(cause.code, `${address}:${exportPath} is not mounted: ${cause.message}`, { cause })
    }
  }
}
