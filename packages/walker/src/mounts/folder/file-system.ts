import { readFileSync } from 'node:fs'

/** What is known of the file systems at and below a folder. */
export interface FileSystemTraits {
  /**
   * Closing a file that was only read is a matter of this machine's memory. Done right away it saves a third of the
   * trips to libuv's threads. Elsewhere (NFSv4 sends CLOSE, FUSE sends FLUSH) it may wait for a server, and the main
   * thread must not.
   */
  readonly closesAtOnce: boolean
  /** A directory tells of all its names what they are, or of none. The kernel's NFS client tells of some. */
  readonly tellsAllKinds: boolean
  /**
   * A read that brings less than was asked has reached the end of the file. Elsewhere (network file systems, FUSE) it may be
   * that no more came, so each such read is held against the file's size: a call that costs a quarter of the time where
   * files are at hand.
   */
  readonly shortReadsEnd: boolean
}

const local = ['btrfs', 'ext2', 'ext3', 'ext4', 'f2fs', 'overlay', 'tmpfs', 'xfs', 'zfs']
const tellAllKinds = new Set(local)
const closeAtOnce = new Set([...local, 'nfs'])
const shortReadsEnd = new Set([
  ...local,
  'bcachefs',
  'erofs',
  'exfat',
  'ext',
  'iso9660',
  'jfs',
  'ntfs3',
  'ramfs',
  'reiserfs',
  'squashfs',
  'udf',
  'vfat',
])

/** As far as this machine's list of mounts tells; where it does not, nothing is taken for granted. */
export function traitsOf(folder: string, mountInfo: string = readMountInfo()): FileSystemTraits {
  const types = typesBelow(folder, parseMountInfo(mountInfo))
  return {
    closesAtOnce: types.every((type) => closeAtOnce.has(type)),
    tellsAllKinds: types.every((type) => tellAllKinds.has(type)),
    shortReadsEnd: types.every((type) => shortReadsEnd.has(type)),
  }
}

interface MountPoint {
  /** With a slash at its end. */
  readonly point: string
  readonly type: string
}

/** The file system that holds the folder, and those mounted below it. */
function typesBelow(folder: string, mounts: readonly MountPoint[]): string[] {
  const prefix = withSlash(folder)
  const holder = mounts.reduce<MountPoint>(
    (best, mount) => (prefix.startsWith(mount.point) && mount.point.length >= best.point.length ? mount : best),
    { point: '', type: 'unknown' },
  )
  const below = mounts.filter(({ point }) => point.startsWith(prefix) && point !== prefix)
  return [holder, ...below].map(({ type }) => type)
}

/** As in proc(5): `36 35 98:0 / /mnt\040x rw,noatime master:1 - ext3 /dev/root rw`. */
function parseMountInfo(text: string): MountPoint[] {
  return text.split('\n').flatMap((line) => {
    const [mount = '', source = ''] = line.split(' - ')
    const point = mount.split(' ')[4]
    const type = source.split(' ')[0]
    return point && type ? [{ point: withSlash(plain(point)), type }] : []
  })
}

const withSlash = (path: string): string => (path === '/' ? path : `${path}/`)

const plain = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

function readMountInfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
  } catch {
    return ''
  }
}
