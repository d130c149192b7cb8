import { mkdir, realpath, stat, symlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UsageError } from '@cachewarmer/service/cli'

/** What one job of a one-shot warm-up names. */
export interface Target {
  readonly addresses: readonly string[]
  readonly exportPath: string
  readonly paths: readonly string[]
  /** What people call it. */
  readonly shown: string
}

/**
 * Lays out `<root>/<address><export>` as links to the folders that people name, so that a one-shot warm-up is an
 * ordinary job with addresses and exports. Without `mounts` each path is a target of its own, seen through one address;
 * with them the paths lie inside an export that each of the mounts shows; none are named where a list says what to warm. Throws `UsageError` for what is not there.
 */
export async function layOutTargets(
  root: string,
  paths: readonly string[],
  mounts: readonly string[],
  exportPath: string = '/',
): Promise<Target[]> {
  if (mounts.length === 0) return Promise.all(paths.map((path, at) => ownTarget(root, path, at + 1)))
  const addresses: string[] = []
  for (const [at, mount] of mounts.entries()) {
    const { folder, isFile } = await existing(mount)
    if (isFile) throw new UsageError(`--mount ${mount}: expected a folder, it is a file`)
    const address = `mount-${at + 1}`
    addresses.push(address)
    await link(root, address, exportPath, folder)
  }
  const inside = paths.map((path) => (path.startsWith('/') ? path : `/${path}`))
  const shown = `${[...inside, ...(inside.length === 0 ? ['what was listed'] : [])].join(', ')} through ${mounts.join(', ')}`
  return [{ addresses, exportPath, paths: inside, shown }]
}

async function ownTarget(root: string, path: string, ordinal: number): Promise<Target> {
  const { folder, isFile } = await existing(path)
  const exportPath = `/folder-${ordinal}`
  await link(root, 'local', exportPath, isFile ? dirname(folder) : folder)
  return { addresses: ['local'], exportPath, paths: [isFile ? `/${basename(folder)}` : '/'], shown: path }
}

async function existing(path: string): Promise<{ folder: string; isFile: boolean }> {
  try {
    const folder = await realpath(resolve(path))
    return { folder, isFile: !(await stat(folder)).isDirectory() }
  } catch (error) {
    throw new UsageError(
      `${path}: ${error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'there is no such file or folder' : String(error)}`,
    )
  }
}

async function link(root: string, address: string, exportPath: string, folder: string): Promise<void> {
  const at = resolve(join(root, address, exportPath))
  await mkdir(dirname(at), { recursive: true })
  await symlink(folder, at)
}
