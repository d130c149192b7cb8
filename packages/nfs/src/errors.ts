import type { NfsStatus } from './nfs3/constants.ts'

/**
 * What went wrong, for programs to branch on. The second group are the statuses of RFC 1813 section 2.6 by their names
 * (`NOENT`, `STALE`, `JUKEBOX`, ...): the server understood the call and says no.
 */
export type NfsErrorCode =
  /** The URL, or the option that the message names, can't be meant. Nothing was contacted. */
  | 'URL_INVALID'
  | 'OPTION_INVALID'
  /** The machine is there, and nothing listens on that port. */
  | 'REFUSED'
  /** The address, or a port that the portmapper tells, is one that must not be connected to. */
  | 'ADDRESS_REFUSED'
  /** No such host name, or no route to it. */
  | 'UNREACHABLE'
  /** No answer in time, after all retransmissions. */
  | 'TIMEOUT'
  /** Ports were to be asked for, and no portmapper answers at port 111. */
  | 'PORTMAP_MISSING'
  /** The server has no such export; the message lists those that it has. */
  | 'EXPORT_NOT_FOUND'
  /** The export exists, and this client may not mount it. */
  | 'EXPORT_DENIED'
  /** The server speaks other versions of NFS or MOUNT than 3. */
  | 'VERSION'
  /** The export takes neither AUTH_SYS nor AUTH_NONE. */
  | 'KERBEROS_ONLY'
  /** The server wants a source port below 1024, which this process may not have. */
  | 'PRIVILEGED_PORT'
  /** The server refuses the credentials, or the call itself, at the level of RPC. */
  | 'RPC_REFUSED'
  /** What came is no RPC, or no NFS. */
  | 'PROTOCOL'
  /** More calls at a time than a connection has xids for. */
  | 'TOO_MANY_CALLS'
  /** The export was closed here. */
  | 'CLOSED'
  /** A listing leads back to where it was, or brings no new names and yet no end. What came before is sound. */
  | 'LISTING_LOOPS'
  /** A READ before the end of a file brought no bytes: it can't be read as a whole. */
  | 'INCOMPLETE'
  /** More than 40 symbolic links on the way, or one that leads to itself. */
  | 'LINK_LOOP'
  /** A symbolic link leads out of the export. */
  | 'LINK_OUTSIDE'
  | Exclude<NfsStatus, 'OK'>

export interface NfsErrorDetails {
  /** Who: host name or address, with its port where one is known. */
  readonly host?: string | undefined
  readonly exportPath?: string | undefined
  /** What a person can do about it. */
  readonly hint?: string | undefined
  readonly cause?: unknown
}

/** The one error of this package. Branch on `code`; `cause` keeps the original; facts are fields, not only prose. */
export class NfsError extends Error {
  override readonly name = 'NfsError'
  readonly code: NfsErrorCode
  /** The message without where and hint. */
  readonly summary: string
  readonly host: string | undefined
  readonly exportPath: string | undefined
  readonly hint: string | undefined

  constructor(code: NfsErrorCode, message: string, details: NfsErrorDetails = {}) {
    const where = details.host === undefined ? '' : `${details.host}${details.exportPath ?? ''}: `
    const hint = details.hint === undefined ? '' : ` (${details.hint})`
    super(`${where}${message}${hint}`, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.summary = message
    this.host = details.host
    this.exportPath = details.exportPath
    this.hint = details.hint
  }
}

/** The same error, saying whom it came from; one that says so already stays as it is. */
export function locateError(error: NfsError, where: NfsErrorDetails): NfsError {
  if (error.host !== undefined) return error
  return new NfsError(error.code, error.summary, { ...where, hint: error.hint, cause: error.cause })
}

/** Looks at the name, so that two copies of this package still agree. */
export const isNfsError = (error: unknown): error is NfsError => error instanceof Error && error.name === 'NfsError'

/** Bytes that are not what the protocol says. */
export const protocolError = (message: string, cause?: unknown): NfsError =>
  new NfsError('PROTOCOL', message, { cause })
