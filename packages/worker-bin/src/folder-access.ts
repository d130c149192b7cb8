import { folderMount, isWalkError, WalkError } from '@cachewarmer/walker'
import type { MountOpener } from './ports.ts'

/** Where the original mounts an address's export. */
export const defaultFolderTemplate = '/mnt/cachewarmer/{address}{export}'

/**
 * Opens exports that are mounted already, each at the folder that the template names for (address, export). Both were
 * checked when the job was read: an address is a host name, an export an absolute path without `..`. Throws `NOT_FOUND`
 * where there is no such folder.
 */
export function folderAccess(options: { template: string }): MountOpener {
  return async (address, exportPath, { signal }) => {
    const folder = options.template
      .replaceAll('{address}', address)
      .replaceAll('{export}', exportPath === '/' ? '' : exportPath)
    const mount = folderMount({ folder, name: address })
    try {
      const { kind } = await mount.stat('/', { signal })
      if (kind !== 'directory') throw new WalkError('NOT_A_DIRECTORY', `${folder} is no directory`)
    } catch (error) {
      await mount.close()
      const problem = isWalkError(error) ? error : new WalkError('OTHER', String(error), { cause: error })
      throw new WalkError(problem.code, `${address}:${exportPath} is not mounted: ${problem.message}`, { cause: error })
    }
    return mount
  }
}
