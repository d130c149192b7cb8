import { type NfsStatus, nfsStatus } from '../nfs3/constants.ts'
import type { XdrReader } from '../xdr/reader.ts'
import type { FaultFunction } from './faults.ts'
import type { Answer, Program, ServedCall } from './rpc-server.ts'

/** A status that is no success, thrown out of a procedure. */
export class StatusError extends Error {
  readonly status: Exclude<NfsStatus, 'OK'>

  constructor(status: Exclude<NfsStatus, 'OK'>) {
    super(status)
    this.status = status
  }
}

/** The procedures of one version of one program. */
export interface ServiceProcedures {
  readonly program: number
  readonly version: number
  /** By number; those without a name are not available. */
  readonly names: Readonly<Record<number, string>>
  /** Throws `StatusError`. */
  answer(call: ServedCall, args: XdrReader): Answer
}

export interface Service extends ServiceProcedures {
  /** Counts calls by the names of their procedures. */
  readonly calls: Record<string, number>
  readonly fault: FaultFunction
}

/** Counts calls, lets things go wrong, and answers the rest. */
export const program = (service: Service): Program => ({
  answer(call, args) {
    const { version, calls } = service
    const name = service.names[call.procedure]
    if (call.program !== service.program) return { answer: { kind: 'PROG_UNAVAIL' } }
    if (call.version !== version) return { answer: { kind: 'PROG_MISMATCH', low: version, high: version } }
    if (name === undefined) return { answer: { kind: 'PROC_UNAVAIL' } }
    const nth = (calls[name] ?? 0) + 1
    calls[name] = nth
    const fault = service.fault({ procedure: name, nth, xid: call.xid, connection: call.connection, port: call.port })
    if (fault?.kind === 'status') return { answer: status(fault.status), fault }
    try {
      return { answer: service.answer(call, args), fault }
    } catch (error) {
      return { answer: error instanceof StatusError ? status(error.status) : { kind: 'GARBAGE_ARGS' }, fault }
    }
  },
})

/** Behind a status there may be attributes of the object; one word says that there are none. */
const status =
  (name: Exclude<NfsStatus, 'OK'>): Answer =>
  (w) => {
    w.u32(nfsStatus[name])
    w.u32(0)
  }
