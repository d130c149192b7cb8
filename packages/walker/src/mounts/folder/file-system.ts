import { constants, readFileSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import type { Doubt } from '../mount.ts'
import { smallBytes } from './buffers.ts'

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
  /** Flags that open a file past this machine's page cache, which would answer a second read in the server's place; else 0. */
  readonly direct: number
  /** Bytes to ask for while a file's size is unknown: the kernel makes a READ per `rsize`, behind the file's end as well. */
  readonly firstBytes: number
  /** What the folder's own file system speaks: `NFSv4.1`, `NFSv3 krb5p`, or its type. */
  readonly protocol: string
  /** Why reads may be answered without the server. */
  readonly doubts: readonly Doubt[]
  /** NFS: the address that its calls go to, where the kernel tells. */
  readonly address: string | undefined
  /** NFS: what tells its superblock from others; mounts that share one share the connection. */
  readonly connection: string | undefined
}

const local = ['btrfs', 'ext2', 'ext3', 'ext4', 'f2fs', 'overlay', 'tmpfs', 'xfs', 'zfs']
const tellAllKinds = new Set(local)
const closeAtOnce = new Set([...local, 'nfs'])
const ofThisMachine = new Set([
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
const isFuse = (type: string): boolean => /^(fuse($|\.|blk)|virtiofs$)/.test(type)
/** O_DIRECT, which Linux alone has. */
const directFlag = (constants as { readonly O_DIRECT?: number }).O_DIRECT ?? 0

/** As far as this machine's list of mounts tells; where it does not, nothing is taken for granted. */
export function traitsOf(folder: string, mountInfo: string = readMountInfo()): FileSystemTraits {
  const mounts = mountsBelow(folder, parseMountInfo(mountInfo))
  const types = mounts.map(({ type }) => type)
  // A FUSE daemon that hands O_DIRECT on to a file system of its own would have to align what it reads.
  const mayBeFar = types.some((type) => !ofThisMachine.has(type) && !isFuse(type))
  const readBytes = mounts.map(({ options }) => Number(options.get('rsize') ?? smallBytes)).filter((bytes) => bytes > 0)
  return {
    closesAtOnce: types.every((type) => closeAtOnce.has(type)),
    tellsAllKinds: types.every((type) => tellAllKinds.has(type)),
    shortReadsEnd: types.every((type) => ofThisMachine.has(type)),
    direct: mayBeFar ? directFlag : 0,
    firstBytes: Math.min(smallBytes, ...readBytes),
    protocol: protocolOf(mounts[0]),
    doubts: [
      ...(types.every((type) => ofThisMachine.has(type)) ? (['local'] as const) : []),
      ...(types.some(isFuse) ? (['fuse'] as const) : []),
    ],
    ...(isNfs(mounts[0]) ? { address: mounts[0]?.options.get('addr'), connection: mounts[0]?.device } : none),
  }
}

const none = { address: undefined, connection: undefined }

/**
 * Whether calls for an address that was asked for go elsewhere. Since NFSv4.1 the kernel finds out that two addresses are one
 * server, and then sends everything over the connection that it has.
 */
export function goesElsewhere(asked: string, { address = '' }: Pick<FileSystemTraits, 'address'>): boolean {
  if (isIP(asked) === 0 || isIP(address) === 0) return false
  const list = new BlockList()
  list.addAddress(asked, familyOf(asked))
  return !list.check(address, familyOf(address))
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6')

/** One line of the list of mounts. */
interface MountPoint {
  /** With a slash at its end. */
  readonly point: string
  readonly type: string
  /** Major and minor number. */
  readonly device: string
  /** Those of the file system, such as `addr` and `vers` of NFS. */
  readonly options: ReadonlyMap<string, string>
}

const unknown: MountPoint = { point: '', type: 'unknown', device: '', options: new Map() }

const isNfs = ({ type }: MountPoint = unknown): boolean => type === 'nfs' || type === 'nfs4'

function protocolOf(mount: MountPoint = unknown): string {
  const version = mount.options.get('vers')
  if (!isNfs(mount) || version === undefined) return mount.type
  const security = mount.options.get('sec') ?? 'sys'
  return security === 'sys' ? `NFSv${version}` : `NFSv${version} ${security}`
}

function holderOf(folder: string, mounts: readonly MountPoint[]): MountPoint {
  const prefix = withSlash(folder)
  return mounts.reduce<MountPoint>(
    (best, mount) => (prefix.startsWith(mount.point) && mount.point.length >= best.point.length ? mount : best),
    unknown,
  )
}

/** The file system that holds the folder, and those mounted below it. */
function mountsBelow(folder: string, mounts: readonly MountPoint[]): MountPoint[] {
  const prefix = withSlash(folder)
  return [holderOf(folder, mounts), ...mounts.filter(({ point }) => point.startsWith(prefix) && point !== prefix)]
}

/** Every place of this machine at which something is mounted. */
export const mountPoints = (): string[] =>
  parseMountInfo(readMountInfo()).map(({ point }) => (point === '/' ? point : point.slice(0, -1)))

/** As in proc(5): `36 35 98:0 / /mnt\040x rw,noatime master:1 - ext3 /dev/root rw`. */
function parseMountInfo(text: string): MountPoint[] {
  return text.split('\n').flatMap((line) => {
    const [mount = '', rest = ''] = line.split(' - ')
    const [, , device = '', , point] = mount.split(' ')
    const [type, , options = ''] = rest.split(' ')
    return point && type ? [{ point: withSlash(plain(point)), type, device, options: optionsOf(options) }] : []
  })
}

const optionsOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split(',').map((option) => {
      const at = option.indexOf('=')
      return at < 0 ? [option, ''] : [option.slice(0, at), option.slice(at + 1)]
    }),
  )

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
