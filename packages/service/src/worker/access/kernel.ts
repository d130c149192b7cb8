import { execFile } from 'node:child_process'
import { lstat, mkdir, mkdtemp, rmdir, stat } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Logger } from '@cachewarmer/queue'
import type { Resolve } from '@cachewarmer/walker'
import { folderMount, isWalkError, type Mount, mountPoints, openReadLane, WalkError } from '@cachewarmer/walker'
import type { MountOpener, OpenedMount } from '../ports.ts'
import { abandoned, claim, folderPrefix, giveUp } from './mount-owner.ts'

const execute = promisify(execFile)

/** In the order in which they are tried: with 4.1 and 4.2 the kernel may read one address through another one's connection. */
const nfsVersions = ['3', '4.0', '4.1', '4.2'] as const
type NfsVersion = (typeof nfsVersions)[number]

/**
 * Reading is all that a warm-up does; and a filer that goes away must fail a read, not hold a thread for ever. Each mount has
 * caches of its own: what another one of the export has in memory answers nothing.
 */
const mountOptions = 'ro,nosuid,nodev,noexec,soft,timeo=150,retrans=3,retry=0,nosharecache'
const roundsAtMost = 3
const mountMs = 30_000

export interface KernelOptions {
  /** The folder in which the worker makes one of its own for its mount points: that of its service, or the system's for temporary files. */
  readonly parent: string
  /** Which addresses of a host may be mounted from. */
  readonly resolve: Resolve
  readonly nfsPort?: number | undefined
  readonly mountPort?: number | undefined
  /** Versions of NFS that may be spoken, the first that mounts is. Default: all of `nfsVersions`. */
  readonly versions?: readonly NfsVersion[] | undefined
  /** Hears of mounts that were taken down because the worker died that made them. */
  readonly logger?: Logger | undefined
  /** Runs a program with its arguments, without a shell. Default: `execFile`. */
  readonly run?: ((program: string, args: readonly string[], options: RunOptions) => Promise<unknown>) | undefined
}

interface RunOptions {
  readonly signal?: AbortSignal | undefined
  readonly timeout: number
}

/**
 * Takes down what workers left behind that were killed, and from then on mounts exports with the kernel's client, read-only and for one run each, and unmounts them when they are closed. Needs
 * root and mount.nfs. The program gets its arguments as a list: nothing that a job says reaches a shell. What is mounted is
 * an address, not a name, which might lead somewhere else by then. Every version is tried a few times, each for a bounded
 * time; an abort of the signal ends it. Throws `MOUNT_DOWN` with what mount said, `ACCESS_DENIED` for an address that is
 * refused, `CONNECTION_SHARED` for one that the kernel reads through another.
 */
export function kernelAccess(options: KernelOptions): MountOpener {
  const lane = openReadLane()
  const cleaned = takeDownAbandoned(options)
  return async (host, exportPath, { signal }) => {
    await cleaned
    const address = await addressOf(host, exportPath, options.resolve)
    const base = await ownFolder(options.parent)
    const point = join(base, host.replaceAll(':', '_'))
    try {
      await claim(base)
      await mkdir(point, { mode: 0o700 })
      const open = () =>
        folderMount({ folder: point, name: host, address, lane, mountedAs: 'kernel mount', oneFileSystem: true })
      const mount = await mountAt({ point, address, exportPath, open }, options, signal)
      return forOneRun(mount, () => unmount(point, base, options))
    } catch (error) {
      await remove(point, base)
      throw error
    }
  }
}

