import { benchDirectories } from './nfs-directory.ts'
import { benchPipeline } from './nfs-job.ts'
import type { NfsOptions } from './nfs-lab.ts'
import { benchLargeFiles } from './nfs-large.ts'
import { benchPinned, benchSmallFiles } from './nfs-small.ts'

/** Direct NFS, each beside its rival; `npm run bench -- nfs` is all of them, `nfs-small` and so on one. */
export const nfsBenches = {
  'nfs-small': benchSmallFiles,
  'nfs-pinned': benchPinned,
  'nfs-large': benchLargeFiles,
  'nfs-directory': benchDirectories,
  'nfs-job': benchPipeline,
} satisfies Record<string, (options: NfsOptions) => Promise<void>>
