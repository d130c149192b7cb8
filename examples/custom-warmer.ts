/*
 * A warmer of one's own, without queues and managers: it reads what was changed in the last hour first, then the rest,
 * through every mount that is named.
 *
 *   node examples/custom-warmer.ts /shot-7 /mnt/cache-1/scenes /mnt/cache-2/scenes
 */
import { defaultFilter, folderMount, type WalkFilter, walk } from '@cachewarmer/walker'

const [path, ...folders] = process.argv.slice(2)
if (path === undefined || folders.length === 0) {
  console.error('usage: node examples/custom-warmer.ts PATH MOUNT [MOUNT...]')
  process.exit(2)
}

const hourAgo = Date.now() - 60 * 60_000
const recent: WalkFilter = { ...defaultFilter, needsAttributes: true, modified: (ms) => ms >= hourAgo }
const rest: WalkFilter = { ...defaultFilter, needsAttributes: true, modified: (ms) => ms < hourAgo }
const mounts = folders.map((folder) => folderMount({ folder }))

for (const [what, filter] of Object.entries({ recent, rest })) {
  const under = walk(mounts, { parts: [{ kind: 'tree', path }], filter, headBytes: Infinity, entries: 'none' })
  await under.done
  // Failures are values: what could not be read is named, and never stops the rest.
  for (const { path, mount, message } of under.takeFailures()) {
    console.error(`${path} through ${mount ?? 'all'}: ${message}`)
    process.exitCode = 1
  }
  const { files, bytes } = under.counters
  console.log(`${what}: ${files} files, ${bytes} bytes`)
}
await Promise.all(mounts.map((mount) => mount.close()))