/** Best effort: what can't be taken down is in the way of nothing. */
async function takeDownAbandoned({ parent, logger, run = execute }: KernelOptions): Promise<void> {
  for (const { folder, pid, points } of await abandoned(parent, mountPoints())) {
    for (const point of points) {
      // At once, and without a word to a server that may be away.
      if (mountPoints().includes(point)) {
        const down = run('umount', ['-l', '--', point], { timeout: mountMs })
        await down.then(
          () => logger?.info('the mount of a worker that died was taken down', { point, pid }),
          (error: Error) => logger?.warn('the mount of a worker that died stays', { point, pid, error: error.message }),
        )
      }
      await rmdir(point).catch(() => undefined)
    }
    await giveUp(folder)
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
  const folder = await mkdtemp(join(parent, folderPrefix))
  const made = await lstat(folder)
  if (made.isDirectory() && made.uid === user && (made.mode & 0o777) === 0o700) return folder
  throw new WalkError('OTHER', `${folder} was made for this user alone, and is not`)
}

interface Wanted {
  readonly point: string
  readonly address: string
  readonly exportPath: string
  /** What reads where it is mounted. */
  readonly open: () => Mount
}

/** The first version that mounts, through a connection to the very address. */
async function mountAt(wanted: Wanted, options: KernelOptions, signal: AbortSignal): Promise<Mount> {
  const { versions = nfsVersions, run = execute } = options
  const { point, open } = wanted
  const source = sourceOf(wanted)
  for (let round = 1; ; round += 1) {
    const refusals: Refusal[] = []
    for (const version of versions) {
      try {
        await run('mount', ['-t', 'nfs', '-o', optionsOf(version, wanted, options), '--', source, point], {
          signal,
          timeout: mountMs,
        })
      } catch (error) {
        signal.throwIfAborted()
        refusals.push({ version, error })
        continue
      }
      try {
        return open()
      } catch (error) {
        await takeDown(point, options)
        if (!isWalkError(error) || error.code !== 'CONNECTION_SHARED') throw error
        refusals.push({ version, error })
      }
    }
    const shared = refusals.find(({ error }) => isWalkError(error))
    if (shared !== undefined) throw shared.error
    // A server that does not answer at all costs a round as long as it takes: one is enough.
    const late = refusals.some(({ error }) => (error as { killed?: boolean }).killed === true)
    if (round < roundsAtMost && !late) continue
    throw new WalkError('MOUNT_DOWN', `${source} can't be mounted: ${refusals.map(saidBy).join('; ')}`, {
      cause: refusals[0]?.error,
    })
  }
}

interface Refusal {
  readonly version: NfsVersion
  readonly error: unknown
}

function saidBy({ version, error }: Refusal): string {
  const said = (error as { stderr?: string }).stderr?.trim() ?? ''
  return `NFSv${version}: ${said === '' ? (error as Error).message : said}`
}

const sourceOf = ({ address, exportPath }: Wanted): string =>
  `${isIPv4(address) ? address : `[${address}]`}:${exportPath}`

/** Each version has options of its own: version 4 refuses those of MOUNT and of the lock manager. */
function optionsOf(version: NfsVersion, { address }: Wanted, { nfsPort, mountPort }: KernelOptions): string {
  const protocol = isIPv4(address) ? 'tcp' : 'tcp6'
  const ofMount = ['nolock', `mountproto=${protocol}`, ...(mountPort === undefined ? [] : [`mountport=${mountPort}`])]
  return [
    mountOptions,
    `nfsvers=${version}`,
    `proto=${protocol}`,
    ...(nfsPort === undefined ? [] : [`port=${nfsPort}`]),
    ...(version === '3' ? ofMount : []),
  ].join(',')
}

const forOneRun = (mount: Mount, end: () => Promise<void>): OpenedMount => ({
  ...mount,
  forOneRun: true,
  async close() {
    await mount.close()
    await end()
  },
})

async function takeDown(point: string, { run = execute }: KernelOptions): Promise<void> {
  try {
    await run('umount', ['--', point], { timeout: mountMs })
  } catch {
    // Something still looks into it, or the filer is away: it goes when nothing does any more.
    await run('umount', ['-l', '--', point], { timeout: mountMs })
  }
}

async function unmount(point: string, base: string, options: KernelOptions): Promise<void> {
  await takeDown(point, options)
  await remove(point, base)
}

/** What is mounted there after all stays, with the record of who made it. */
async function remove(point: string, base: string): Promise<void> {
  const isLeft = await rmdir(point).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  )
  if (!isLeft) await giveUp(base)
}

/** Whether a failure of direct access is one that the kernel's client might not have. NFSv4 needs no portmapper. */
export function kernelMayHelp(error: unknown): boolean {
  if (!isWalkError(error)) return false
  const cause = (error.cause as { code?: unknown } | undefined)?.code
  if (cause === 'PORTMAP_MISSING') return true
  return !neverKernel.has(error.code) && cause !== 'ADDRESS_REFUSED'
}

const neverKernel: ReadonlySet<string> = new Set(['MOUNT_DOWN', 'TIMEOUT', 'OPTION_INVALID'])
