/*
 * The queue package for work that has nothing to do with caches: checksums of files, done by as many of these processes
 * as one likes. A process that dies in between leaves a lease that expires, and another one does the work again.
 *
 *   node examples/queue-for-other-work.ts sqlite:./queues.db add FILE...
 *   node examples/queue-for-other-work.ts sqlite:./queues.db work          until nothing is left
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { systemClock as clock, consume, withRetry } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'

const [url, command, ...files] = process.argv.slice(2)
if (url === undefined || (command !== 'add' && command !== 'work')) {
  console.error('usage: node examples/queue-for-other-work.ts QUEUE add FILE... | work')
  process.exit(2)
}

const random = Math.random
const service = withRetry(await openService(url), { clock, random })
await service.create('checksums')
const queue = service.queue('checksums')

if (command === 'add') {
  for (const file of files) await queue.send(JSON.stringify({ file }))
} else {
  const stop = new AbortController()
  const abort = new AbortController()
  process.once('SIGTERM', () => stop.abort())
  const onDone = async (): Promise<void> => {
    if ((await queue.approximateDepth()) <= 1) stop.abort()
  }
  await consume(
    queue,
    async ({ body }) => {
      const { file } = JSON.parse(body) as { file: string }
      const sum = createHash('sha256')
        .update(await readFile(file))
        .digest('hex')
      console.log(`${sum}  ${file}`)
      await onDone()
      return 'complete'
    },
    {
      leaseMs: 30_000,
      concurrency: 1,
      clock,
      random,
      polling: service.polling,
      stopTaking: stop.signal,
      abortWork: abort.signal,
    },
  )
}
await service.close()
