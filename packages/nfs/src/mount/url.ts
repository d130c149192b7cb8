import { isNfsError, NfsError } from '../errors.ts'
import { decodeName } from '../xdr/names.ts'
import { checkExportPath, checkHost, type MountOptions, whole } from './options.ts'

/** What a URL can say. */
export type NfsUrl = Pick<MountOptions, 'host' | 'exportPath' | 'nfsPort' | 'mountPort' | 'uid' | 'gid'>

/** `nfs://HOST[:PORT]EXPORT[?ARGUMENTS]`; HOST in brackets where it is an IPv6 address. */
const shape =
  /^nfs:\/\/(?:\[(?<v6>[^\]]*)\]|(?<name>[^:/?#[\]@]*))(?::(?<port>[^/?#]*))?(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/i
const argumentBounds: Readonly<
  Record<string, readonly [option: 'nfsPort' | 'mountPort' | 'uid' | 'gid', min: number, max: number]>
> = {
  nfsport: ['nfsPort', 1, 65_535],
  mountport: ['mountPort', 1, 65_535],
  uid: ['uid', 0, 0xffff_ffff],
  gid: ['gid', 0, 0xffff_ffff],
}

/**
 * Reads `nfs://HOST[:PORT]/EXPORT?uid=&gid=&nfsport=&mountport=`, the URLs of RFC 2224 with the arguments that libnfs
 * knows. PORT is that of NFS; bytes of the export that a URL can't hold are %-encoded. Throws `URL_INVALID`.
 */
export function parseNfsUrl(url: string): NfsUrl {
  try {
    return parse(url)
  } catch (error) {
    if (!isNfsError(error)) throw error
    const hint = 'an NFS URL looks like nfs://HOST[:PORT]/EXPORT?uid=0&gid=0&nfsport=2049&mountport=20048'
    // What stands before an @ may be a password.
    const shown = JSON.stringify(url.replace(/^(nfs:\/\/)[^/]*@/i, '$1***@'))
    throw new NfsError('URL_INVALID', `${shown}: ${error.summary}`, { hint })
  }
}

function parse(url: string): NfsUrl {
  if (/^nfs:\/\/[^/]*@/i.test(url)) throw new NfsError('URL_INVALID', 'an NFS URL names no user; give uid and gid')
  const { v6, name, port, path, query } = shape.exec(url)?.groups ?? {}
  if (v6 === undefined && name === undefined) throw new NfsError('URL_INVALID', 'this is no NFS URL')
  const found: { -readonly [K in keyof NfsUrl]: NfsUrl[K] } = {
    host: checkHost(v6 ?? name),
    exportPath: checkExportPath(path === undefined ? undefined : decodePath(path)),
  }
  if (port !== undefined) found.nfsPort = whole('PORT', digits(port), 1, 65_535)
  for (const argument of query === undefined || query === '' ? [] : query.split('&')) {
    const [key = '', value] = argument.split('=', 2)
    const known = Object.hasOwn(argumentBounds, key) ? argumentBounds[key] : undefined
    if (known === undefined) throw new NfsError('URL_INVALID', `there is no argument ${JSON.stringify(key)}`)
    const [option, min, max] = known
    if (found[option] !== undefined) throw new NfsError('URL_INVALID', `${key} is given twice`)
    found[option] = whole(key, digits(value), min, max)
  }
  return found
}

const digits = (text: string | undefined): unknown =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : text

/** Bytes that are not UTF-8 can be given as %XX too; see names.ts for what becomes of them. */
function decodePath(path: string): string {
  if (/%(?![0-9a-f]{2})/i.test(path)) throw new NfsError('URL_INVALID', "a '%' has to be written %25")
  const bytes = Buffer.from(path, 'utf8')
    .toString('latin1')
    .replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return decodeName(Buffer.from(bytes, 'latin1'))
}
