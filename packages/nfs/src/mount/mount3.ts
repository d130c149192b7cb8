import { NfsError, type NfsErrorDetails } from '../errors.ts'
import { decodeHandle, type FileHandle } from '../nfs3/objects.ts'
import { withStatus } from '../nfs3/status.ts'
import type { Procedure } from '../rpc/call.ts'
import type { Connection } from '../rpc/connection.ts'
import { AUTH_NONE, AUTH_SYS, flavorName } from '../rpc/message.ts'
import { encodeName } from '../xdr/names.ts'

/** MNTPATHLEN and MNTNAMLEN, RFC 1813 section 5.1.3. */
export const maxExportPathBytes = 1024
const maxGroupBytes = 255
/** More flavors than the registry has. */
const maxFlavors = 64

export interface MountResult {
  readonly handle: FileHandle
  /** Numbers of the authentication flavors that the export takes, the server's favourite first. */
  readonly flavors: readonly number[]
}

/** RFC 1813 section 5.2.1. Its statuses are a part of those of NFS. */
export const MNT: Procedure<string, MountResult> = withStatus({
  name: 'MNT',
  number: 1,
  encode: (w, path) => w.opaque(encodeName(path)),
  decode(r) {
    const handle = decodeHandle(r)
    return { handle, flavors: Array.from({ length: r.length(maxFlavors) }, () => r.u32()) }
  },
})

/** RFC 1813 section 5.2.3. A server without memory of who mounts what does nothing. */
export const UMNT: Procedure<string, undefined> = {
  name: 'UMNT',
  number: 3,
  encode: (w, path) => w.opaque(encodeName(path)),
  decode: () => undefined,
}

export interface ExportEntry {
  readonly path: string
  /** Who may mount it, in the server's own notation; none means everybody. */
  readonly groups: readonly string[]
}

/** RFC 1813 section 5.2.5 */
export const EXPORT: Procedure<undefined, readonly ExportEntry[]> = {
  name: 'EXPORT',
  number: 5,
  encode: () => {},
  decode(r) {
    const exports: ExportEntry[] = []
    while (r.bool()) {
      const path = r.name(maxExportPathBytes)
      const groups: string[] = []
      while (r.bool()) groups.push(r.name(maxGroupBytes))
      exports.push({ path, groups })
    }
    return exports
  },
}

/*
 * What to say when MNT says no: the server's list of exports tells whether the path is wrong or the client.
 */

const maxListed = 20

/** The path is no export, or one that is not for us. */
export async function deniedError(
  mountd: Connection,
  cause: NfsError,
  where: NfsErrorDetails,
  signal: AbortSignal | undefined,
): Promise<NfsError> {
  const exports = await listExports(mountd, signal)
  const entry = exports?.find(({ path }) => isWithin(where.exportPath ?? '', path))
  // A server may well keep an export out of its list; but one that lists others and not this one means this one.
  if (exports !== undefined && exports.length > 0 && entry === undefined) return notFound(exports, cause, where)
  const groups =
    entry === undefined || entry.groups.length === 0 ? '' : `; it is exported to ${entry.groups.join(', ')}`
  return new NfsError('EXPORT_DENIED', `the server does not let this client mount this${groups}`, {
    ...where,
    hint: "add this machine to the export's clients; if it is there, the export may want a source port below 1024",
    cause,
  })
}

/** The path does not exist, or is no directory. */
export async function notFoundError(
  mountd: Connection,
  cause: NfsError,
  where: NfsErrorDetails,
  signal: AbortSignal | undefined,
): Promise<NfsError> {
  return notFound((await listExports(mountd, signal)) ?? [], cause, where)
}

function notFound(exports: readonly ExportEntry[], cause: NfsError, where: NfsErrorDetails): NfsError {
  const paths = exports.slice(0, maxListed).map(({ path }) => path)
  const more = exports.length > paths.length ? ` and ${exports.length - paths.length} more` : ''
  const hint = paths.length === 0 ? 'the server lists no exports' : `the server exports ${paths.join(', ')}${more}`
  return new NfsError('EXPORT_NOT_FOUND', 'there is no such export', { ...where, hint, cause })
}

async function listExports(
  mountd: Connection,
  signal: AbortSignal | undefined,
): Promise<readonly ExportEntry[] | undefined> {
  try {
    return await mountd.call(EXPORT, undefined, signal)
  } catch {
    signal?.throwIfAborted()
    return undefined // Some servers keep the list to themselves; then the error says less.
  }
}

const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`)

/** The flavor to call with. AUTH_SYS where it is allowed; a server that names none takes it. */
export function checkFlavors(flavors: readonly number[], where: NfsErrorDetails): 'sys' | 'none' {
  if (flavors.length === 0 || flavors.includes(AUTH_SYS)) return 'sys'
  if (flavors.includes(AUTH_NONE)) return 'none'
  throw new NfsError('KERBEROS_ONLY', `this export takes only sec=${flavors.map(flavorName).join(':')}`, {
    ...where,
    hint: 'allow sec=sys for this export',
  })
}
