import { NfsError, type NfsErrorDetails } from '../errors.ts'
import { AUTH_NONE, AUTH_SYS, flavorName } from '../rpc/auth.ts'
import type { Connection } from '../rpc/connection.ts'
import { EXPORT, type ExportEntry } from './mount3.ts'

/*
 * What to say when MNT says no: the server's list of exports tells whether the path is wrong or the client.
 */

const MAX_LISTED = 20

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
  const paths = exports.slice(0, MAX_LISTED).map(({ path }) => path)
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
