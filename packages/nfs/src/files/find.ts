import type { CallOptions, NfsExport } from '../client/export.ts'
import { isNfsError, NfsError } from '../errors.ts'
import { pathNames } from '../mount/options.ts'
import type { Attributes, FileHandle } from '../nfs3/objects.ts'

/** What a path leads to. */
export interface Found {
  readonly handle: FileHandle
  readonly attributes: Attributes
}

/** Links on one way, as Linux allows them (path_resolution(7)). */
const mostLinks = 40

/**
 * Looks a path up and follows symbolic links on the way, the last one too if `followLast`. NFS leaves links to the client.
 * One that leads out of the export is refused with `LINK_OUTSIDE`: the server's root is not ours.
 */
export async function find(
  mounted: NfsExport,
  path: string,
  followLast: boolean,
  options: CallOptions | undefined,
): Promise<Found> {
  const names = pathNames('path', path)
  try {
    return await findNames(mounted, path, names, followLast, options)
  } catch (error) {
    throw atPath(path, error)
  }
}

/** The same error, which names the path it came of; anything else, an abort's reason too, stays what it is. */
export function atPath(path: string, error: unknown): unknown {
  if (!isNfsError(error) || error.summary.startsWith(`${path}: `)) return error
  const { code, summary, host, exportPath, hint } = error
  return new NfsError(code, `${path}: ${summary}`, { host, exportPath, hint, cause: error })
}

async function findNames(
  mounted: NfsExport,
  path: string,
  names: readonly string[],
  followLast: boolean,
  options: CallOptions | undefined,
): Promise<Found> {
  try {
    const found = await complete(mounted, await mounted.resolve(path, options), options)
    if (found.attributes.type !== 'symlink' || !followLast) return found
  } catch (error) {
    // A link on the way is no directory. Anything else that is none is found below.
    if (!isNfsError(error) || error.code !== 'NOTDIR') throw error
  }
  return await followLinks(mounted, path, names, followLast, options)
}

/** The way name by name. `at` holds directories alone, so that `..` in a link's target means their parent. */
async function followLinks(
  mounted: NfsExport,
  path: string,
  names: readonly string[],
  followLast: boolean,
  options: CallOptions | undefined,
): Promise<Found> {
  const { host, exportPath } = mounted
  const fail = (code: 'LINK_LOOP' | 'LINK_OUTSIDE', message: string): never => {
    throw new NfsError(code, `${path}: ${message}`, { host, exportPath })
  }
  const pending = [...names]
  const at: string[] = []
  let links = 0
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (name === '.') continue
    if (name === '..') {
      if (at.pop() === undefined) fail('LINK_OUTSIDE', 'a symbolic link leads to above the export')
      continue
    }
    const found = await complete(mounted, await mounted.resolve(`/${[...at, name].join('/')}`, options), options)
    const isLast = pending.length === 0
    if (found.attributes.type !== 'symlink' || (isLast && !followLast)) {
      at.push(name)
      if (isLast) return found
      continue
    }
    if (++links > mostLinks) fail('LINK_LOOP', `more than ${mostLinks} symbolic links`)
    const target = await mounted.readlink(found.handle, options)
    if (target.startsWith('/')) fail('LINK_OUTSIDE', `a symbolic link leads to ${JSON.stringify(target)}`)
    pending.unshift(...target.split('/').filter((part) => part !== ''))
  }
  return await complete(mounted, await mounted.resolve(`/${at.join('/')}`, options), options)
}

/** A server may leave attributes out; those of the root are of the time of mounting. */
async function complete(
  mounted: NfsExport,
  { handle, attributes }: { readonly handle: FileHandle; readonly attributes: Attributes | undefined },
  options: CallOptions | undefined,
): Promise<Found> {
  return { handle, attributes: attributes ?? (await mounted.getattr(handle, options)) }
}
