import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { GeneratedServer } from './nfs-lab.ts'
import { BenchService, peakRss } from './service.ts'
import { count, printTable, seconds } from './table.ts'

const filesEach = 1_000
const mebibyte = 2 ** 20

/** A walk over more files than this goes no faster or slower. */
const mostWalked = 1_000_000

/**
 * A list of all files of a tree beside a walk over one, of a million files at the most: what the submitter, the manager
 * and the workers hold at the most, and how fast it goes. The server computes the tree, as no disk here has room for
 * ten million files.
 */
export async function benchList(options: { readonly workers: number; readonly quick: boolean }): Promise<void> {
  const listed = options.quick ? 1_000_000 : 10_000_000
  const rows: string[][] = []
  for (const form of ['a walk', 'a list'] as const) {
    const files = form === 'a list' ? listed : Math.min(listed, mostWalked)
    await using server = await GeneratedServer.start(files, files / filesEach)
    const { hosts, nfsPort, mountPort } = await server.behind(0)
    const [host = ''] = hosts
    const ports = ['--access', 'direct', '--nfs-port', String(nfsPort), '--mount-port', String(mountPort)]
    await using service = await BenchService.start({ workers: options.workers, direct: true, arguments: ports })
    const job = ['--addresses', host, '--export', '/export', '--wait']
    const what = form === 'a list' ? ['--files-from', '-'] : ['--path', '/data']
    const startedAtMs = performance.now()
    const submitter = await submit([...service.queueArguments, ...job, ...what], form === 'a list' ? files : 0)
    const elapsedMs = performance.now() - startedAtMs
    const [manager = 0, ...workers] = service.peaks()
    const sizes = [submitter, manager, Math.max(...workers)].map((bytes) => `${Math.round(bytes / mebibyte)} MiB`)
    rows.push([form, count(files), seconds(elapsedMs), count((files / elapsedMs) * 1_000), ...sizes])
  }
  printTable(
    'Files of 1 KiB on a server that computes them, from submit to done',
    ['form', 'files', 'time', 'files/s', 'submitter', 'manager', 'largest worker'],
    rows,
  )
}

/**
 * Runs the submitter to the end of its job, with this many paths on its standard input; the most memory that it held,
 * in bytes.
 */
async function submit(args: readonly string[], paths: number): Promise<number> {
  const program = join(dirname(fileURLToPath(import.meta.resolve('@cachewarmer/submit/package.json'))), 'dist/bin.js')
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2_000)
  })
  let peak = 0
  const watching = setInterval(() => {
    peak = Math.max(peak, peakRss(child.pid ?? 0))
  }, 200)
  const ended = once(child, 'close')
  await pipeline(Readable.from(pieces(paths)), child.stdin)
  const [code] = (await ended) as [number | null]
  clearInterval(watching)
  if (code !== 0) throw new Error(`the submitter ended with ${code}: ${said}`)
  return peak
}

function* pieces(paths: number): Generator<string> {
  for (let directory = 0; directory < paths / filesEach; directory += 1) {
    let text = ''
    for (let file = 0; file < filesEach; file += 1) text += `/data/d${directory}/f${file}\n`
    yield text
  }
}
