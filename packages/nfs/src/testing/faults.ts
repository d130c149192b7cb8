import type { NfsStatus } from '../nfs3/constants.ts'
import type { RpcRefusal } from '../rpc/message.ts'

/*
 * What can go wrong with one call. A server asks its `fault` function about every call it gets.
 */

export type Fault =
  /** The answer comes `ms` later. */
  | { readonly kind: 'late'; readonly ms: number }
  /** No answer ever. */
  | { readonly kind: 'drop' }
  /** The answer comes twice. */
  | { readonly kind: 'twice' }
  /** A status instead of the results. */
  | { readonly kind: 'status'; readonly status: Exclude<NfsStatus, 'OK'> }
  /** Refused by RPC, before NFS sees it. */
  | { readonly kind: 'refuse'; readonly refusal: RpcRefusal }
  /** A good header, and nonsense instead of results. */
  | { readonly kind: 'garbage' }
  /** Bytes that are no record. */
  | { readonly kind: 'noise' }
  /** A well-formed record in which the last bytes are missing. */
  | { readonly kind: 'short'; readonly bytes: number }
  /** The connection is reset in the middle of the answer, after this many bytes of it. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** The server ends its side and sends nothing more, but keeps the connection. */
  | { readonly kind: 'half-close' }
  /** This call and all later ones of its connection are taken, and nothing is ever answered. */
  | { readonly kind: 'black-hole' }

/** A call as a fault function sees it. */
export interface SeenCall {
  /** By its name, as in RFC 1813: 'READ', 'MNT', 'GETPORT', ... */
  readonly procedure: string
  /** Calls of this procedure so far, this one included. */
  readonly nth: number
  readonly xid: number
  /** Connections that this server had before this one. */
  readonly connection: number
  /** Source port of the client. */
  readonly port: number
}

export type FaultFunction = (call: SeenCall) => Fault | undefined

/** The fault for the calls of one procedure from its `first` to its `last`, counted from 1. */
export const onCalls =
  (procedure: string, first: number, last: number, fault: Fault): FaultFunction =>
  (call) =>
    call.procedure === procedure && call.nth >= first && call.nth <= last ? fault : undefined

/** The fault for every `n`th call of a procedure. */
export const everyNth =
  (procedure: string, n: number, fault: Fault): FaultFunction =>
  (call) =>
    call.procedure === procedure && call.nth % n === 0 ? fault : undefined

/** The first fault that one of the functions gives. */
export const firstOf =
  (...functions: readonly FaultFunction[]): FaultFunction =>
  (call) => {
    for (const give of functions) {
      const fault = give(call)
      if (fault !== undefined) return fault
    }
    return undefined
  }
