import { mkdir, realpath, stat, symlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Files, type JobSettings, UsageError } from '../cli/index.ts'
import { type ReadRequest, readJob } from '../submit/read-job.ts'

/** A job of a one-shot warm-up: its specification, and the list of paths sent before it. */
export interface WarmRequest extends ReadRequest {
  readonly target: Target
}

/** What is to be warmed: folders or files of this machine, or paths inside an export that each of `mounts` shows. */
export interface WarmPlan {
  readonly paths: readonly string[]
  readonly mounts: readonly string[]
  /** The job's other settings, as given on the command line. */
  readonly job: JobSettings
}

/**
 * The jobs of a one-shot warm-up, with folders laid out under `root` (see `layOutTargets`). Each file of the command line is
 * read once. Throws `UsageError`, and what `readJob` throws.
 */
export async function readRequests(root: string, plan: WarmPlan, files: Files): Promise<WarmRequest[]> {
  const { mounts, job } = plan
  const option = job.filesFrom !== undefined ? '--files-from' : job.manifest !== undefined ? '--manifest' : undefined
  // Paths of lists and manifests lie inside an export.
  if (option !== undefined && mounts.length === 0)
    throw new UsageError(`${option}: expected with --mount, the folder that its paths lie in`)
  const isWhole = plan.paths.length === 0 && option === undefined
  const targets = await layOutTargets(root, isWhole ? ['/'] : plan.paths, mounts, job.export)
  const texts = new Map<string, Promise<string>>()
  const readText = (file: string): Promise<string> => {
    const text = texts.get(file) ?? files.readText(file)
    texts.set(file, text)
    return text
  }
  return Promise.all(
    targets.map(async (target) => {
      const path = target.paths.length === 0 ? undefined : [...target.paths]
      const settings = { ...job, addresses: [...target.addresses], export: target.exportPath, path }
      return { target, ...(await readJob(settings, { ...files, readText })) }
    }),
  )
}

/** What one job of a one-shot warm-up reads. */
export interface Target {
  readonly addresses: readonly string[]
  readonly exportPath: string
  readonly paths: readonly string[]
  /** For people. */
  readonly shown: string
}

/**
 * Lays out `<root>/<address><export>` as links to the named folders, so that a one-shot warm-up is an ordinary job with
 * addresses and exports. Without `mounts` each path is a target of its own, seen through one address; with them the
 * paths lie inside an export that each of the mounts shows, and may be none where a list says what to warm. Throws
 * `UsageError` for a path that does not exist.
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
