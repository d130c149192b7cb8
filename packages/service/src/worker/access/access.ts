import { isWalkError, WalkError } from '@cachewarmer/walker'
import type { MountOpener } from '../ports.ts'
import { type DirectOptions, directAccess } from './direct.ts'
import { type FolderOptions, folderAccess } from './folder.ts'
import { type KernelOptions, kernelAccess, kernelMayHelp } from './kernel.ts'

/** `direct`: NFS spoken by the worker; `mount`: the kernel's client; `folder`: what is mounted already; `auto`: direct, else a mount. */
type AccessPolicy = 'auto' | 'direct' | 'mount' | 'folder'

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
    case 'auto':
      return autoAccess(directAccess(options.direct), kernelAccess(options.kernel))
  }
}

/** Direct wherever the server allows it; where it refuses this client, the kernel's; where both fail, both reasons. */
export function autoAccess(direct: MountOpener, kernel: MountOpener): MountOpener {
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
        throw new WalkError(isWalkError(first) ? first.code : 'OTHER', both, { cause: first })
      }
    }
  }
}
