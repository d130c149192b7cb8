import { execFile } from 'node:child_process'
import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { folderMount, isWalkError, type Mount, openReadLane, WalkError } from '@cachewarmer/walker'
import type { MountOpener } from '../ports.ts'

const run = promisify(execFile)

/** Reading is all that a warm-up does; and a filer that goes away must fail a read, not hold a thread for ever. */
const mountOptions = 'ro,nosuid,nodev,noexec,nfsvers=3,proto=tcp,mountproto=tcp,nolock,soft,timeo=150,retrans=3,retry=0'
const triesAtMost = 3
const mountMs = 30_000

export interface KernelOptions {
  /** A folder of this process's own, outside every export: mount points are made below it and removed at the end. */
  readonly base: string
  readonly nfsPort?: number | undefined
  readonly mountPort?: number | undefined
}

/**
 * Mounts exports with the kernel's client, read-only, and unmounts them when they are closed. Needs root and mount.nfs.
 * The program gets its arguments as a list: nothing that a job says reaches a shell. Tried a few times, each for a
 * bounded time; an abort of the signal ends it. Throws `MOUNT_DOWN` with what mount said.
 */
export function kernelAccess(options: KernelOptions): MountOpener {
  const lane = openReadLane()
  let opened = 0
  return async (address, exportPath, { signal }) => {
    opened += 1
    const folder = join(options.base, `${opened}-${address.replaceAll(':', '_')}`)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    try {
      await mountAt(folder, address, exportPath, options, signal)
    } catch (error) {
      await rmdir(folder)
      throw error
    }
    return unmountedAtEnd(folderMount({ folder, name: address, lane }), folder)
  }
}

async function mountAt(
  folder: string,
  address: string,
  exportPath: string,
  options: KernelOptions,
  signal: AbortSignal,
): Promise<void> {
  const ports = [
    ...(options.nfsPort === undefined ? [] : [`port=${options.nfsPort}`]),
    ...(options.mountPort === undefined ? [] : [`mountport=${options.mountPort}`]),
  ]
  const source = `${address.includes(':') ? `[${address}]` : address}:${exportPath}`
  const args = ['-t', 'nfs', '-o', [mountOptions, ...ports].join(','), '--', source, folder]
  for (let tries = 1; ; tries += 1) {
    try {
      await run('mount', args, { signal, timeout: mountMs })
      return
    } catch (error) {
      signal.throwIfAborted()
      if (tries < triesAtMost) continue
      const said = (error as { stderr?: string }).stderr?.trim() ?? ''
      const why = said === '' ? (error as Error).message : said
      throw new WalkError('MOUNT_DOWN', `${source} can't be mounted: ${why}`, { cause: error })
    }
  }
}

function unmountedAtEnd(mount: Mount, folder: string): Mount {
  return {
    ...mount,
    async close() {
      await mount.close()
      try {
        await run('umount', ['--', folder], { timeout: mountMs })
      } catch {
        // Something still looks into it, or the filer is away: it goes when nothing does any more.
        await run('umount', ['-l', '--', folder], { timeout: mountMs })
      }
      await rmdir(folder)
    },
  }
}

/** Whether a failure of direct access is one that the kernel's client might not have. */
export const kernelMayHelp = (error: unknown): boolean =>
  isWalkError(error) && error.code !== 'MOUNT_DOWN' && error.code !== 'TIMEOUT' && error.code !== 'OPTION_INVALID'
