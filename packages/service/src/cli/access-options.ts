import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { type AccessPolicy, accessPolicies } from '../access-policy.ts'
import { allowAddressOption } from './address-rules.ts'
import { wholeFrom } from './option-group.ts'

/** Where the original mounts an address's export. */
export const defaultFolderTemplate = '/mnt/cachewarmer/{address}{export}'

/** Those that kernel mounts may speak, in the order in which they are tried. */
const nfsVersions = ['3', '4.0', '4.1', '4.2'] as const
type NfsVersion = (typeof nfsVersions)[number]

function versionsOf(text: string): readonly NfsVersion[] {
  const asked = text.split(',').map((version) => version.trim())
  if (asked.every((version) => nfsVersions.some((known) => known === version))) return asked as NfsVersion[]
  throw new InvalidArgumentError(`expected versions out of ${nfsVersions.join(',')}, separated by commas`)
}

/** How workers open exports. The manager has the same options and hands them on to the workers that it starts. */
export const accessOptions = {
  access: new Option(
    '--access <how>',
    'how an export is opened. direct: NFSv3 spoken by the worker, no mount and no root; mount: a read-only kernel mount; folder: what is mounted already; auto: direct, else mount (default: auto, or folder where --folder is given)',
  )
    .choices(accessPolicies)
    .env('CACHEWARMER_ACCESS'),
  folder: new Option(
    '--folder <template>',
    `where an export is mounted already; {address} and {export} stand for the job's (with --access folder: ${defaultFolderTemplate})`,
  ).env('CACHEWARMER_FOLDER'),
  folderLinks: new Option(
    '--folder-links',
    'follow links on the way to an export, for folders that no other user can change (default: only above the first placeholder of --folder)',
  )
    .default(false)
    .env('CACHEWARMER_FOLDER_LINKS'),
  nfsPort: new Option('--nfs-port <port>', "the filer's NFS port; else its portmapper is asked")
    .argParser(wholeFrom(1, 65_535))
    .env('CACHEWARMER_NFS_PORT'),
  mountPort: new Option('--mount-port <port>', "the filer's MOUNT port; else its portmapper is asked")
    .argParser(wholeFrom(1, 65_535))
    .env('CACHEWARMER_MOUNT_PORT'),
  nfsVersions: new Option(
    '--nfs-versions <list>',
    'versions of NFS for kernel mounts, tried in this order; without 3 in it auto makes kernel mounts alone (default: 3,4.0,4.1,4.2)',
  )
    .argParser(versionsOf)
    .env('CACHEWARMER_NFS_VERSIONS'),
  nfsUid: new Option('--nfs-uid <uid>', 'UID sent with NFS calls (direct access)')
    .argParser(wholeFrom(0, 0xffff_ffff))
    .default(0)
    .env('CACHEWARMER_NFS_UID'),
  nfsGid: new Option('--nfs-gid <gid>', 'GID sent with NFS calls (direct access)')
    .argParser(wholeFrom(0, 0xffff_ffff))
    .default(0)
    .env('CACHEWARMER_NFS_GID'),
  nfsConnections: new Option('--nfs-connections <n>', 'TCP connections per address (direct access)')
    .argParser(wholeFrom(1, 64))
    .default(1)
    .env('CACHEWARMER_NFS_CONNECTIONS'),
  nfsTimeoutMs: new Option(
    '--nfs-timeout-ms <ms>',
    'timeout of a call; it is sent again at most three times (direct; default: 20000)',
  )
    .argParser(wholeFrom(1, 3_600_000))
    .env('CACHEWARMER_NFS_TIMEOUT_MS'),
  mountIdleMs: new Option(
    '--mount-idle-ms <ms>',
    'an opened export that no item uses for this long is closed; its connections or its mount go (default: 300000)',
  )
    .argParser(wholeFrom(1, 86_400_000))
    .env('CACHEWARMER_MOUNT_IDLE_MS'),
  allowAddress: allowAddressOption,
  concurrency: new Option(
    '--concurrency <n>',
    'maximum number of reads in flight per address (default: 64 through folders and mounts, 4096 direct, where fewer are used as the filer likes)',
  )
    .argParser(wholeFrom(1, 65_536))
    .env('CACHEWARMER_CONCURRENCY'),
}

export interface AccessConfig {
  access?: AccessPolicy | undefined
  folder?: string | undefined
  folderLinks: boolean
  nfsPort?: number | undefined
  mountPort?: number | undefined
  nfsVersions?: readonly NfsVersion[] | undefined
  nfsUid: number
  nfsGid: number
  nfsConnections: number
  nfsTimeoutMs?: number | undefined
  mountIdleMs?: number | undefined
  allowAddress?: string | undefined
  concurrency?: number | undefined
}

type Given = readonly [option: keyof typeof accessOptions, value: string | number | true | undefined]

const given = (config: AccessConfig): readonly Given[] => [
  ['access', config.access],
  ['folder', config.folder],
  ['folderLinks', config.folderLinks || undefined],
  ['nfsPort', config.nfsPort],
  ['mountPort', config.mountPort],
  ['nfsVersions', config.nfsVersions?.join(',')],
  ['nfsUid', config.nfsUid],
  ['nfsGid', config.nfsGid],
  ['nfsConnections', config.nfsConnections],
  ['nfsTimeoutMs', config.nfsTimeoutMs],
  ['mountIdleMs', config.mountIdleMs],
  ['allowAddress', config.allowAddress],
  ['concurrency', config.concurrency],
]

/** The same options as an argument list for a worker. */
export function accessArguments(config: AccessConfig): string[] {
  return given(config).flatMap(([option, value]) =>
    value === undefined ? [] : [`${accessOptions[option].long}`, ...(value === true ? [] : [String(value)])],
  )
}

/** The same options as an environment, for a worker on another machine. */
export function accessEnvironment(config: AccessConfig): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const [option, value] of given(config)) {
    const name = accessOptions[option].envVar
    if (name !== undefined && value !== undefined) variables[name] = String(value)
  }
  return variables
}
