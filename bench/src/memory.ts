import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { workerNodeOptions } from '@cachewarmer/service/cli/worker-node-options'
import { walk } from '@cachewarmer/walker'
import { type MemoryDirectory, manyEntries, memoryMount } from '@cachewarmer/walker/testing'
import { count, printTable } from './table.ts'

const file = { kind: 'file', size: 4_096 } as const

const shapes: Readonly<Record<string, (entries: number) => MemoryDirectory>> = {
  'directories of a thousand files': (entries) =>
    manyEntries(entries / 1_000, () => manyEntries(1_000, () => file), 'd'),
  'one directory': (entries) => manyEntries(entries, () => file),
  'a directory of directories of one file': (entries) =>
    manyEntries(entries / 2, () => manyEntries(1, () => file), 'd'),
}

/**
 * Walks over trees of this many entries behind the mount port: what a process holds at the most, and what the engine
 * costs. Each runs in a process of its own that may hold 64 MiB of objects: garbage is no memory, and a walk that
 * really held more would end without a word.
 */
export function benchMemory(entries: number): void {
  const rows = Object.keys(shapes).map((shape) => {
    const program = [fileURLToPath(import.meta.url), shape, String(entries)]
    const row = execFileSync(process.execPath, [...workerNodeOptions, '--max-old-space-size=64', ...program], {
      encoding: 'utf8',
    })
    return JSON.parse(row) as string[]
  })
  const head = ['tree', 'files', 'files/s', 'CPU a file', 'heap at most', 'memory of the process']
  printTable(`A walk over ${count(entries)} entries in memory`, head, rows)
}

async function measure(shape: string, entries: number): Promise<string[]> {
  let rss = 0
  let heap = 0
  const watching = setInterval(() => {
    const now = process.memoryUsage()
    rss = Math.max(rss, now.rss)
    heap = Math.max(heap, now.heapUsed)
  }, 20)
  const tree = shapes[shape]?.(entries)
  if (tree === undefined) throw new Error(`there is no shape ${shape}`)
  const cpu = process.cpuUsage()
  const startedAtMs = performance.now()
  const walking = walk([memoryMount({ name: 'memory', tree })], { entries: 'none' })
  await walking.done
  const seconds = (performance.now() - startedAtMs) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  clearInterval(watching)
  const { files } = walking.counters
  const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
  return [
    shape,
    count(files),
    count(files / seconds),
    `${((user + system) / files).toFixed(1)} us`,
    mebibytes(heap),
    mebibytes(rss),
  ]
}

const [program = '', shape, entries] = process.argv.slice(1)
if (program === fileURLToPath(import.meta.url) && shape !== undefined)
  console.log(JSON.stringify(await measure(shape, Number(entries))))
