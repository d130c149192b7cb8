import type { FileHandle } from '../handle.ts'
import { encodeName } from '../names.ts'
import { decodeHandle } from '../nfs3/handle.ts'
import { withStatus } from '../nfs3/status.ts'
import type { Procedure } from '../rpc/procedure.ts'

/** MNTPATHLEN and MNTNAMLEN, RFC 1813 section 5.1.3. */
export const MAX_EXPORT_PATH_BYTES = 1024
const MAX_GROUP_BYTES = 255
/** More flavors than the registry has. */
const MAX_FLAVORS = 64

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
    return { handle, flavors: Array.from({ length: r.length(MAX_FLAVORS) }, () => r.u32()) }
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
      const path = r.name(MAX_EXPORT_PATH_BYTES)
      const groups: string[] = []
      while (r.bool()) groups.push(r.name(MAX_GROUP_BYTES))
      exports.push({ path, groups })
    }
    return exports
  },
}
