import { MOUNT_PROGRAM, MOUNT_VERSION, nfsStatus, PORTMAP_PROGRAM, PORTMAP_VERSION } from '../nfs3/constants.ts'
import { encodeName } from '../xdr/names.ts'
import { decodeTreeHandle, encodeTreeHandle } from './handles.ts'
import type { NfsProgramState } from './nfs-program.ts'
import { type ServiceProcedures, StatusError } from './program.ts'
import type { Answer, ServedCall } from './rpc-server.ts'

export interface MountServiceOptions {
  readonly state: NfsProgramState
  readonly exportPath: string
  /** What EXPORT lists: clients by path, none means everybody. */
  readonly exports: Readonly<Record<string, readonly string[]>>
  readonly flavors: readonly number[]
  readonly allowed: (call: ServedCall) => boolean
}

/** MOUNT: MNT of the export and of any directory below, UMNT, EXPORT. */
export function mountService({ state, exportPath, exports, flavors, allowed }: MountServiceOptions): ServiceProcedures {
  const mnt = (path: string): Answer => {
    const root = rootHandle(state, exportPath, path)
    return (w) => {
      w.u32(nfsStatus.OK)
      w.latin1(root)
      w.u32(flavors.length)
      for (const flavor of flavors) w.u32(flavor)
    }
  }
  const listExports: Answer = (w) => {
    for (const [path, groups] of Object.entries(exports)) {
      w.bool(true)
      w.opaque(encodeName(path))
      for (const group of groups) {
        w.bool(true)
        w.opaque(Buffer.from(group))
      }
      w.bool(false)
    }
    w.bool(false)
  }
  return {
    program: MOUNT_PROGRAM,
    version: MOUNT_VERSION,
    names: { 0: 'NULL', 1: 'MNT', 3: 'UMNT', 5: 'EXPORT' },
    answer(call, args) {
      if (call.procedure === 5) return listExports
      if (call.procedure !== 1) return () => {}
      if (!allowed(call)) throw new StatusError('ACCES')
      return mnt(args.name(1024))
    },
  }
}

/** Real servers let clients mount directories below an export, too. */
function rootHandle(state: NfsProgramState, exportPath: string, path: string): string {
  if (path !== exportPath && !path.startsWith(`${exportPath}/`)) throw new StatusError('NOENT')
  let handle = encodeTreeHandle(state.generation, [])
  for (const name of path
    .slice(exportPath.length + 1)
    .split('/')
    .filter(Boolean)) {
    const parent = decodeTreeHandle(state.tree, state.generation, handle)
    const index = typeof parent === 'object' && parent.node.type === 'directory' ? parent.node.find(name) : undefined
    if (typeof parent === 'string' || index === undefined) throw new StatusError('NOENT')
    handle = encodeTreeHandle(state.generation, [...parent.indexes, index])
  }
  return handle
}

/** The portmapper: GETPORT. */
export const portmapService = (portOf: (program: number, version: number) => number): ServiceProcedures => ({
  program: PORTMAP_PROGRAM,
  version: PORTMAP_VERSION,
  names: { 0: 'NULL', 3: 'GETPORT' },
  answer(call, args) {
    const port = call.procedure === 3 ? portOf(args.u32(), args.u32()) : undefined
    return (w) => {
      if (port !== undefined) w.u32(port)
    }
  },
})
