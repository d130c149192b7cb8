import { mountExport } from '@cachewarmer/nfs'
import { adaptiveLimit, nfsMount, walk } from '@cachewarmer/walker'
import { type Link, NfsLab } from './nfs-lab.ts'
import { BenchService } from './service.ts'
import { count, median, printTable, seconds } from './table.ts'
import { type BenchTree, ensureTree, flatFolder, largeFiles, smallFiles } from './trees.ts'

export interface NfsOptions {
  readonly place: string
  readonly rounds: number
  readonly quick: boolean
}

interface Walked {
  readonly elapsedMs: number
  readonly cpuMs: number
  readonly calls: number
  readonly reads: number
  /** Reads in flight that the limit came to allow, each tenth of a second. */
  readonly limits: readonly number[]
  /** Files read so far, each tenth of a second. */
  readonly progress: readonly number[]
  readonly rss: number
}

const mebibyte = 2 ** 20

/** Direct NFS against nfs-ganesha: behind several round trips, without being told which. */
export async function benchNfs(options: NfsOptions): Promise<void> {
  await smallFilesBehindLinks(options)
  await largeFilesOnLoopback(options)
  await oneDirectory(options)
  await wholeJob(options)
}

async function smallFilesBehindLinks(options: NfsOptions): Promise<void> {
  const tree = smallFiles(options.quick ? 0.1 : 1)
  await using lab = await NfsLab.open(ensureTree(options.place, tree))
  const rows: string[][] = []
  let ramp: Walked | undefined
  for (const roundTripMs of [0, 5, 40, 100]) {
    const link = await lab.behind(roundTripMs, 1)
    const walked: Walked[] = []
    for (let round = 0; round < options.rounds; round += 1) walked.push(await walkThrough(lab, link, tree))
    const best = walked.toSorted((a, b) => a.elapsedMs - b.elapsedMs)[Math.floor(walked.length / 2)] as Walked
    if (roundTripMs === 40) ramp = best
    rows.push([
      `${roundTripMs} ms`,
      seconds(best.elapsedMs),
      count((tree.files / best.elapsedMs) * 1_000),
      count(steadyRate(best)),
      count(best.limits.at(-1) ?? 0),
      `${((best.cpuMs * 1_000) / tree.files).toFixed(1)} us`,
      (best.calls / tree.files).toFixed(3),
      `${Math.round(best.rss / mebibyte)} MiB`,
    ])
  }
  const head = [
    'round trip',
    'time',
    'files/s',
    'once ramped up',
    'in flight at the end',
    'CPU a file',
    'calls a file',
    'memory',
  ]
  printTable(
    `The walk through one address, ${tree.what}; medians of ${options.rounds}; this process is the client`,
    head,
    rows,
  )
  if (ramp !== undefined) plotRamp(ramp)
}

/** The ramp as people can look at it: files a second, and reads allowed in flight, each half second. */
function plotRamp({ progress, limits }: Walked): void {
  console.log('\nThe ramp behind 40 ms: files/s in each half second, and how many reads were allowed in flight\n')
  const rates: number[] = []
  for (let at = 5; at < progress.length; at += 5) rates.push(((progress[at] ?? 0) - (progress[at - 5] ?? 0)) * 2)
  const most = Math.max(...rates, 1)
  for (const [at, rate] of rates.entries()) {
    const bar = '#'.repeat(Math.round((rate / most) * 50))
    console.log(
      `${((at + 1) / 2).toFixed(1).padStart(5)} s  ${bar.padEnd(50)}  ${count(rate).padStart(8)}  ${count(limits[(at + 1) * 5] ?? 0).padStart(6)}`,
    )
  }
}

/** Files a second in the second half of the time. */
function steadyRate({ progress }: Walked): number {
  const half = Math.floor(progress.length / 2)
  const ticks = progress.length - 1 - half
  return ticks <= 0 ? Number.NaN : (((progress.at(-1) ?? 0) - (progress[half] ?? 0)) / ticks) * 10
}

async function largeFilesOnLoopback(options: NfsOptions): Promise<void> {
  const tree: BenchTree = options.quick ? largeFiles(2, 0.25) : largeFiles(4, 0.5)
  await using lab = await NfsLab.open(ensureTree(options.place, tree))
  const rows: string[][] = []
  for (const addresses of [1, 3]) {
    const link = await lab.behind(0, addresses)
    const walked: Walked[] = []
    let shares = ''
    for (let round = 0; round < options.rounds; round += 1) {
      walked.push(
        await walkThrough(lab, link, tree, {
          through: 'spread',
          onEnd: (bytes) => (shares = bytes.map((part) => `${((part / tree.bytes) * 100).toFixed(0)} %`).join(' ')),
        }),
      )
    }
    const ms = median(walked.map(({ elapsedMs }) => elapsedMs))
    const cpu = median(walked.map(({ cpuMs }) => cpuMs))
    rows.push([
      String(addresses),
      seconds(ms),
      `${(tree.bytes / ms / 1e6).toFixed(2)} GB/s`,
      `${(cpu / 1_000 / (tree.bytes / 1e9)).toFixed(2)} s`,
      shares,
    ])
  }
  printTable(
    `${tree.what} on loopback, spread over addresses`,
    ['addresses', 'time', 'rate', 'CPU a GB', 'through each'],
    rows,
  )
}

