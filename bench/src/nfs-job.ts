import { runClient } from './nfs-client.ts'
import type { NfsOptions } from './nfs-lab.ts'
import { NfsLab } from './nfs-lab.ts'
import { BenchService } from './service.ts'
import { count, median, printTable, seconds } from './table.ts'
import { ensureTree, smallFiles } from './trees.ts'

const workers = 4
/** Reads in flight an address and worker. */
const each = 16

/**
 * The cost of queue, splits and ledger: a whole job with four workers against the bare walk, through each of three
 * addresses behind 40 ms. Both may have as many reads in flight an address, so few that the delay is what takes the
 * time and two cores suffice for server, links, and clients.
 */
export async function benchPipeline(options: NfsOptions): Promise<void> {
  const tree = smallFiles(options.quick ? 0.1 : 1)
  const folder = ensureTree(options.place, tree)
  const groups = options.quick ? 2 : 10
  const files = groups * 100 * 50
  const paths = Array.from({ length: groups }, (_, group) => `/g${group}`)
  await using lab = await NfsLab.open(folder)
  const link = await lab.behind(40, 3)
  const bare: number[] = []
  const jobs: number[] = []
  const access = [
    '--access',
    'direct',
    '--nfs-port',
    link.nfsPort,
    '--mount-port',
    link.mountPort,
    '--concurrency',
    each,
  ]
  await using service = await BenchService.start({ workers, direct: true, arguments: access.map(String) })
  await service.warm(folder, link.hosts, folder, ['/g19'])
  for (let round = 0; round < Math.max(1, options.rounds - 1); round += 1) {
    const wanted = { ...link, exportPath: folder, paths, maxInFlight: workers * each }
    bare.push((await runClient(wanted, files)).elapsedMs)
    const { elapsedMs, status } = await service.warm(folder, link.hosts, folder, paths)
    if (status.progress.counts.files !== files) throw new Error(`${status.progress.counts.files} of ${files} files`)
    jobs.push(elapsedMs)
  }
  const [bareMs, jobMs] = [median(bare), median(jobs)]
  const row = (how: string, ms: number): string[] => [
    how,
    seconds(ms),
    count((files / ms) * 1_000),
    `${((ms / bareMs - 1) * 100).toFixed(1)} %`,
  ]
  printTable(
    `${count(files)} files through each of three addresses behind 40 ms, ${workers * each} reads in flight an address; medians of ${bare.length} in turn`,
    ['how', 'time', 'files/s', 'over the bare walk'],
    [row('bare walk, one process', bareMs), row(`from submit to done, ${workers} workers`, jobMs)],
  )
}
