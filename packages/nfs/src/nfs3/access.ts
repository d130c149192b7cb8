import type { FileHandle } from '../handle.ts'
import type { Procedure } from '../rpc/procedure.ts'
import { type Attributes, decodeOptionalAttributes } from './attributes.ts'
import { withStatus } from './status.ts'

/** Bits of ACCESS, RFC 1813 section 3.3.4. Those for changing things are left out: nothing here changes anything. */
export const accessBits = {
  /** Read a file's data, or list a directory. */
  READ: 0x01,
  /** Look a name up in a directory. */
  LOOKUP: 0x02,
  EXECUTE: 0x20,
} as const

export interface AccessArgs {
  readonly handle: FileHandle
  /** Sum of the `accessBits` in question. */
  readonly mask: number
}

export interface AccessResult {
  readonly attributes: Attributes | undefined
  /** Those bits of the mask that the server grants. */
  readonly granted: number
}

/** RFC 1813 section 3.3.4 */
export const ACCESS: Procedure<AccessArgs, AccessResult> = withStatus({
  name: 'ACCESS',
  number: 4,
  encode(w, { handle, mask }) {
    w.latin1(handle)
    w.u32(mask)
  },
  decode: (r, { mask }) => ({ attributes: decodeOptionalAttributes(r), granted: (r.u32() & mask) >>> 0 }),
})
