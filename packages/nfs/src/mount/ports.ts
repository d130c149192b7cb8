import { isNfsError, NfsError, type NfsErrorDetails } from '../errors.ts'
import {
  MOUNT_PROGRAM,
  MOUNT_VERSION,
  NFS_PORT,
  NFS_PROGRAM,
  NFS_VERSION,
  PORTMAP_PORT,
  PORTMAP_PROGRAM,
  PORTMAP_VERSION,
} from '../nfs3/constants.ts'
import { NULL, type Procedure } from '../rpc/call.ts'
import type { Connection } from '../rpc/connection.ts'
import type { Dial } from './dial.ts'
import type { MountSettings } from './options.ts'

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

export interface Ports {
  readonly nfs: number
  readonly mount: number
}

type Settings = Pick<MountSettings, 'nfsPort' | 'mountPort' | 'portmapPort' | 'signal'>

/** The ports that were given, and for the others what the portmapper says. */
export async function findPorts(dial: Dial, settings: Settings, where: NfsErrorDetails): Promise<Ports> {
  const { nfsPort, mountPort, portmapPort, signal } = settings
  if (nfsPort !== undefined && mountPort !== undefined) return { nfs: nfsPort, mount: mountPort }
  const portmapper = dial({
    program: PORTMAP_PROGRAM,
    version: PORTMAP_VERSION,
    port: portmapPort,
    credential: { flavor: 'none' },
  })
  const getPort = async (program: number, version: number) =>
    checkPort(await portmapper.call(GETPORT, { program, version }, signal), program, where)
  let missing: NfsError | undefined
  try {
    const nfs = nfsPort ?? (await getPort(NFS_PROGRAM, NFS_VERSION))
    if (nfs === 0) {
      missing = await noNfs3(getPort, where)
      throw missing
    }
    const mount = mountPort ?? (await getPort(MOUNT_PROGRAM, MOUNT_VERSION))
    if (mount === 0) {
      throw new NfsError('VERSION', 'the server does not offer MOUNT version 3 over TCP', {
        ...where,
        hint: 'a server with NFSv4 alone has none; else give the port (mountport)',
      })
    }
    return { nfs, mount }
  } catch (error) {
    if (error === missing || !isNfsError(error) || error.code !== 'REFUSED') throw error
    throw await noPortmapper(dial, settings, error, where)
  } finally {
    portmapper.close()
  }
}

/** Where other services of a server listen that NFS and MOUNT never share a port with, though MOUNT may be anywhere around them. */
const ofOthers: ReadonlySet<number> = new Set([623, 631, 636, 664, 749, 750, 853, 873, 989, 990, 992, 993, 994, 995])
/** From here on systems give reserved ports to services that want one, such as mountd; NetApp's is at 635. */
const firstReserved = 600

/**
 * A portmapper says anything: this must not become a way to send bytes to a mail server. From 1024 on any port will do; below
 * that NFS is at 2049 or nowhere, and MOUNT where reserved ports are given out. 0: there is no such service.
 */
function checkPort(port: number, program: number, where: NfsErrorDetails): number {
  const isMountd = program === MOUNT_PROGRAM && port >= firstReserved && !ofOthers.has(port)
  if (port === 0 || port === PORTMAP_PORT || isMountd ? port <= 65_535 : port >= 1_024 && port <= 65_535) return port
  const [service, option] = program === MOUNT_PROGRAM ? ['MOUNT', 'mountport'] : ['NFS', 'nfsport']
  throw new NfsError('ADDRESS_REFUSED', `the portmapper says that ${service} is at port ${port}, where it can't be`, {
    ...where,
    hint: `where that is right, give the port (${option})`,
  })
}

async function noNfs3(
  getPort: (program: number, version: number) => Promise<number>,
  where: NfsErrorDetails,
): Promise<NfsError> {
  if ((await getPort(NFS_PROGRAM, 4)) === 0) {
    // A server that is stopped, or starts, has a portmapper and no NFS: it may be back in a moment.
    const hint = 'it may be stopped; else switch version 3 of NFS on, over TCP'
    return new NfsError('REFUSED', 'the server offers no NFS at all now', { ...where, hint })
  }
  const hint = 'switch version 3 of NFS on at the server'
  return new NfsError('VERSION', 'the server offers NFS version 4 alone', { ...where, hint })
}

/** A server without portmapper has its ports fixed, or speaks NFSv4 alone: what answers at 2049 tells which. */
async function noPortmapper(
  dial: Dial,
  { nfsPort, signal }: Settings,
  cause: NfsError,
  where: NfsErrorDetails,
): Promise<NfsError> {
  let nfs: Connection | undefined
  try {
    nfs = dial({
      program: NFS_PROGRAM,
      version: NFS_VERSION,
      port: nfsPort ?? NFS_PORT,
      credential: { flavor: 'none' },
    })
    await nfs.call(NULL, undefined, signal)
  } catch (error) {
    signal?.throwIfAborted()
    if (isNfsError(error) && error.code === 'VERSION') return error
    // Nothing listens at either port: then it is the server that is missing.
    if (isNfsError(error) && error.code === 'REFUSED') return error
  } finally {
    nfs?.close()
  }
  return new NfsError('PORTMAP_MISSING', 'the server has no portmapper that would tell the ports of NFS and MOUNT', {
    ...where,
    hint: 'give both, nfsport and mountport; often they are 2049 and 20048',
    cause,
  })
}
