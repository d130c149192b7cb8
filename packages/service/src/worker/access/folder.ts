import { folderMount, isWalkError, openReadLane, WalkError } from '@cachewarmer/walker'
import type { MountOpener } from '../ports.ts'

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
  return async (address, exportPath) => {
    const folder = template
      // By functions: in a text that replaces, "$" means something.
      .replaceAll('{address}', () => address)
      .replaceAll('{export}', () => (exportPath === '/' ? '' : exportPath))
    try {
      return folderMount({ folder, within, name: address, lane })
    } catch (cause) {
      if (!isWalkError(cause)) throw cause
      const hint = cause.code === 'OUTSIDE' ? ' (--folder-links follows them)' : ''
      throw new WalkError(cause.code, `${address}:${exportPath} is not mounted: ${cause.message}${hint}`, { cause })
    }
  }
}

/** The folders of a template that no job has a say in. */
function ownPartOf(template: string): string {
  const fixed = template.slice(0, Math.max(0, template.search(/\{(address|export)\}|$/)))
  return fixed.slice(0, fixed.lastIndexOf('/')) || '/'
}
