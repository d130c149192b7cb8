import type { FileHandle } from '../handle.ts'
import type { Procedure } from '../rpc/procedure.ts'
import { type Attributes, decodeAttributes } from './attributes.ts'
import { withStatus } from './status.ts'

/** RFC 1813 section 3.3.1 */
export const GETATTR: Procedure<FileHandle, Attributes> = withStatus({
  name: 'GETATTR',
  number: 1,
  encode: (w, handle) => w.latin1(handle),
  decode: decodeAttributes,
})
