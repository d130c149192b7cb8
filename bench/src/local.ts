import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { BenchService } from './service.ts'
import { count, median, printTable, seconds } from './table.ts'
import { type BenchTree, ensureTree, flatFolder, largeFiles, loneFiles, smallFiles } from './trees.ts'

export interface LocalOptions {
  /** Where the trees are made and kept. */
  readonly place: string
  readonly rounds: number
  readonly workers: number
  /** A tenth of every tree, to see that all works. */
  readonly quick: boolean
}

const rival = 'find | xargs -P4 -n100 cat'
const idleSeconds = 10

/**
 * The whole road, from submit to done, against what a user would type instead, in turn, on trees that are in the page cache.
 */
export async function benchLocal(options: LocalOptions): Promise<void> {
  const scale = options.quick ? 0.1 : 1
  const trees = [
    smallFiles(scale),
    flatFolder(400_000 * scale),
    loneFiles(2_000 * scale),
    options.quick ? largeFiles(2, 1) : largeFiles(8, 2),
  ]
  const rows: string[][] = []
  for (const tree of trees) rows.push(await compare(options, tree))
  printTable(
    `From submit to done with ${options.workers} workers, against ${rival}; medians of ${options.rounds} rounds in turn`,
    ['tree', 'ours', 'files/s', 'MiB/s', 'CPU', 'theirs', 'files/s', 'CPU', 'our rate / theirs'],
    rows,
  )
}

/** Files per second as a directory grows, and the cost of the idle service. */
export async function benchGrowth(options: LocalOptions): Promise<void> {
  await growth(options)
  await idle(options)
}

async function compare(options: LocalOptions, tree: BenchTree): Promise<string[]> {
  const folder = ensureTree(options.place, tree)
  await using _locked = lockInMemory(folder)
  await using service = await BenchService.start(options)
  await service.warm(folder)
  const ours: { ms: number; cpuMs: number }[] = []
  const theirs: { ms: number; cpuMs: number }[] = []
  for (let round = 0; round < options.rounds; round += 1) {
    const { elapsedMs, cpuMs, status } = await service.warm(folder)
    const { files, bytes } = status.progress.counts
    if (files !== tree.files || bytes !== tree.bytes)
      throw new Error(`${tree.name}: ${files} files and ${bytes} bytes were counted`)
    ours.push({ ms: elapsedMs, cpuMs })
    theirs.push(runRival(folder))
  }
  const ourMs = median(ours.map(({ ms }) => ms))
  const theirMs = median(theirs.map(({ ms }) => ms))
  return [
    tree.what,
    seconds(ourMs),
    count((tree.files / ourMs) * 1_000),
    count((tree.bytes / 2 ** 20 / ourMs) * 1_000),
    seconds(median(ours.map(({ cpuMs }) => cpuMs))),
    seconds(theirMs),
    count((tree.files / theirMs) * 1_000),
    seconds(median(theirs.map(({ cpuMs }) => cpuMs))),
    (theirMs / ourMs).toFixed(2),
  ]
}

function runRival(folder: string): { ms: number; cpuMs: number } {
  const script = `TIMEFORMAT='%R %U %S'; time (find "$1" -type f -print0 | xargs -0 -P4 -n100 cat >/dev/null)`
  const { stderr, status } = spawnSync('bash', ['-c', script, 'bash', folder], { encoding: 'utf8' })
  const [real = 0, user = 0, system = 0] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
  if (status !== 0) throw new Error(`the rival failed: ${stderr}`)
  return { ms: real * 1_000, cpuMs: (user + system) * 1_000 }
}

/** Files a second must not fall as a directory grows. The time of an empty job is shown apart. */
async function growth(options: LocalOptions): Promise<void> {
  await using service = await BenchService.start(options)
  const empty: number[] = []
  const emptyFolder = ensureTree(options.place, {
    name: 'empty',
    what: 'an empty folder',
    files: 0,
    bytes: 0,
    make: (folder) => execFileSync('mkdir', ['-p', folder]),
  })
  for (let round = 0; round < options.rounds + 1; round += 1) empty.push((await service.warm(emptyFolder)).elapsedMs)
  const emptyMs = median(empty.slice(1))
  const rows: string[][] = [['0', seconds(emptyMs), '', '']]
  for (const entries of options.quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000]) {
    const folder = ensureTree(options.place, flatFolder(entries))
    await using _locked = lockInMemory(folder)
    const times: number[] = []
    await service.warm(folder)
    for (let round = 0; round < options.rounds; round += 1) {
      const { elapsedMs, status } = await service.warm(folder)
      if (status.progress.counts.files !== entries)
        throw new Error(`${status.progress.counts.files} of ${entries} files were counted`)
      times.push(elapsedMs)
    }
    const ms = median(times)
    rows.push([
      count(entries),
      seconds(ms),
      count((entries / ms) * 1_000),
      count((entries / Math.max(1, ms - emptyMs)) * 1_000),
    ])
  }
  printTable(
    'One directory as it grows',
    ['entries', 'submit to done', 'files/s', 'files/s without the empty job'],
    rows,
  )
}

async function idle(options: LocalOptions): Promise<void> {
  await using service = await BenchService.start(options)
  await service.warm(ensureTree(options.place, flatFolder(1_000)))
  await pause(2_000)
  const before = service.cpuMs()
  await pause(idleSeconds * 1_000)
  const share = (service.cpuMs() - before) / (idleSeconds * 1_000) / (options.workers + 1)
  printTable(
    'Idle',
    ['what', 'of a core'],
    [
      [
        `a process (manager and ${options.workers} workers, mean over ${idleSeconds} s)`,
        `${(share * 100).toFixed(2)} %`,
      ],
    ],
  )
}

/** These machines take pages back after a while; where vmtouch is there, the tree stays in memory while it is used. */
function lockInMemory(folder: string): AsyncDisposable {
  const found = spawnSync('vmtouch', ['-t', '-q', folder]).error === undefined
  if (!found) console.log('vmtouch is not installed: pages may be taken back between rounds')
  const lock = found ? spawn('vmtouch', ['-l', '-q', '-m', '4G', folder], { stdio: 'ignore' }) : undefined
  return {
    async [Symbol.asyncDispose]() {
      lock?.kill()
    },
  }
}
