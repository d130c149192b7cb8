import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { type ClientWalked, runClient } from './nfs-client.ts'
import type { NfsOptions } from './nfs-lab.ts'
import { type Link, NfsLab } from './nfs-lab.ts'
import { median, printTable, seconds } from './table.ts'
import { ensureTree, largeFiles } from './trees.ts'

/** Large files on loopback through one address and over three, next to libnfs, a process a file. */
export async function benchLargeFiles(options: NfsOptions): Promise<void> {
  const tree = options.quick ? largeFiles(2, 0.25) : largeFiles(4, 0.5)
  const folder = ensureTree(options.place, tree)
  await using lab = await NfsLab.open(folder)
  const rate = (ms: number): string => `${(tree.bytes / ms / 1e6).toFixed(2)} GB/s`
  const rows: string[][] = []
  for (const addresses of [1, 3]) {
    const link = await lab.behind(0, addresses)
    const walked: ClientWalked[] = []
    for (let round = 0; round < options.rounds; round += 1)
      walked.push(await runClient({ ...link, exportPath: lab.ganesha.exportPath, through: 'spread' }, tree.files))
    const ms = median(walked.map(({ elapsedMs }) => elapsedMs))
    const cpuMs = median(walked.map(({ cpuMs: each }) => each))
    const shares = walked.at(-1)?.bytesThrough.map((bytes) => `${((bytes / tree.bytes) * 100).toFixed(1)} %`) ?? []
    rows.push([
      `direct NFS, one process, ${addresses} ${addresses === 1 ? 'address' : 'addresses'}`,
      seconds(ms),
      rate(ms),
      `${(cpuMs / 1_000 / (tree.bytes / 1e9)).toFixed(2)} s`,
      shares.join(' '),
    ])
  }
  const rival: number[] = []
  const link = await lab.behind(0, 1)
  for (let round = 0; round < options.rounds; round += 1) rival.push(await libnfs(folder, link))
  rows.push(['xargs -P4 nfs-cat', seconds(median(rival)), rate(median(rival)), '', ''])
  printTable(
    `${tree.what} on loopback; medians of ${options.rounds}`,
    ['how', 'time', 'rate', 'CPU a GB', 'through each'],
    rows,
  )
}

async function libnfs(folder: string, { hosts, nfsPort, mountPort }: Link): Promise<number> {
  const urls = readdirSync(folder).map(
    (name) => `nfs://${hosts[0]}${folder}/${name}?nfsport=${nfsPort}&mountport=${mountPort}`,
  )
  const startedAtMs = performance.now()
  const script = 'printf "%s\\n" "$@" | xargs -P4 -n1 nfs-cat > /dev/null'
  await promisify(execFile)('sh', ['-c', script, 'sh', ...urls])
  return performance.now() - startedAtMs
}
