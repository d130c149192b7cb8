import { realpathSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'

/** `f_type` of statfs(2) on Linux, for filesystems on which WAL's shared memory or locks are not to be trusted. */
const unfit: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB2'],
  [0xff534d42, 'CIFS'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x564c, 'NCP'],
  [0x786f4256, 'VirtualBox shared folder'],
])

/**
 * The filesystem that a database can't be kept on, by name: where several machines could open it at once its readers and
 * writers meet in shared memory, so that they would ruin it. See "WAL does not work over a network filesystem" in SQLite's
 * documentation of WAL. A link is followed. Throws what statfs(2) says of a folder that can't be read.
 */
export function unfitFilesystem(
  file: string,
  statfs: (path: string) => { readonly type: number } = statfsSync,
): string | undefined {
  return unfit.get(statfs(dirname(real(file))).type >>> 0)
}

const real = (file: string): string => {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}
