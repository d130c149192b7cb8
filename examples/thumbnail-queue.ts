/*
 * A queue of typed work with retries: thumbnails of PPM pictures (P6), made by as many of these processes as one likes. A
 * picture that fails three times, or is none, is put aside; `again` puts those back once the fault is mended.
 *
 *   node examples/thumbnail-queue.ts sqlite:./queues.db add PICTURE...
 *   node examples/thumbnail-queue.ts sqlite:./queues.db work           until Ctrl-C, 4 at a time
 *   node examples/thumbnail-queue.ts sqlite:./queues.db dead           what was put aside
 *   node examples/thumbnail-queue.ts sqlite:./queues.db again
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { consume, jsonCodec, send, textCodec, withRetry, work } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'

const edge = 64

interface Picture {
  readonly file: string
}

/** Checked when it is read: another program may have sent something else. */
const pictures = jsonCodec((value): Picture => {
  const { file } = value as { file?: unknown }
  if (typeof file === 'string') return { file }
  throw new TypeError('expected { "file": "..." }')
})

/** A PPM of at most `edge` times `edge` pixels, each the nearest of the picture; undefined where it is no P6. */
function thumbnailOf(ppm: Buffer): Buffer | undefined {
  const [head = '', width = 0, height = 0] = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(ppm.toString('latin1', 0, 100)) ?? []
  const [w, h] = [Number(width), Number(height)]
  if (w === 0 || h === 0 || ppm.length < head.length + 3 * w * h) return undefined
  const scale = Math.max(1, w / edge, h / edge)
  const [columns, rows] = [Math.floor(w / scale), Math.floor(h / scale)]
  const pixels = Buffer.alloc(3 * columns * rows)
  for (let at = 0; at < columns * rows; at++) {
    const from =
      head.length + 3 * (Math.floor(Math.floor(at / columns) * scale) * w + Math.floor((at % columns) * scale))
    ppm.copy(pixels, 3 * at, from, from + 3)
  }
  return Buffer.concat([Buffer.from(`P6 ${columns} ${rows} 255\n`), pixels])
}

const [url, command, ...files] = process.argv.slice(2)
if (url === undefined || !['add', 'work', 'dead', 'again'].includes(command ?? '')) {
  console.error('usage: node examples/thumbnail-queue.ts QUEUE add PICTURE... | work | dead | again')
  process.exit(2)
}

const service = withRetry(await openService(url))
for (const name of ['thumbnails', 'thumbnails-dead']) await service.create(name)
const queue = service.queue('thumbnails')
const dead = service.queue('thumbnails-dead')

if (command === 'add') {
  for (const file of files) await send(queue, { file }, { codec: pictures })
} else if (command === 'work') {
  const worker = work(
    queue,
    async ({ body: { file } }, { signal }) => {
      const thumbnail = thumbnailOf(await readFile(file, { signal }))
      if (thumbnail === undefined) return { deadLetter: `${file} is no PPM of kind P6` }
      // Delivered twice, it is written twice: a name of its own first keeps a reader from half of one.
      await writeFile(`${file}.${process.pid}`, thumbnail)
      await rename(`${file}.${process.pid}`, `${file}.thumbnail.ppm`)
      console.log(`${file}.thumbnail.ppm`)
      return 'complete'
    },
    {
      codec: pictures,
      concurrency: 4,
      maxDeliveries: 3,
      failureDelay: { firstMs: 100, maxMs: 60_000 },
      deadLetter: dead,
      observer: {
        deadLettered: (message, error) => console.error(`put aside: ${message.body}: ${(error as Error).message}`),
      },
    },
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void worker.stop())
  console.log(await worker.done)
} else if (command === 'dead') {
  for (const { body } of await dead.peek({ max: 32 })) console.log(body)
} else {
  // Bodies as they are: what was put aside may be what no codec reads.
  const options = { codec: textCodec, stopWhenEmpty: true, concurrency: 8 }
  const { completed } = await consume(dead, async ({ body }) => void (await queue.send(body)), options)
  console.log(`${completed} put back`)
}
await service.close()
