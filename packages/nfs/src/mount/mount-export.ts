import { NfsExport } from '../client/export.ts'
import { StatsCollector } from '../client/stats.ts'
import { isNfsError, NfsError } from '../errors.ts'
import { MOUNT_PROGRAM, MOUNT_VERSION, NFS_PROGRAM, NFS_VERSION } from '../nfs3/constants.ts'
import { FSINFO, type FsInfo } from '../nfs3/file-system.ts'
import type { Connection } from '../rpc/connection.ts'
import type { Credential } from '../rpc/message.ts'
import { openTarget, type Target } from '../rpc/target.ts'
import { dialer, userOf } from './dial.ts'
import { checkFlavors, deniedError, MNT, type MountResult, notFoundError, UMNT } from './mount3.ts'
import { type MountOptions, type MountSettings, resolveMountOptions } from './options.ts'
import { findPorts } from './ports.ts'

/** How long closing waits for the server to take note of it. */
const unmountMs = 2_000

/**
 * Opens an export for reading, as `mount` would, but within this process: asks the portmapper for ports that are not
 * given, asks MOUNT for the root handle, and FSINFO for the server's sizes.
 * Throws `OPTION_INVALID` before anything is contacted; else an `NfsError` that says what to do, or `signal.reason`.
 */
export async function mountExport(options: MountOptions): Promise<NfsExport> {
  const settings = resolveMountOptions(options)
  settings.signal?.throwIfAborted()
  const { host, exportPath, privilegedPort } = settings
  const target = await openTarget(settings, { host, exportPath })
  if (privilegedPort !== 'auto') return await attempt(settings, target, privilegedPort === 'always')
  try {
    return await attempt(settings, target, false)
  } catch (error) {
    if (!mayWantPrivilegedPort(error)) throw error
    return await attemptPrivileged(settings, target, error)
  }
}

/** Servers say in many ways that they don't like the source port, and none of them clearly. */
const mayWantPrivilegedPort = (error: unknown): error is NfsError =>
  isNfsError(error) && ['EXPORT_DENIED', 'PERM', 'ACCES', 'RPC_REFUSED'].includes(error.code)

async function attemptPrivileged(settings: MountSettings, target: Target, denial: NfsError): Promise<NfsExport> {
  try {
    return await attempt(settings, target, true)
  } catch (error) {
    if (!isNfsError(error) || error.code !== 'PRIVILEGED_PORT') throw error
    throw new NfsError(
      'PRIVILEGED_PORT',
      `${denial.summary}; it may want a source port below 1024, but ${error.summary}`,
      {
        host: settings.host,
        exportPath: settings.exportPath,
        hint: error.hint,
        cause: denial,
      },
    )
  }
}

async function attempt(settings: MountSettings, target: Target, privileged: boolean): Promise<NfsExport> {
  const { host, exportPath, signal } = settings
  const where = { host, exportPath }
  const { dial, hangUp } = dialer(settings, target, privileged)
  try {
    const ports = await findPorts(dial, settings, where)
    const mountService = { program: MOUNT_PROGRAM, version: MOUNT_VERSION, port: ports.mount }
    const mountd = dial(mountService)
    const { handle: root, flavors } = await mnt(mountd, settings)
    mountd.close()
    const flavor = checkFlavors(flavors, where)
    const collector = new StatsCollector(settings.observer)
    const credential: Credential = flavor === 'sys' ? userOf(settings) : { flavor }
    const nfsService = { program: NFS_PROGRAM, version: NFS_VERSION, port: ports.nfs, credential, collector }
    const first = dial(nfsService)
    const { info, attributes } = await first.call(FSINFO, root, signal)
    const more = (count: number): Connection[] =>
      Array.from({ length: count }, () => dial({ ...nfsService, known: true }))
    return new NfsExport({
      ...where,
      peer: target.peer,
      root,
      rootAttributes: attributes,
      info,
      readBytes: readBytesOf(info, settings.maxReadBytes),
      pageBytes: settings.maxPageBytes,
      mostPageBytes: 2 * Math.max(settings.maxReadBytes, settings.maxPageBytes),
      cachedDirectories: settings.cachedDirectories,
      connections: [first, ...more(settings.connections - 1)],
      longReadConnections: more(settings.longReadConnections),
      collector,
      unmount: () => unmount(dial(mountService), settings),
    })
  } catch (error) {
    hangUp()
    throw error
  }
}

/** What the server prefers, within what it and the caller allow; as the kernel's client does. Zeros say nothing. */
function readBytesOf({ rtpref, rtmax }: FsInfo, most: number): number {
  return Math.min(most, rtpref > 0 ? rtpref : most, rtmax > 0 ? rtmax : most)
}

async function mnt(mountd: Connection, { exportPath, signal, host }: MountSettings): Promise<MountResult> {
  try {
    return await mountd.call(MNT, exportPath, signal)
  } catch (error) {
    if (!isNfsError(error)) throw error
    if (error.code === 'ACCES' || error.code === 'PERM')
      throw await deniedError(mountd, error, { host, exportPath }, signal)
    if (error.code === 'NOENT' || error.code === 'NOTDIR' || error.code === 'INVAL') {
      throw await notFoundError(mountd, error, { host, exportPath }, signal)
    }
    throw error
  }
}

/** Best effort: a server forgets who mounts what anyway. */
async function unmount(mountd: Connection, { exportPath, clock }: MountSettings): Promise<void> {
  const stop = clock.setTimer(unmountMs, () => mountd.close())
  try {
    await mountd.call(UMNT, exportPath)
  } catch {
    // The export is closed: no caller could act on it.
  }
  stop()
  mountd.close()
}
