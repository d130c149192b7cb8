/*
 * Warms a cache within a CI job, before the steps that render: straight over NFS, as containers may not mount. It gives up
 * after the minutes it is given, prints a line every ten seconds, and a summary in JSON on standard output. The job fails where
 * anything was not read.
 *
 *   node examples/warm-in-ci.ts 15 'nfs://10.0.0.4/scenes?uid=1000&gid=100,nfs://10.0.0.5/scenes?uid=1000&gid=100' /shot-7
 */
import { isNfsError, parseNfsUrl } from '@cachewarmer/nfs'
import { isWalkError, nfsMount, warm, watchedMount } from '@cachewarmer/walker'

const [minutes, urls, ...paths] = process.argv.slice(2)
if (!Number(minutes) || !urls || paths.length === 0) {
  console.error('usage: node examples/warm-in-ci.ts MINUTES NFS-URL[,NFS-URL...] PATH...')
  process.exit(2)
}

const signal = AbortSignal.timeout(Number(minutes) * 60_000)
const open = async (url: string) => watchedMount(await nfsMount({ export: { ...parseNfsUrl(url), signal } }))
try {
  const mounts = await Promise.all(urls.split(',').map(open))
  const { complete, counters, failures } = await warm(mounts, paths, {
    signal,
    progressMs: 10_000,
    observer: {
      progressed: ({ files, bytesArrived }) => console.error(`${files} files, ${bytesArrived} bytes`),
      failed: ({ path, mount, message }) => console.error(`${path} through ${mount ?? 'all'}: ${message}`),
    },
  })
  await Promise.all(mounts.map((mount) => mount.close()))
  const { files, bytes, directories } = counters
  console.log(JSON.stringify({ complete, files, bytes, directories, failures: failures.length }))
  process.exitCode = complete ? 0 : 1
} catch (error) {
  if (!signal.aborted && !isWalkError(error) && !isNfsError(error)) throw error
  console.error(signal.aborted ? `not warm after ${minutes} minutes` : (error as Error).message)
  process.exitCode = 1
}
// What is still open after the time is over ends with the process.
if (signal.aborted) process.exit()
