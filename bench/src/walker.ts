import { execFileSync } from 'node:child_process'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { folderMount, walk, warm } from '@cachewarmer/walker'
import { walkStream } from '@nodelib/fs.walk'
import pLimit from 'p-limit'
import type { LocalOptions } from './local.ts'
import { count, median, printTable, seconds } from './table.ts'
import { ensureTree, sceneFiles } from './trees.ts'

interface Read {
  files: number
  bytes: number
}

/** What one would write instead: as many reads at a time as the walker makes, each in blocks as large. */
async function byHand(folder: string): Promise<Read> {
  const read: Read = { files: 0, bytes: 0 }
  const limit = pLimit(64)
  const reads: Promise<void>[] = []
  for await (const { path, dirent } of walkStream(folder) as AsyncIterable<{
    path: string
    dirent: { isFile(): boolean }
  }>)
    if (dirent.isFile()) reads.push(limit(() => readWhole(path, read)))
  await Promise.all(reads)
  return read
}

async function readWhole(path: string, read: Read): Promise<void> {
  const file = await open(path)
  try {
    const buffer = Buffer.allocUnsafe(256 * 1024)
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length)
      if (bytesRead === 0) break
      read.bytes += bytesRead
    }
    read.files++
  } finally {
    await file.close()
  }
}

async function warmed(folder: string): Promise<Read> {
  await using mount = folderMount({ folder })
  return (await warm([mount])).counters
}

async function iterated(folder: string): Promise<Read> {
  await using mount = folderMount({ folder })
  const read: Read = { files: 0, bytes: 0 }
  for await (const entry of walk([mount], { headBytes: Infinity })) {
    if (entry.kind !== 'file') continue
    read.files++
    read.bytes += entry.bytes
  }
  return read
}

const ways: Readonly<Record<string, (folder: string) => Promise<Read>>> = {
  'warm()': warmed,
  'for await of walk()': iterated,
  'fs.walk, p-limit, open': byHand,
}

/** The walker on a local tree in the page cache against what one would write by hand, in turn, a process for each run. */
export function benchWalker({ place, rounds, quick }: Pick<LocalOptions, 'place' | 'rounds' | 'quick'>): void {
  const tree = sceneFiles(quick ? 0.1 : 1)
  const folder = ensureTree(place, tree)
  const runs = new Map<string, { ms: number; cpuMs: number }[]>(Object.keys(ways).map((way) => [way, []]))
  // The first round fills the page cache, and does not count.
  for (let round = 0; round <= rounds; round += 1)
    for (const [way, measured] of runs) {
      const said = execFileSync(process.execPath, [fileURLToPath(import.meta.url), way, folder], { encoding: 'utf8' })
      const { files, bytes, ...run } = JSON.parse(said) as Read & { ms: number; cpuMs: number }
      if (files !== tree.files || bytes !== tree.bytes) throw new Error(`${way}: ${files} files and ${bytes} bytes`)
      if (round > 0) measured.push(run)
    }
  const rows = [...runs].map(([way, measured]) => {
    const ms = median(measured.map((run) => run.ms))
    return [way, seconds(ms), count((tree.files / ms) * 1_000), seconds(median(measured.map((run) => run.cpuMs)))]
  })
  printTable(`${tree.what}, read whole; medians of ${rounds} rounds in turn`, ['way', 'time', 'files/s', 'CPU'], rows)
}

const [program, way = '', folder = ''] = process.argv.slice(1)
if (program === fileURLToPath(import.meta.url)) {
  const cpu = process.cpuUsage()
  const startedAtMs = performance.now()
  const read = await ways[way]?.(folder)
  const ms = performance.now() - startedAtMs
  const { user, system } = process.cpuUsage(cpu)
  console.log(JSON.stringify({ files: read?.files, bytes: read?.bytes, ms, cpuMs: (user + system) / 1_000 }))
}
