/*
 * Warms paths of an export through every folder that shows it: five lines, and one that says how it is called.
 *
 *   node examples/warm.ts /mnt/cache-1/scenes,/mnt/cache-2/scenes /shot-7 /assets/rocks
 */
import { folderMount, warm } from '@cachewarmer/walker'

const [folders, ...paths] = process.argv.slice(2)
if (!folders || paths.length === 0) fail('usage: node examples/warm.ts FOLDER[,FOLDER...] PATH...')

const mounts = folders.split(',').map((folder) => folderMount({ folder }))
const { complete, counters, failures } = await warm(mounts, paths)
console.log(complete ? 'warm' : failures, `${counters.files} files, ${counters.bytes} bytes`)
await Promise.all(mounts.map((mount) => mount.close()))
process.exitCode = complete ? 0 : 1

function fail(usage: string): never {
  console.error(usage)
  process.exit(2)
}
