import { execFile } from 'node:child_process'
import { lstat, mkdir, mkdtemp, rmdir, stat } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Resolve } from '@cachewarmer/walker'
import { folderMount, isWalkError, type Mount, openReadLane, WalkError } from '@cachewarmer/walker'
import type { MountOpener } from '../ports.ts'

const execute = promisify(execFile)

/** Reading is all that a warm-up does; and a filer that goes away must fail a read, not hold a thread for ever. */
const mountOptions = 'ro,nosuid,nodev,noexec,nfsvers=3,nolock,soft,timeo=150,retrans=3,retry=0'
const triesAtMost = 3
const mountMs = 30_000

export interface KernelOptions {
  /** The folder in which the worker makes one of its own for its mount points: that of its service, or the system's for temporary files. */
  readonly parent: string
  /** Which addresses of a host may be mounted from. */
  readonly resolve: Resolve
  readonly nfsPort?: number | undefined
  readonly mountPort?: number | undefined
  /** Runs a program with its arguments, without a shell. Default: `execFile`. */
  readonly run?: ((program: string, args: readonly string[], options: RunOptions) => Promise<unknown>) | undefined
}

interface RunOptions {
  readonly signal?: AbortSignal
  readonly timeout: number
}

/**
 * Mounts exports with the kernel's client, read-only, and unmounts them when they are closed. Needs root and mount.nfs.
 * The program gets its arguments as a list: nothing that a job says reaches a shell. What is mounted is an address, not a
 * name, which might lead somewhere else by then. Tried a few times, each for a bounded time; an abort of the signal ends it.
 * Throws `MOUNT_DOWN` with what mount said, or `ACCESS_DENIED` for an address that is refused.
 */
export function kernelAccess(options: KernelOptions): MountOpener {
  const lane = openReadLane()
  return async (host, exportPath, { signal }) => {
    const address = await addressOf(host, exportPath, options.resolve)
    const base = await ownFolder(options.parent)
    const point = join(base, host.replaceAll(':', '_'))
    try {
      await mkdir(point, { mode: 0o700 })
      await mountAt(point, { address, exportPath }, options, signal)
      return closedBy(folderMount({ folder: point, name: host, lane }), () => unmount(point, base, options))
    } catch (error) {
      await removeEmpty(point, base)
      throw error
    }
  }
}

/** IPv4 first, as mount has it for a name. */
async function addressOf(host: string, exportPath: string, resolve: Resolve): Promise<string> {
  try {
    const found = await resolve(host)
    const address = found.find(isIPv4) ?? found[0]
    if (address !== undefined) return address
    throw new Error('it has no address')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const isRefused = code === 'ADDRESS_REFUSED'
    const text = `${host}:${exportPath} can't be mounted: ${isRefused ? message : `there is no such host (${code ?? message})`}`
    throw new WalkError(isRefused ? 'ACCESS_DENIED' : 'MOUNT_DOWN', text, { cause: error })
  }
}

/**
 * A new folder below `parent` that this user alone may look into, so that no other user can put a link where a mount point
 * is. Its name can't be known beforehand. Refuses a parent in which other users could exchange it for a folder of theirs.
 */
async function ownFolder(parent: string): Promise<string> {
  const { uid, mode } = await stat(parent)
  const user = process.geteuid?.() ?? 0
  const othersMayRename = (mode & 0o022) !== 0 && (mode & 0o1000) === 0
  if ((uid !== user && uid !== 0) || othersMayRename)
    throw new WalkError('OTHER', `${parent} is no safe place for mount points: other users can exchange folders in it`)
  const folder = await mkdtemp(join(parent, 'cachewarmer-mounts-'))
  const made = await lstat(folder)
  if (made.isDirectory() && made.uid === user && (made.mode & 0o777) === 0o700) return folder
  throw new WalkError('OTHER', `${folder} was made for this user alone, and is not`)
}

async function mountAt(
  point: string,
  { address, exportPath }: { address: string; exportPath: string },
  { nfsPort, mountPort, run = execute }: KernelOptions,
  signal: AbortSignal,
): Promise<void> {
  const isV4 = isIPv4(address)
  const protocol = isV4 ? 'tcp' : 'tcp6'
  const all = [
    mountOptions,
    `proto=${protocol}`,
    `mountproto=${protocol}`,
    ...(nfsPort === undefined ? [] : [`port=${nfsPort}`]),
    ...(mountPort === undefined ? [] : [`mountport=${mountPort}`]),
  ]
  const source = `${isV4 ? address : `[${address}]`}:${exportPath}`
  const args = ['-t', 'nfs', '-o', all.join(','), '--', source, point]
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

const closedBy = (mount: Mount, end: () => Promise<void>): Mount => ({
  ...mount,
  async close() {
    await mount.close()
    await end()
  },
})

async function unmount(point: string, base: string, { run = execute }: KernelOptions): Promise<void> {
  try {
    await run('umount', ['--', point], { timeout: mountMs })
  } catch {
    // Something still looks into it, or the filer is away: it goes when nothing does any more.
    await run('umount', ['-l', '--', point], { timeout: mountMs })
  }
  await removeEmpty(point, base)
}

/** A folder that is not empty stays: what is mounted there after all must not be removed. */
async function removeEmpty(...folders: readonly string[]): Promise<void> {
  for (const folder of folders) await rmdir(folder).catch(() => undefined)
}

/** Whether a failure of direct access is one that the kernel's client might not have. */
export const kernelMayHelp = (error: unknown): boolean =>
  isWalkError(error) &&
  error.code !== 'MOUNT_DOWN' &&
  error.code !== 'TIMEOUT' &&
  error.code !== 'OPTION_INVALID' &&
  (error.cause as { code?: unknown } | undefined)?.code !== 'ADDRESS_REFUSED'
