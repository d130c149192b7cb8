import { closeSync, constants, openSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { WalkError } from '../../errors.ts'
import { show } from '../../paths.ts'
import { fromErrno } from './system.ts'

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
/**
 * O_PATH of Linux, which Node has no name for: opens a place and not what is in it, so that being allowed to pass through a
 * directory is enough, and no server hears of it. Elsewhere nothing.
 */
export const pathOnly: number = process.platform === 'linux' ? 0o10000000 : 0

/** The folder of an export. It stays the same one, even if folders above it are renamed while it is open. */
export interface OpenFolder {
  /** What system calls take for the folder; a path in it follows after a "/". */
  readonly path: string
  /** Where it lies now. Throws `STALE` once its file system was unmounted. */
  real(): Buffer
  /** Whether an open place is in the folder's own file system, and not in one that is mounted below it. True where that is unknown. */
  holds(fd: number): boolean
  close(): void
}

/**
 * Opens the folder of an export. With `within` nothing below that folder is followed that could be a link made by others:
 * each name on the way is opened in the directory before it. Throws `NOT_FOUND`, `NOT_A_DIRECTORY`, or `OUTSIDE` for a link.
 */
export function openFolder(folder: string, within?: string): OpenFolder {
  const real = within === undefined ? realFolder(folder) : undefined
  // Without /proc there is no way to name what is open: then the path has to do.
  if (process.platform !== 'linux') {
    const path = real ?? realFolder(folder)
    if (within !== undefined && path !== resolve(realFolder(within), relative(within, folder)))
      throw aLink(folder, folder)
    return { path, real: () => Buffer.from(path), holds: () => true, close: () => undefined }
  }
  const fd = real === undefined ? descend(within ?? '/', folder) : openSync(real, O_RDONLY | O_DIRECTORY | pathOnly)
  const path = `/proc/self/fd/${fd}`
  const own = mountIdOf(fd)
  return { path, real: placeOf(fd, path, folder), holds: (at) => mountIdOf(at) === own, close: () => closeSync(fd) }
}

/**
 * Where an open folder lies, looked up anew each time, as it may be renamed. What was unmounted while it was open lies nowhere
 * (`umount -l`): the kernel then names it as if its file system were all that there is, and everything would lie in "/".
 */
function placeOf(fd: number, path: string, folder: string): () => Buffer {
  let known = readlinkSync(path, 'buffer')
  return () => {
    const real = readlinkSync(path, 'buffer')
    if (real.equals(known)) return real
    if (!isMounted(fd)) throw new WalkError('STALE', `folder is ${show(folder)}, and it was unmounted`)
    known = real
    return real
  }
}

/** Told by the kernel alone: no server is asked, which may be away. */
const mountIdOf = (fd: number): string | undefined =>
  /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1]

function isMounted(fd: number): boolean {
  const mount = mountIdOf(fd)
  return readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .some((line) => line.startsWith(`${mount} `))
}

function realFolder(folder: string): string {
  let root: string
  try {
    root = realpathSync(folder)
  } catch (error) {
    throw missing(folder, error)
  }
  if (statSync(root).isDirectory()) return root
  throw new WalkError('NOT_A_DIRECTORY', `folder is ${show(folder)}, expected a folder, and it is a file`)
}

function descend(within: string, folder: string): number {
  let fd: number
  try {
    fd = openSync(within, O_RDONLY | O_DIRECTORY | pathOnly)
  } catch (error) {
    throw missing(within, error)
  }
  for (const name of relative(within, folder).split('/')) {
    if (name === '') continue
    const above = fd
    try {
      fd = openSync(`/proc/self/fd/${above}/${name}`, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | pathOnly)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw code === 'ENOTDIR' || code === 'ELOOP' ? aLink(folder, name) : missing(folder, error)
    } finally {
      closeSync(above)
    }
  }
  return fd
}

const aLink = (folder: string, name: string): WalkError =>
  new WalkError(
    'OUTSIDE',
    `folder is ${show(folder)}, and ${show(name)} is a link or no directory: links are not followed below the part that the operator chose`,
  )

const missing = (folder: string, error: unknown): WalkError =>
  new WalkError(
    fromErrno(error as NodeJS.ErrnoException, folder).code,
    `folder is ${show(folder)}, expected a folder that is there`,
    { cause: error },
  )
