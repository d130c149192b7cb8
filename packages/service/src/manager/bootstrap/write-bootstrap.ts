import { createHash } from 'node:crypto'
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { basename, join } from 'node:path'
import { UsageError } from '../../cli/index.ts'
import { bootstrapAssets } from './assets.ts'
import { type ReleasedFiles, type Sign, sha256 } from './released-files.ts'

export interface WrittenBootstrap {
  /** The release that the folder shows now, such as `0.1.0-1a2b3c4d5e6f`. */
  readonly release: string
  /** What it showed before; the same, where nothing was to be done; undefined the first time. */
  readonly before: string | undefined
}

const signature = 'SHA256SUMS.sig'
const unfinished = '.new-'
const abandonedAfterMs = 60 * 60_000

/**
 * Lays out a bootstrap folder, or upgrades one. A release is written beside the one that is shown, whole, and then one
 * rename of the link `current` changes everything over: who reads meanwhile finds the old files or the new ones, never
 * some of each. The release before is kept for those who are installing from it. `sign` makes the signature of its list of
 * checksums; a release that was signed before stays so. Throws `UsageError` where something that
 * is not of this command's making is in the way, before anything is written.
 */
export async function writeBootstrap(out: string, released: ReleasedFiles, sign?: Sign): Promise<WrittenBootstrap> {
  const assets = bootstrapAssets()
  const shown = [
    ...new Set([...[...assets.keys()].map((name) => name.replace(/\/.*/, '')), 'cachewarmerbin', 'SHA256SUMS']),
  ]
  const before = await whatIsThere(out, [...shown, signature])
  const releases = join(out, 'releases')
  // Machines read it through an export that squashes root, whatever the umask is.
  await mkdir(releases, { recursive: true })
  await chmod(releases, 0o755)
  const made = await mkdtemp(join(releases, unfinished))
  try {
    const sums = await layOut(made, assets, released)
    const release = `${released.version}-${createHash('sha256').update(sums).digest('hex').slice(0, 12)}`
    const signed = await sign?.(sums)
    await putInPlace(made, join(releases, release))
    if (signed !== undefined) await replace(join(releases, release, signature), signed)
    await point(join('releases', release), join(out, 'current'))
    for (const name of shown) await point(join('current', name), join(out, name))
    if (await exists(join(releases, release, signature))) await point(join('current', signature), join(out, signature))
    else await rm(join(out, signature), { force: true })
    if (release !== before) await clearAway(releases, [release, before])
    return { release, before }
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}

/** The release that is shown, and a complaint about what would be overwritten. */
async function whatIsThere(out: string, shown: readonly string[]): Promise<string | undefined> {
  for (const name of ['current', ...shown]) {
    const there = await lstat(join(out, name)).catch(() => undefined)
    if (there !== undefined && !there.isSymbolicLink()) {
      throw new UsageError(
        `--out ${out}: ${name} is there and not of this command's making; name another folder, or move it away`,
      )
    }
  }
  const target = await readlink(join(out, 'current')).catch(() => undefined)
  return target === undefined ? undefined : basename(target)
}

/** Writes all files of a release; returns its list of checksums. */
async function layOut(folder: string, assets: ReadonlyMap<string, string>, released: ReleasedFiles): Promise<string> {
  await chmod(folder, 0o755)
  const lines: string[] = []
  for (const [name, text] of assets) {
    const file = join(folder, name)
    await mkdir(join(file, '..'), { recursive: true })
    await writeFile(file, text)
    await chmod(file, name.endsWith('.sh') ? 0o755 : 0o644)
    lines.push(`${createHash('sha256').update(text).digest('hex')}  ${name}\n`)
  }
  const programs = join(folder, 'cachewarmerbin')
  await mkdir(programs)
  for (const [name, sum] of released.sums) {
    const file = join(programs, name)
    await copyFile(join(released.folder, name), file)
    await chmod(file, name === released.program ? 0o755 : 0o644)
    // The folder may be on a filer: what is there counts, not what was sent.
    if ((await sha256(file)) !== sum) throw new Error(`${file} was not written as it was read`)
    lines.push(`${sum}  cachewarmerbin/${name}\n`)
  }
  for (const role of ['manager', 'worker', 'submit', 'jobsubmitter'])
    await symlink(released.program, join(programs, released.program.replace('cachewarmer', `cachewarmer-${role}`)))
  for (const name of await readdir(folder)) {
    if ((await stat(join(folder, name))).isDirectory()) await chmod(join(folder, name), 0o755)
  }
  const sums = lines.join('')
  await writeFile(join(folder, 'SHA256SUMS'), sums)
  await chmod(join(folder, 'SHA256SUMS'), 0o644)
  return sums
}

/** A release that is there already is the same one, as its name says. */
async function putInPlace(made: string, release: string): Promise<void> {
  try {
    await rename(made, release)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
}

/** Makes a link point elsewhere in one step. */
async function point(target: string, link: string): Promise<void> {
  if ((await readlink(link).catch(() => undefined)) === target) return
  const made = `${link}.${process.pid}.new`
  await rm(made, { force: true })
  await symlink(target, made)
  await rename(made, link)
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  )

/** Writes a file in one step. */
async function replace(file: string, text: string): Promise<void> {
  const made = `${file}.${process.pid}.new`
  await writeFile(made, text)
  await chmod(made, 0o644)
  await rename(made, file)
}

async function clearAway(releases: string, kept: readonly (string | undefined)[]): Promise<void> {
  for (const name of await readdir(releases)) {
    const folder = join(releases, name)
    // Another run may be at work on its own.
    const young = name.startsWith(unfinished) && Date.now() - (await stat(folder)).mtimeMs < abandonedAfterMs
    if (!kept.includes(name) && !young) await rm(folder, { recursive: true, force: true })
  }
}
