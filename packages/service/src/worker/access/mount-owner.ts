import { constants } from 'node:fs'
import { lstat, open, readdir, readFile, readlink, rmdir, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/*
 * A worker that is killed leaves its kernel mounts behind. Each lies in a folder of its own with a record of the process that
 * made it, by which the next worker on the machine finds those without a living owner.
 */

/** What the names of folders for mounts begin with; six characters of mkdtemp follow. */
export const folderPrefix = 'cachewarmer-mounts-'
const recordName = 'owner.json'
const mostRecordBytes = 4_096
/** A folder without a record may just have been made. */
const youngMs = 60_000

/** A process, told from all others that the machine ever runs. */
export interface Owner {
  readonly pid: number
  /** In clock ticks since the machine started: field 22 of proc(5)'s `stat`. */
  readonly startedTicks: string
  /** New with each start of the machine. */
  readonly bootId: string
  /** Process ids mean something within it alone: two containers may share the folder. */
  readonly pidNamespace: string
}

/** The process of this id; undefined where there is none, or only what is left of one that ended. */
export async function ownerOf(pid: number): Promise<Owner | undefined> {
  const [stat, bootId, pidNamespace] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined),
    readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
    readlink('/proc/self/ns/pid'),
  ])
  // The name of the program is in parentheses, and may have any.
  const [state = '', ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  const startedTicks = fields[18]
  if (startedTicks === undefined || state === 'Z' || state === 'X') return undefined
  return { pid, startedTicks, bootId: bootId.trim(), pidNamespace }
}

/** Notes in a folder for a mount that this process owns it. */
export async function claim(folder: string): Promise<void> {
  const owner = await ownerOf(process.pid)
  await writeFile(join(folder, recordName), JSON.stringify(owner), { mode: 0o600, flag: 'wx' })
}

/** Removes the record and the folder, which stays where something else is in it. */
export async function giveUp(folder: string): Promise<void> {
  await unlink(join(folder, recordName)).catch(() => undefined)
  await rmdir(folder).catch(() => undefined)
}

/** A folder whose owner is no more, and what is in it. */
export interface Abandoned {
  readonly folder: string
  readonly pid: number | undefined
  /** Mount points in it; some may have nothing mounted. */
  readonly points: readonly string[]
}

/**
 * The folders for mounts that no living process owns: below `parent`, and wherever one of the machine's `mountPoints` lies in
 * one. Only folders count that this user alone may look into, as workers make them. What can't be told for certain is left.
 */
export async function abandoned(parent: string, mountPoints: readonly string[]): Promise<Abandoned[]> {
  const made = await readdir(parent).catch(() => [])
  const folders = new Set([
    ...made.filter((name) => name.startsWith(folderPrefix)).map((name) => join(parent, name)),
    ...mountPoints.map(dirname).filter((folder) => folder.includes(`/${folderPrefix}`)),
  ])
  const found = await Promise.all([...folders].map((folder) => lookAt(folder, mountPoints).catch(() => undefined)))
  return found.flatMap((one) => one ?? [])
}

async function lookAt(folder: string, mountPoints: readonly string[]): Promise<Abandoned | undefined> {
  const { uid, mode, mtimeMs } = await lstat(folder)
  const isOurs = (mode & constants.S_IFMT) === constants.S_IFDIR && (mode & 0o777) === 0o700
  if (!isOurs || uid !== process.geteuid?.()) return undefined
  const names = await readdir(folder)
  const points = names.filter((name) => name !== recordName).map((name) => join(folder, name))
  if (!names.includes(recordName)) {
    const mayBeNew = Date.now() - mtimeMs < youngMs
    const isEmpty = !points.some((point) => mountPoints.includes(point))
    return mayBeNew || !isEmpty ? undefined : { folder, pid: undefined, points }
  }
  const owner = readOwner(await readRecord(join(folder, recordName)))
  return (await isGone(owner)) ? { folder, pid: owner.pid, points } : undefined
}

async function readRecord(file: string): Promise<string> {
  await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostRecordBytes), 0, mostRecordBytes, 0)
  return buffer.toString('utf8', 0, bytesRead)
}

function readOwner(text: string): Owner {
  const { pid, startedTicks, bootId, pidNamespace } = JSON.parse(text) as Record<string, unknown>
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
  if (Number.isSafeInteger(pid) && isText(startedTicks) && isText(bootId) && isText(pidNamespace))
    return { pid: Number(pid), startedTicks, bootId, pidNamespace }
  throw new Error('a record of something else')
}

async function isGone(owner: Owner): Promise<boolean> {
  const self = await ownerOf(process.pid)
  if (self === undefined) return false
  if (owner.bootId !== self.bootId) return true
  // Of a container of its own, say: whether that process lives can't be seen from here.
  if (owner.pidNamespace !== self.pidNamespace) return false
  return (await ownerOf(owner.pid))?.startedTicks !== owner.startedTicks
}
