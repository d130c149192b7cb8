import type { FileHandle } from '../handle.ts'
import type { Procedure } from '../rpc/procedure.ts'
import { skipOptionalAttributes } from './attributes.ts'
import { withStatus } from './status.ts'

/** How full a file system is. */
export interface FsStat {
  readonly totalBytes: bigint
  readonly freeBytes: bigint
  /** Free for this user. */
  readonly availableBytes: bigint
  readonly totalFiles: bigint
  readonly freeFiles: bigint
  readonly availableFiles: bigint
}

/** RFC 1813 section 3.3.18 */
export const FSSTAT: Procedure<FileHandle, FsStat> = withStatus({
  name: 'FSSTAT',
  number: 18,
  encode: (w, root) => w.latin1(root),
  decode(r) {
    skipOptionalAttributes(r)
    const stat = {
      totalBytes: r.u64(),
      freeBytes: r.u64(),
      availableBytes: r.u64(),
      totalFiles: r.u64(),
      freeFiles: r.u64(),
      availableFiles: r.u64(),
    }
    r.take(4) // invarsec
    return stat
  },
})
