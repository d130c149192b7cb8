import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureTree, manyFolders } from './trees.ts'

export interface NfslabOptions {
  readonly place: string
  readonly rounds: number
}

/** The kernel's NFS server behind 40 ms, read directly and through the kernel's client, inside nfslab's guest. */
export function benchNfslab(options: NfslabOptions): void {
  const lab = process.env['CACHEWARMER_NFSLAB']
  if (lab === undefined) throw new Error('CACHEWARMER_NFSLAB must name the nfslab script')
  const tree = manyFolders('lab', '2,000 files of 1-16 KiB in 40 directories', 40, 50)
  const folder = ensureTree(options.place, tree)
  const guest = fileURLToPath(new URL('./nfslab-guest.ts', import.meta.url))
  const args = [
    'run',
    '--tree',
    folder,
    '--rtt',
    '40',
    '--mount',
    '--timeout',
    '900',
    '--',
    process.execPath,
    guest,
    String(tree.files),
    String(options.rounds),
  ]
  const { status } = spawnSync(lab, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error(`nfslab ended with ${status}`)
}
