import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { adaptiveLimit, nfsMount, walk } from '@cachewarmer/walker'
import { count, median, printTable, seconds } from './table.ts'

/* Runs inside nfslab's guest: `nfslab-guest.ts FILES ROUNDS`, with the addresses and the export in its environment. */
const [files = 0, rounds = 1] = process.argv.slice(2).map(Number)
const address = (process.env['ADDRESSES'] ?? '').split(',')[0] ?? ''
const exportPath = process.env['EXPORT'] ?? ''
const mounted = `/mnt/cachewarmer/${address}${exportPath}`

/** Calls that the server has answered so far, by procedure. */
function serverCalls(): Map<string, number> {
  const text = execFileSync('nfsstat', ['-s', '-3', '-l'], { encoding: 'utf8' })
  const calls = new Map<string, number>()
  for (const [, name = '', value] of text.matchAll(/v3 server\s+(\w+):\s+(\d+)/g)) calls.set(name, Number(value))
  return calls
}

interface Timed {
  readonly ms: number
  readonly calls: Map<string, number>
}

async function timed(action: () => Promise<number> | number): Promise<Timed> {
  const before = serverCalls()
  const ms = await action()
  const after = serverCalls()
  return { ms, calls: new Map([...after].map(([name, value]) => [name, value - (before.get(name) ?? 0)])) }
}

async function direct(): Promise<number> {
  const limiter = adaptiveLimit({ max: 1_024 })
  const mount = await nfsMount({ export: { host: address, exportPath, observer: limiter }, name: address, limiter })
  const startedAtMs = performance.now()
  const walking = walk([mount], { entries: 'none', headBytes: Number.POSITIVE_INFINITY, concurrency: 1_024 })
  await walking.done
  const ms = performance.now() - startedAtMs
  await mount.close()
  if (walking.counters.files !== files)
    throw new Error(`${walking.counters.files} of ${files} files; ${JSON.stringify(walking.takeFailures()[0])}`)
  return ms
}

function kernel(processes: number): number {
  // The client's own cache would answer the second round.
  writeFileSync('/proc/sys/vm/drop_caches', '3')
  execFileSync('mount', ['-o', 'remount', mounted])
  const startedAtMs = performance.now()
  const { status } = spawnSync('bash', [
    '-c',
    `find "$1" -type f -print0 | xargs -0 -P${processes} -n25 cat >/dev/null`,
    'bash',
    mounted,
  ])
  if (status !== 0) throw new Error(`xargs ended with ${status}`)
  return performance.now() - startedAtMs
}

const ways: readonly { what: string; run: () => Promise<number> | number }[] = [
  { what: 'direct NFS, one process', run: direct },
  { what: 'kernel mount, xargs -P64 cat', run: () => kernel(64) },
  { what: 'kernel mount, xargs -P4 cat', run: () => kernel(4) },
]
const results = ways.map(() => [] as Timed[])
await direct()
for (let round = 0; round < rounds; round += 1) {
  for (const [at, way] of ways.entries()) results[at]?.push(await timed(way.run))
}
const ours = median((results[0] ?? []).map(({ ms }) => ms))
const perFile = (timings: readonly Timed[], name: string): string =>
  (median(timings.map(({ calls }) => calls.get(name) ?? 0)) / files).toFixed(3)
printTable(
  `The kernel's NFS server behind 40 ms, ${count(files)} files, one slow CPU; medians of ${rounds} in turn`,
  ['how', 'time', 'files/s', 'times ours', 'calls a file', 'READ', 'GETATTR', 'ACCESS', 'LOOKUP', 'READDIRPLUS'],
  ways.map(({ what }, at) => {
    const timings = results[at] ?? []
    const ms = median(timings.map((one) => one.ms))
    return [
      what,
      seconds(ms),
      count((files / ms) * 1_000),
      (ms / ours).toFixed(1),
      perFile(timings, 'total'),
      ...['read', 'getattr', 'access', 'lookup', 'readdirplus'].map((name) => perFile(timings, name)),
    ]
  }),
)
