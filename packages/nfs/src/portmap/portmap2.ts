import type { Procedure } from '../rpc/procedure.ts'

const TCP = 6

export interface Service {
  readonly program: number
  readonly version: number
}

/** PMAPPROC_GETPORT, RFC 1833 section 3.2: the TCP port of a service, 0 for none. */
export const GETPORT: Procedure<Service, number> = {
  name: 'GETPORT',
  number: 3,
  encode(w, { program, version }) {
    w.u32(program)
    w.u32(version)
    w.u32(TCP)
    w.u32(0)
  },
  decode: (r) => r.u32(),
}
