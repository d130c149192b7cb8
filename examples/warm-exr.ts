/*
 * Warms the EXR frames of shots, those that are looked at now before all others, with progress in percent. What fails is
 * tried again; Ctrl-C ends it after the reads in flight and says how much is left.
 *
 *   node examples/warm-exr.ts 1001-1024 /mnt/cache-1/scenes,/mnt/cache-2/scenes /shot-7 /shot-8
 */
import {
  defaultFilter,
  folderMount,
  type Mount,
  type Walk,
  type WalkFilter,
  type WalkPart,
  walk,
} from '@cachewarmer/walker'

const [range = '', folders, ...paths] = process.argv.slice(2)
const [, first = '', last = ''] = /^(\d+)-(\d+)$/.exec(range) ?? []
if (first === '' || !folders || paths.length === 0) {
  console.error('usage: node examples/warm-exr.ts FIRST-LAST FOLDER[,FOLDER...] PATH...')
  process.exit(2)
}

const filter: WalkFilter = { ...defaultFilter, file: (_path, name) => name.endsWith('.exr') }
const isLookedAt = (path: string): boolean => {
  const frame = Number(/(\d+)\.exr$/.exec(path)?.[1])
  return frame >= Number(first) && frame <= Number(last)
}
const fileOf = (path: string): WalkPart => {
  const at = path.lastIndexOf('/')
  return { kind: 'files', directory: path.slice(0, at) || '/', names: [path.slice(at + 1)] }
}

let running: Walk | undefined
process.once('SIGINT', () => running?.stop())

const mounts = folders.split(',').map((folder) => folderMount({ folder }))
process.exitCode = await warmFrames(mounts)
await Promise.all(mounts.map((mount) => mount.close()))

async function warmFrames(through: readonly Mount[]): Promise<number> {
  // What there is, in the order of the frames: one listing at a time, and nothing is read.
  const parts = paths.map((path) => ({ kind: 'tree', path }) as const)
  const looked: string[] = []
  const others: string[] = []
  running = walk(through, { parts, filter, read: false, sorted: true, listings: 1 })
  for await (const entry of running) {
    if (entry.kind === 'file') (isLookedAt(entry.path) ? looked : others).push(entry.path)
    if (entry.kind === 'failed') console.error(`${entry.path}: ${entry.error.message}`)
  }
  const planned = running.counters
  if (running.rest().length > 0) return stopped(running)
  let left = [...looked, ...others]
  for (let round = 1; round <= 3 && left.length > 0; round++) {
    running = walk(through, {
      parts: left.filter((path) => !isLookedAt(path)).map(fileOf),
      headBytes: Infinity,
      observer: {
        progressed: ({ bytesArrived }) => {
          const share = bytesArrived / Math.max(1, planned.bytes * through.length)
          console.log(`round ${round}: ${Math.floor(100 * Math.min(1, share))} % read`)
        },
      },
    })
    running.add(left.filter(isLookedAt).map(fileOf), { priority: 1 })
    await running.done
    if (running.rest().length > 0) return stopped(running)
    const failures = running.takeFailures()
    left = [...new Set(failures.map(({ path }) => path))]
    if (left.length > 0) console.error(`round ${round}: ${left.length} frames failed, ${failures[0]?.message}`)
  }
  console.log(
    `${looked.length + others.length - left.length} of ${planned.files} frames, ${planned.bytes} bytes each through ${through.length}`,
  )
  return left.length > 0 || Object.keys(planned.failures).length > 0 ? 1 : 0
}

function stopped(under: Walk): number {
  const names = under.rest().map((part) => (part.kind === 'files' ? part.names.length : 1))
  console.error(`stopped: ${names.reduce((sum, count) => sum + count, 0)} files and directories are left`)
  return 130
}
