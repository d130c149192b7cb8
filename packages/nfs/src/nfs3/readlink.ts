import type { FileHandle } from '../handle.ts'
import type { Procedure } from '../rpc/procedure.ts'
import { skipOptionalAttributes } from './attributes.ts'
import { MAX_PATH_BYTES } from './constants.ts'
import { withStatus } from './status.ts'

/** RFC 1813 section 3.3.5. The result is the link's target, as `decodeName` gives it. */
export const READLINK: Procedure<FileHandle, string> = withStatus({
  name: 'READLINK',
  number: 5,
  encode: (w, handle) => w.latin1(handle),
  decode(r) {
    skipOptionalAttributes(r)
    return r.name(MAX_PATH_BYTES)
  },
})
