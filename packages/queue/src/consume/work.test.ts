import { describe, expect, expectTypeOf, test } from 'vitest'
import { memoryService } from '../drivers/memory.ts'
import { sleep } from '../port/clock.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { jsonCodec, send } from './codec.ts'
import type { Message } from './delivery.ts'
import { work } from './work.ts'

async function setUp() {
  const clock = fakeClock()
  const service = memoryService({ clock })
  await service.create('work')
  return { clock, service, queue: service.queue('work') }
}

const nothing = { completed: 0, givenBack: 0, deadLettered: 0, lost: 0, failed: 0 }

test('a queue and a handler are enough', async () => {
  const service = memoryService()
  await service.create('thumbnails')
  const queue = service.queue('thumbnails')
  await send(queue, { file: 'Käse.jpg' })
  const files: string[] = []
  const worker = work<{ file: string }>(queue, async ({ body }) => {
    files.push(body.file)
    void worker.stop()
  })
  expect(await worker.done).toEqual({ ...nothing, completed: 1 })
  expect(files).toEqual(['Käse.jpg'])
  expect(await queue.approximateDepth()).toBe(0)
})

describe('stopping', () => {
  test('lets a handler finish, and takes no more', async () => {
    const { clock, queue } = await setUp()
    for (const n of [1, 2]) await send(queue, n)
    const worker = work(queue, () => sleep(clock, 20_000), { clock })
    await clock.advance(10)
    const before = clock.now()
    expect(await clock.run(worker.stop())).toEqual({ ...nothing, completed: 1 })
    expect(clock.now() - before).toBe(19_990)
    expect(clock.timers).toBe(0)
    expect(await queue.approximateDepth()).toBe(1)
  })

  test('aborts a handler after graceMs, and gives its message back', async () => {
    const { clock, queue } = await setUp()
    await send(queue, 1)
    let reason: unknown
    const worker = work(
      queue,
      async (_message, { signal }) => {
        await sleep(clock, 3_600_000, signal).catch((error: unknown) => {
          reason = error
          throw error
        })
      },
      { clock, graceMs: 5_000 },
    )
    await clock.advance(10)
    const before = clock.now()
    const [first, again] = [worker.stop(), worker.stop()]
    expect(await clock.run(first)).toEqual({ ...nothing, givenBack: 1 })
    expect(await again).toEqual(await worker.done)
    expect(clock.now() - before).toBe(5_000)
    expect(reason).toMatchObject({ code: 'CLOSED', message: 'work: the reader was stopped' })
    expect(await queue.peek({ max: 1 })).toMatchObject([{ body: '1' }])
  })

  test('happens at the end of an await using block', async () => {
    const { queue } = await setUp()
    let worker: ReturnType<typeof work> | undefined
    {
      await using inner = work(queue, async () => {})
      worker = inner
    }
    expect(await worker.done).toEqual(nothing)
  })

  test('happens when the signal aborts, with its reason', async () => {
    const { clock, queue } = await setUp()
    await send(queue, 1)
    const outer = new AbortController()
    const why = new Error('SIGTERM')
    let reason: unknown
    const worker = work(
      queue,
      async (_message, { signal }) => {
        await sleep(clock, 3_600_000, signal).catch((error: unknown) => {
          reason = error
        })
      },
      { clock, graceMs: 0, signal: outer.signal },
    )
    await clock.advance(10)
    outer.abort(why)
    await clock.run(worker.done)
    expect(reason).toBe(why)
    expect(await work(queue, async () => {}, { signal: outer.signal }).done).toEqual(nothing)
  })
})

test('the end of the loop is the end of the worker', async () => {
  const { service, queue } = await setUp()
  await service.delete('work')
  await expect(work(queue, async () => {}).done).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' })
})

test('types follow the codec, or are the word of the caller', async () => {
  const { queue } = await setUp()
  const stopped = { signal: AbortSignal.abort() }
  work(queue, async ({ body }) => void expectTypeOf(body).toBeUnknown(), stopped)
  work<number>(queue, async ({ body }) => void expectTypeOf(body).toBeNumber(), stopped)
  work(queue, async ({ body }: Message<string>) => void expectTypeOf(body).toBeString(), stopped)
  const codec = jsonCodec((value) => ({ file: String(value) }))
  work(queue, async ({ body }) => void expectTypeOf(body).toEqualTypeOf<{ file: string }>(), {
    codec,
    ...stopped,
  })
  // @ts-expect-error a misspelt outcome
  work(queue, async () => ({ giveBackMS: 5 }), stopped)
})
