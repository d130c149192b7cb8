import { NfsError } from '../errors.ts'
import { MOUNT_PROGRAM, NFS_PROGRAM, PORTMAP_PROGRAM } from '../nfs3/constants.ts'
import type { RpcRefusal } from './message.ts'

const programNames: Readonly<Record<number, string>> = {
  [NFS_PROGRAM]: 'NFS',
  [MOUNT_PROGRAM]: 'MOUNT',
  [PORTMAP_PROGRAM]: 'the portmapper',
}

/** What a refusal means to a person. */
export function refusalError(
  refusal: RpcRefusal,
  procedure: string,
  { program, version }: { readonly program: number; readonly version: number },
): NfsError {
  const name = programNames[program] ?? `program ${program}`
  switch (refusal.kind) {
    case 'PROG_MISMATCH': {
      const versions = refusal.low === refusal.high ? `${refusal.low}` : `${refusal.low} to ${refusal.high}`
      const hint = `switch version ${version} of ${name} on at the server`
      return new NfsError('VERSION', `the server speaks ${name} in version ${versions} only, not ${version}`, { hint })
    }
    case 'PROG_UNAVAIL':
      return new NfsError('VERSION', `that port does not serve ${name}`, { hint: 'is the port right?' })
    case 'AUTH_ERROR':
      return new NfsError('RPC_REFUSED', `${procedure}: the server refuses the credential: ${refusal.status}`, {
        // AUTH_TOOWEAK is for Kerberos (RFC 2623 section 2.3), and yet nfs-ganesha says it for a source port.
        hint: 'the export may want Kerberos, another user, or a source port below 1024',
      })
    case 'PROC_UNAVAIL':
      return new NfsError('NOTSUPP', `${procedure}: the server does not have this procedure`)
    default:
      return new NfsError('RPC_REFUSED', `${procedure}: the server refuses the call: ${refusal.kind}`)
  }
}
