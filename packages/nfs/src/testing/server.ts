import { MOUNT_PROGRAM, NFS_PROGRAM, NFS_VERSION } from '../nfs3/constants.ts'
import type { FaultFunction } from './faults.ts'
import { mountService, portmapService } from './mount-program.ts'
import { type NfsProgramState, nfsService } from './nfs-program.ts'
import type { OddListing } from './odd-listing.ts'
import { program, type Service } from './program.ts'
import { type Program, type RpcServer, type ServedCall, startRpcServer } from './rpc-server.ts'
import type { TreeDirectory } from './tree.ts'

/** What is served, and how badly. */
export interface NfsServerOptions {
  readonly tree: TreeDirectory
  /** Default `/export`. */
  readonly exportPath?: string | undefined
  /** More paths for the list of exports, with the clients that may mount them. */
  readonly otherExports?: Readonly<Record<string, readonly string[]>> | undefined
  /** Where to listen. Default 127.0.0.1; any address of this machine. */
  readonly host?: string | undefined
  /** Default 0: any free one. */
  readonly nfsPort?: number | undefined
  /** How long every answer is held back. Default 0. */
  readonly latencyMs?: number | undefined
  /** Bytes, as FSINFO tells them. Default 1 MiB, 1 MiB, 64 KiB. */
  readonly rtmax?: number | undefined
  readonly rtpref?: number | undefined
  readonly dtpref?: number | undefined
  /** The same. Default 2^63 - 1. */
  readonly maxFileSize?: bigint | undefined
  /** Longest page of a listing that is given. Default 1 MiB. */
  readonly pageBytes?: number | undefined
  /** Asked about every call. Default: nothing goes wrong. */
  readonly fault?: FaultFunction | undefined
  /** Refuse everybody whose source port is 1024 or more, as `secure` exports do. */
  readonly privilegedPortOnly?: boolean | undefined
  /** Refuse every client that mounts. */
  readonly denied?: boolean | undefined
  /** Authentication flavors that MNT tells. Default AUTH_SYS (1). */
  readonly flavors?: readonly number[] | undefined
  /** Versions of NFS that are spoken. With 4 alone there is no MOUNT, and nothing here that could answer. */
  readonly versions?: 2 | 3 | 4 | undefined
  /** Default true. */
  readonly readdirplus?: boolean | undefined
  /** Ports that the portmapper tells in place of the right ones. */
  readonly toldPorts?: { readonly nfs?: number; readonly mount?: number } | undefined
  /** Part of every handle. Default 1; servers with different ones don't take each other's handles. */
  readonly generation?: number | undefined
  /** Send the attributes that RFC 1813 lets a server leave out. Default true. */
  readonly attributes?: boolean | undefined
  /** Default: nothing is odd. */
  readonly odd?: OddListing | undefined
}

/** An NFSv3 server in this process: portmapper, MOUNT and NFS, each at a port of its own. */
export interface NfsServer {
  readonly host: string
  readonly exportPath: string
  readonly nfsPort: number
  readonly mountPort: number
  readonly portmapPort: number
  /** What `mountExport` needs. */
  readonly address: {
    readonly host: string
    readonly exportPath: string
    readonly nfsPort: number
    readonly mountPort: number
  }
  /** Calls so far, by procedure: 'READ', 'READDIRPLUS', 'MNT', 'GETPORT', ... */
  readonly calls: Readonly<Record<string, number>>
  /** Connections to NFS so far, and open ones. */
  readonly connections: { readonly total: number; readonly open: number }
  fault: FaultFunction
  latencyMs: number
  /** From now on all handles given out so far are stale, and the root's changes. */
  makeHandlesStale(): void
  /** From now on no listing that has begun can continue. */
  makeCookiesStale(): void
  /** Resets all connections to NFS. */
  reset(): void
  /** Takes NFS away; MOUNT stays. */
  pause(): Promise<void>
  /** Brings NFS back at the same port. */
  resume(): Promise<void>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const mib = 1_048_576
/** Serves a tree on loopback until `stop`. For tests, of this package and of others. */
export async function startNfsServer(options: NfsServerOptions): Promise<NfsServer> {
  const { tree, exportPath = '/export', host = '127.0.0.1', versions = 3, rtmax = mib } = options
  const calls: Record<string, number> = {}
  const state: NfsProgramState = {
    tree,
    rtmax,
    rtpref: options.rtpref ?? rtmax,
    dtpref: options.dtpref ?? 65_536,
    maxFileSize: options.maxFileSize ?? 2n ** 63n - 1n,
    pageBytes: options.pageBytes ?? mib,
    readdirplus: options.readdirplus ?? true,
    attributes: options.attributes ?? true,
    generation: options.generation ?? 1,
    cookieVerifier: 1n,
    odd: options.odd ?? {},
  }
  const live = { fault: options.fault ?? (() => undefined), latencyMs: options.latencyMs ?? 0 }
  const allowed = (call: ServedCall): boolean =>
    options.denied !== true && (options.privilegedPortOnly !== true || call.port < 1024)
  const counted = (service: Omit<Service, 'calls' | 'fault'>): Program =>
    program({ ...service, calls, fault: (call) => live.fault(call) })

  const nfs = counted(nfsService(state, versions, allowed))
  const mount = counted(
    mountService({
      state,
      exportPath,
      exports: { [exportPath]: [], ...options.otherExports },
      flavors: options.flavors ?? [1],
      allowed,
    }),
  )
  let nfsServer: RpcServer = await startRpcServer(nfs, { host, port: options.nfsPort ?? 0 }, () => live.latencyMs)
  const { port: nfsPort } = nfsServer
  const mountServer = await startRpcServer(mount, { host, port: 0 }, () => live.latencyMs)
  const portOf = (program: number, version: number): number => {
    const { nfs = nfsPort, mount = mountServer.port } = options.toldPorts ?? {}
    if (program === NFS_PROGRAM && version === versions) return nfs
    return program === MOUNT_PROGRAM && versions === NFS_VERSION ? mount : 0
  }
  const portmap = counted(portmapService(portOf))
  const portmapServer = await startRpcServer(portmap, { host, port: 0 }, () => live.latencyMs)
  const stopAll = async (): Promise<void> => {
    await Promise.all([nfsServer, mountServer, portmapServer].map((server) => server.stop()))
  }

  return {
    host,
    exportPath,
    nfsPort,
    mountPort: mountServer.port,
    portmapPort: portmapServer.port,
    address: { host, exportPath, nfsPort, mountPort: mountServer.port },
    calls,
    get connections() {
      return nfsServer.connections
    },
    get fault() {
      return live.fault
    },
    set fault(fault) {
      live.fault = fault
    },
    get latencyMs() {
      return live.latencyMs
    },
    set latencyMs(ms) {
      live.latencyMs = ms
    },
    makeHandlesStale: () => void state.generation++,
    makeCookiesStale: () => void state.cookieVerifier++,
    reset: () => nfsServer.reset(),
    pause: () => nfsServer.stop(),
    async resume() {
      nfsServer = await startRpcServer(nfs, { host, port: nfsPort }, () => live.latencyMs)
    },
    stop: stopAll,
    [Symbol.asyncDispose]: stopAll,
  }
}
