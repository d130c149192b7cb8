import { allowAddressOption, whole } from '@cachewarmer/service/cli'
import { InvalidArgumentError, Option } from '@commander-js/extra-typings'

/** A port, a user: a whole number between bounds. */
const between =
  (least: number, most: number) =>
  (text: string): number => {
    const value = whole(text)
    if (value < least || value > most)
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
    return value
  }

/** `99%` or `0.99`, as a share. */
function share(text: string): number {
  const [, number = '', percent] = /^(\d+(?:\.\d+)?) ?(%?)$/.exec(text) ?? []
  const value = percent === '%' ? Number(number) / 100 : Number(number)
  if (number === '' || value <= 0 || value > 1) throw new InvalidArgumentError('Expected a share as 99% or 0.99.')
  return value
}

/** What `verify` takes besides a job, or what describes one. */
export const verifyOptions = {
  sample: new Option('--sample <n>', 'files read through each address, no two addresses the same')
    .argParser(between(1, 1_000_000))
    .default(3_500),
  headBytes: new Option('--head-bytes <n>', 'bytes read of each').argParser(between(1, 1_048_576)).default(4_096),
  require: new Option(
    '--require <share>',
    'exit with 1 unless at least this share is warm for sure (the lower end of the interval), as 99%; also where it can not be told',
  ).argParser(share),
  picture: new Option('--picture <file>', 'write both distributions of each address as an SVG image'),
  listSeconds: new Option('--list-seconds <n>', 'time for listing the tree; what was listed by then is sampled')
    .argParser(between(1, 86_400))
    .default(60),
  nfsPort: new Option('--nfs-port <port>', "the filer's NFS port; else its portmapper is asked")
    .argParser(between(1, 65_535))
    .env('CACHEWARMER_NFS_PORT'),
  mountPort: new Option('--mount-port <port>', "the filer's MOUNT port; else its portmapper is asked")
    .argParser(between(1, 65_535))
    .env('CACHEWARMER_MOUNT_PORT'),
  allowAddress: allowAddressOption,
  nfsUid: new Option('--nfs-uid <uid>', 'for whom the filer takes us')
    .argParser(between(0, 0xffff_ffff))
    .default(0)
    .env('CACHEWARMER_NFS_UID'),
  nfsGid: new Option('--nfs-gid <gid>', 'its group')
    .argParser(between(0, 0xffff_ffff))
    .default(0)
    .env('CACHEWARMER_NFS_GID'),
}

/** What those options give. */
export interface VerifySettings {
  readonly sample: number
  readonly headBytes: number
  readonly require?: number | undefined
  readonly picture?: string | undefined
  readonly listSeconds: number
  readonly nfsPort?: number | undefined
  readonly mountPort?: number | undefined
  readonly allowAddress?: string | undefined
  readonly nfsUid: number
  readonly nfsGid: number
}
