/*
 * A step of a render pipeline: submits a job, waits until the cache is warm, and fails the step where something was not
 * read. CACHEWARMER_QUEUE and QUEUE_PREFIX say where the manager looks for jobs.
 *
 *   node examples/submit-from-pipeline.ts 10.0.1.11,10.0.1.12 /animation /scene1
 */
import { isCoreError, makeJob } from '@cachewarmer/core'
import { systemClock } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'
import { submitJob, watchJob } from '@cachewarmer/submit'

const [addresses, exportPath, ...paths] = process.argv.slice(2)
const { CACHEWARMER_QUEUE: url, QUEUE_PREFIX: prefix } = process.env
if (!addresses || !exportPath || paths.length === 0 || !url || !prefix) {
  console.error(
    'usage: CACHEWARMER_QUEUE=... QUEUE_PREFIX=... node examples/submit-from-pipeline.ts ADDRESSES EXPORT PATH...',
  )
  process.exit(2)
}

const service = await openService(url)
try {
  const { job } = makeJob({ addresses: addresses.split(','), exportPath, paths, exclude: ['*.tmp'] })
  const { messageId } = await submitJob(service, prefix, job, { random: Math.random })
  for await (const { state, outcome, progress } of watchJob(service, prefix, { messageId }, { clock: systemClock })) {
    if (state !== 'ended') continue
    console.log(`${outcome}: ${progress.counts.files} files, ${progress.counts.bytes} bytes`)
    process.exitCode = outcome === 'warmed' ? 0 : 1
  }
} catch (error) {
  if (!isCoreError(error)) throw error
  // Every field that is wrong, with what was expected instead.
  for (const { field, value, expected } of error.problems) console.error(`${field}: expected ${expected}, got ${value}`)
  process.exitCode = 2
} finally {
  await service.close()
}
