/*
 * Says what warming would read, without reading: every file in the order of names with its size, and the totals.
 *
 *   node examples/dry-run.ts /mnt/cache-1/scenes /shot-7 /assets/rocks
 */
import { folderMount, walk } from '@cachewarmer/walker'

const [folder, ...paths] = process.argv.slice(2)
if (!folder || paths.length === 0) {
  console.error('usage: node examples/dry-run.ts FOLDER PATH...')
  process.exit(2)
}

await using mount = folderMount({ folder })
const parts = paths.map((path) => ({ kind: 'tree', path }) as const)
// One listing at a time, so that the order holds for the whole tree.
const listing = walk([mount], { parts, read: false, sorted: true, listings: 1 })
for await (const entry of listing) {
  if (entry.kind === 'file') console.log(String(entry.size).padStart(15), entry.path)
  if (entry.kind === 'failed') console.error(`${entry.path}: ${entry.error.message}`)
}
const { files, directories, bytes, failures, sizes } = listing.counters
console.log(`${files} files in ${directories} directories, ${bytes} bytes`)
for (const [digits, { files: count }] of Object.entries(sizes))
  console.log(`${count} of less than ${2 ** Number(digits)} bytes`)
process.exitCode = Object.keys(failures).length > 0 ? 1 : 0