async function oneDirectory(options: NfsOptions): Promise<void> {
  const entries = options.quick ? 50_000 : 1_000_000
  const rows: string[][] = []
  const trees: BenchTree[] = [flatFolder(entries), { ...smallFiles(1), ...manyOf(entries) }]
  for (const tree of trees) {
    await using lab = await NfsLab.open(ensureTree(options.place, tree))
    for (const roundTripMs of [0, 40]) {
      const walked = await walkThrough(lab, await lab.behind(roundTripMs, 1), tree)
      rows.push([
        tree.what,
        `${roundTripMs} ms`,
        seconds(walked.elapsedMs),
        count((tree.files / walked.elapsedMs) * 1_000),
        `${Math.round(walked.rss / mebibyte)} MiB`,
      ])
    }
  }
  printTable('One directory against many', ['tree', 'round trip', 'time', 'files/s', 'memory'], rows)
}

/** As many files of 1 KiB, a thousand to a directory. */
const manyOf = (entries: number): BenchTree => {
  const each = flatFolder(1_000)
  const directories = entries / 1_000
  return {
    name: `thousands-${entries}`,
    what: `${count(entries)} files of 1 KiB in ${count(directories)} directories`,
    files: entries,
    bytes: each.bytes * directories,
    make(folder) {
      for (let at = 0; at < directories; at += 1) each.make(`${folder}/d${at}`)
    },
  }
}

/** The pipeline of queue, splits and ledger against the bare walk, through three addresses. */
async function wholeJob(options: NfsOptions): Promise<void> {
  const tree = smallFiles(options.quick ? 0.1 : 1)
  const folder = ensureTree(options.place, tree)
  await using lab = await NfsLab.open(folder)
  const link = await lab.behind(40, 3)
  const rows: string[][] = []
  const bare = await walkThrough(lab, link, tree)
  rows.push(['bare walk, one process', seconds(bare.elapsedMs), count((tree.files / bare.elapsedMs) * 1_000)])
  for (const workers of [1, 4]) {
    const access = [
      '--access',
      'direct',
      '--nfs-port',
      String(link.nfsPort),
      '--mount-port',
      String(link.mountPort),
      '--concurrency',
      '1024',
    ]
    await using service = await BenchService.start({ workers, direct: true, arguments: access })
    await service.warm(folder, link.hosts, folder)
    const { elapsedMs } = await service.warm(folder, link.hosts, folder)
    rows.push([`from submit to done, ${workers} workers`, seconds(elapsedMs), count((tree.files / elapsedMs) * 1_000)])
  }
  printTable(`${tree.what} through each of three addresses behind 40 ms`, ['how', 'time', 'files/s'], rows)
}

interface WalkWishes {
  readonly through?: 'each' | 'spread'
  readonly onEnd?: (bytes: number[]) => void
}

async function walkThrough(lab: NfsLab, link: Link, tree: BenchTree, wishes: WalkWishes = {}): Promise<Walked> {
  const { exportPath } = lab.ganesha
  const opened = await Promise.all(
    link.hosts.map(async (host) => {
      const limiter = adaptiveLimit({ max: 4_096 })
      const mounted = await mountExport({
        host,
        exportPath,
        nfsPort: link.nfsPort,
        mountPort: link.mountPort,
        observer: limiter,
      })
      return { limiter, mounted, mount: await nfsMount({ export: mounted, name: host, limiter, maxInFlight: 4_096 }) }
    }),
  )
  const limits: number[] = []
  const progress: number[] = []
  let rss = 0
  const cpu = process.cpuUsage()
  const startedAtMs = performance.now()
  const walking = walk(
    opened.map(({ mount }) => mount),
    { entries: 'none', headBytes: Number.POSITIVE_INFINITY, through: wishes.through ?? 'each', concurrency: 4_096 },
  )
  const watching = setInterval(() => {
    limits.push(opened.reduce((sum, { limiter }) => sum + limiter.state.limit, 0))
    progress.push(walking.counters.files)
    rss = Math.max(rss, process.memoryUsage.rss())
  }, 100)
  await walking.done
  clearInterval(watching)
  const elapsedMs = performance.now() - startedAtMs
  const { user, system } = process.cpuUsage(cpu)
  progress.push(walking.counters.files)
  const stats = opened.map(({ mounted }) => mounted.stats)
  for (const { mount } of opened) await mount.close()
  if (walking.counters.files !== tree.files)
    throw new Error(
      `${tree.what}: ${walking.counters.files} files were counted; ${JSON.stringify(walking.takeFailures().slice(0, 3))}`,
    )
  wishes.onEnd?.(link.hosts.map((host) => walking.counters.mounts[host]?.bytes ?? 0))
  const sum = (pick: (one: (typeof stats)[number]) => number): number =>
    stats.reduce((total, one) => total + pick(one), 0)
  return {
    elapsedMs,
    cpuMs: (user + system) / 1_000,
    calls: sum(({ calls }) => calls),
    reads: sum(({ procedures }) => procedures['READ']?.calls ?? 0),
    limits,
    progress,
    rss,
  }
}
