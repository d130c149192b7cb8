import { type ClientWalk, runClient } from './nfs-client.ts'
import type { NfsOptions } from './nfs-lab.ts'
import { GeneratedServer } from './nfs-lab.ts'
import { count, printTable, seconds } from './table.ts'

const mebibyte = 2 ** 20

/**
 * One directory of a million entries next to a thousand of a thousand, and one of five million. The server computes its
 * tree, in a process of its own: it is the same protocol over the same sockets, and no disk can hold its listing up.
 */
export async function benchDirectories(options: NfsOptions): Promise<void> {
  const million = options.quick ? 50_000 : 1_000_000
  const rows: string[][] = []
  for (const [files, directories, roundTripMs] of [
    [million, 1, 0],
    [million, million / 1_000, 0],
    [million, 1, 40],
    [5 * million, 1, 0],
  ] as const) {
    await using server = await GeneratedServer.start(files, directories)
    const wanted: ClientWalk = { ...(await server.behind(roundTripMs)), exportPath: '/export', paths: ['/data'] }
    const walked = await runClient(wanted, files)
    const pages = walked.calls['READDIRPLUS'] ?? 0
    rows.push([
      `${count(files)} files, ${count(directories)} ${directories === 1 ? 'directory' : 'directories'}`,
      `${roundTripMs} ms`,
      seconds(walked.elapsedMs),
      count((files / walked.elapsedMs) * 1_000),
      count(pages),
      count(files / pages),
      `${((walked.cpuMs * 1_000) / files).toFixed(1)} us`,
      `${Math.round(walked.rss / mebibyte)} MiB`,
    ])
  }
  printTable(
    'Large directories, files of 1 KiB, on a server that computes them',
    ['tree', 'round trip', 'time', 'files/s', 'pages', 'entries a page', 'CPU a file', 'memory'],
    rows,
  )
}
