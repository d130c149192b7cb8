import type { FileHandle } from '../handle.ts'
import { encodeName } from '../names.ts'
import type { Procedure } from '../rpc/procedure.ts'
import { type Attributes, decodeOptionalAttributes, skipOptionalAttributes } from './attributes.ts'
import { decodeHandle } from './handle.ts'
import { withStatus } from './status.ts'

export interface LookupArgs {
  readonly directory: FileHandle
  readonly name: string
}

export interface LookupResult {
  readonly handle: FileHandle
  readonly attributes: Attributes | undefined
}

/** RFC 1813 section 3.3.3 */
export const LOOKUP: Procedure<LookupArgs, LookupResult> = withStatus({
  name: 'LOOKUP',
  number: 3,
  encode(w, { directory, name }) {
    w.latin1(directory)
    w.opaque(encodeName(name))
  },
  decode(r) {
    const result = { handle: decodeHandle(r), attributes: decodeOptionalAttributes(r) }
    skipOptionalAttributes(r)
    return result
  },
})
