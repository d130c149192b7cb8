import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type ClientWalked, runClient } from './nfs-client.ts'
import type { NfsOptions } from './nfs-lab.ts'
import { type Link, NfsLab } from './nfs-lab.ts'
import { plotRamps, type Ramp } from './ramp-plot.ts'
import { count, printTable, seconds } from './table.ts'
import { ensureTree, smallFiles } from './trees.ts'

const mebibyte = 2 ** 20
const head = [
  'round trip',
  'how',
  'time',
  'files/s',
  'once ramped up',
  'in flight at the end',
  'CPU a file',
  'READs a file',
  'pages a file',
  'memory',
]

/** Small files behind several round trips, unknown to the client, next to libnfs, one process per file. */
export async function benchSmallFiles(options: NfsOptions): Promise<void> {
  const tree = smallFiles(options.quick ? 0.1 : 1)
  const folder = ensureTree(options.place, tree)
  const rows: string[][] = []
  const ramps: Ramp[] = []
  await using lab = await NfsLab.open(folder)
  for (const roundTripMs of options.roundTripsMs) {
    const link = await lab.behind(roundTripMs, 1)
    const walked: ClientWalked[] = []
    for (let round = 0; round < options.rounds; round += 1)
      walked.push(await runClient({ ...link, exportPath: lab.ganesha.exportPath }, tree.files))
    const middle = middleOf(walked)
    ramps.push({ name: `${roundTripMs} ms`, ...middle })
    rows.push([`${roundTripMs} ms`, 'direct NFS, one process', ...figures(middle)])
    rows.push([`${roundTripMs} ms`, 'xargs -P64 nfs-cat', ...(await libnfs(folder, link))])
  }
  printTable(`${tree.what}, one address; medians of ${options.rounds}; no hint of the delay`, head, rows)
  const title = `${tree.what} behind several round trips`
  console.log(`\nThe ramps: ${plotRamps(options.report, 'nfs-ramp', title, ramps)}`)
}

/** The server held to one core and the client to the other: whose limit it is. */
export async function benchPinned(options: NfsOptions): Promise<void> {
  const tree = smallFiles(options.quick ? 0.1 : 1)
  await using lab = await NfsLab.open(ensureTree(options.place, tree), 0)
  const link = await lab.behind(0, 1)
  const walked: { client: ClientWalked; serverMs: number }[] = []
  for (let round = 0; round < options.rounds; round += 1) {
    const before = lab.serverCpuMs()
    const client = await runClient({ ...link, exportPath: lab.ganesha.exportPath }, tree.files, 1)
    walked.push({ client, serverMs: lab.serverCpuMs() - before })
  }
  const sorted = walked.toSorted((a, b) => a.client.elapsedMs - b.client.elapsedMs)
  const { client, serverMs } = sorted[Math.floor(sorted.length / 2)] as (typeof walked)[number]
  const busy = (ms: number): string => `${((ms / client.elapsedMs) * 100).toFixed(0)} %`
  printTable(
    `${tree.what} at 0 ms, server on one core, client on the other; medians of ${options.rounds}`,
    ['files/s', "server's core busy", "client's core busy", 'server CPU a file', 'client CPU a file'],
    [
      [
        count((tree.files / client.elapsedMs) * 1_000),
        busy(serverMs),
        busy(client.cpuMs),
        microseconds(serverMs, tree.files),
        microseconds(client.cpuMs, tree.files),
      ],
    ],
  )
}

const middleOf = (walked: readonly ClientWalked[]): ClientWalked =>
  walked.toSorted((a, b) => a.elapsedMs - b.elapsedMs)[Math.floor(walked.length / 2)] as ClientWalked

const microseconds = (ms: number, files: number): string => `${((ms * 1_000) / files).toFixed(1)} us`

function figures(walked: ClientWalked): string[] {
  const { files, elapsedMs, cpuMs, calls, limits, rss } = walked
  return [
    seconds(elapsedMs),
    count((files / elapsedMs) * 1_000),
    count(steadyRate(walked)),
    count(limits.at(-1) ?? 0),
    microseconds(cpuMs, files),
    ((calls['READ'] ?? 0) / files).toFixed(3),
    ((calls['READDIRPLUS'] ?? 0) / files).toFixed(3),
    `${Math.round(rss / mebibyte)} MiB`,
  ]
}

/** Files a second in the second half of the time. */
function steadyRate({ progress }: ClientWalked): number {
  const half = Math.floor(progress.length / 2)
  const ticks = progress.length - 1 - half
  return ticks <= 0 ? Number.NaN : (((progress.at(-1) ?? 0) - (progress[half] ?? 0)) / ticks) * 10
}

/** Two hundred of the files by libnfs' own program. */
async function libnfs(folder: string, { hosts, nfsPort, mountPort }: Link): Promise<string[]> {
  const directories = readdirSync(join(folder, 'g0')).slice(0, 4)
  const files = directories.flatMap((name) =>
    readdirSync(join(folder, 'g0', name)).map((each) => `${folder}/g0/${name}/${each}`),
  )
  const urls = files.map((file) => `nfs://${hosts[0]}${file}?nfsport=${nfsPort}&mountport=${mountPort}`)
  const startedAtMs = performance.now()
  const script = 'printf "%s\\n" "$@" | xargs -P64 -n1 nfs-cat > /dev/null'
  await promisify(execFile)('sh', ['-c', script, 'sh', ...urls])
  const elapsedMs = performance.now() - startedAtMs
  return [`${seconds(elapsedMs)} for ${files.length}`, count((files.length / elapsedMs) * 1_000)]
}
