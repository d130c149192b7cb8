/*
 * The queue package for work that has nothing to do with caches: checksums of files, done by as many of these processes
 * as one likes. A process that dies in between leaves a lease that expires, and another one does the work again; a file
 * that can't be read three times is put aside.
 *
 *   node examples/queue-for-other-work.ts sqlite:./queues.db add FILE...
 *   node examples/queue-for-other-work.ts sqlite:./queues.db work          until nothing is left
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { send, withRetry, work } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'

const [url, command, ...files] = process.argv.slice(2)
if (url === undefined || (command !== 'add' && command !== 'work')) {
  console.error('usage: node examples/queue-for-other-work.ts QUEUE add FILE... | work')
  process.exit(2)
}

const service = withRetry(await openService(url))
for (const name of ['checksums', 'checksums-dead']) await service.create(name)
const queue = service.queue('checksums')

if (command === 'add') {
  for (const file of files) await send(queue, { file })
} else {
  const worker = work<{ file: string }>(
    queue,
    async ({ body: { file } }) => {
      const sum = createHash('sha256')
        .update(await readFile(file))
        .digest('hex')
      console.log(`${sum}  ${file}`)
    },
    {
      stopWhenEmpty: true,
      maxDeliveries: 3,
      deadLetter: service.queue('checksums-dead'),
      observer: { failed: (message, error) => console.error(`${message.body}: ${(error as Error).message}`) },
    },
  )
  process.once('SIGTERM', () => void worker.stop())
  const { failed, deadLettered } = await worker.done
  if (failed + deadLettered > 0) process.exitCode = 1
}
await service.close()
