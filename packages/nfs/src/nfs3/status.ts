import { NfsError, protocolError } from '../errors.ts'
import type { Procedure } from '../rpc/call.ts'
import type { XdrReader } from '../xdr/reader.ts'
import { type NfsStatus, nfsStatusName } from './constants.ts'

/** What people need to hear about a status; the others speak for themselves. */
const meanings: Partial<Record<NfsStatus, string>> = {
  PERM: 'operation not permitted',
  NOENT: 'no such file or directory',
  IO: 'the server had an I/O error',
  ACCES: 'permission denied',
  NOTDIR: 'not a directory',
  ISDIR: 'is a directory',
  INVAL: 'invalid argument, or not a regular file',
  FBIG: 'the file is too large',
  NAMETOOLONG: 'the name is too long',
  STALE: 'stale file handle: the file is gone, or was replaced',
  BADHANDLE: 'the server does not know this file handle',
  BAD_COOKIE: 'the directory changed, its listing has to start again',
  NOTSUPP: 'the server does not support this',
  TOOSMALL: 'one entry does not fit in the page that was asked for',
  SERVERFAULT: 'the server failed',
  JUKEBOX: 'the server is busy fetching this, try later',
}

/** Throws the status that begins every result of NFS and MOUNT as an error, unless it is OK. */
export function expectOk(r: XdrReader, procedure: string): void {
  const number = r.u32()
  if (number === 0) return
  const status = nfsStatusName(number)
  if (status === undefined || status === 'OK') throw protocolError(`${procedure}: unknown status ${number}`)
  throw new NfsError(status, `${procedure}: ${meanings[status] ?? status}`)
}

/** A procedure whose results begin with a status; `decode` sees what follows OK. The arms of failures tell nothing more. */
export const withStatus = <A, R>(procedure: Procedure<A, R>): Procedure<A, R> => ({
  ...procedure,
  decode(r, args) {
    expectOk(r, procedure.name)
    return procedure.decode(r, args)
  },
})
