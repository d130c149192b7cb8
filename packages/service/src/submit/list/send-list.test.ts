import { memoryService, QueueError, type QueueService } from '@cachewarmer/queue'
import { fakeClock } from '@cachewarmer/queue/testing'
import { expect, test } from 'vitest'
import type { ListedPath } from './read-paths.ts'
import { sendList } from './send-list.ts'

async function* paths(count: number): AsyncGenerator<ListedPath[]> {
  for (let n = 0; n < count; n += 1) yield [{ path: `/f${n}`, kind: 'file' }]
}

/** Queues of which one message, counted from 1, can't be sent. */
function failing(which: number): QueueService {
  const service = memoryService({ clock: fakeClock() })
  let sent = 0
  return {
    ...service,
    queue: (name) => {
      const queue = service.queue(name)
      return {
        ...queue,
        send: async (body, options) => {
          sent += 1
          if (sent === which) throw new QueueError('UNAVAILABLE', name, 'no answer')
          return queue.send(body, options)
        },
      }
    },
  }
}

test('a list says how many chunks and paths it has, and all of them are in its queue', async () => {
  const service = memoryService({ clock: fakeClock() })
  const list = await sendList(service, 'studio', paths(7), { random: () => 0, chunkPaths: 3 })
  expect(list).toMatchObject({ chunks: 3, paths: 7 })
  const [name = ''] = await service.list('')
  expect(await service.queue(name).approximateDepth()).toBe(3)
})

test.each([1, 2, 3])(
  'a list of which chunk %i of 3 can\u2019t be sent fails, and leaves no queue behind',
  async (which) => {
    const service = failing(which)
    const sending = sendList(service, 'studio', paths(7), { random: () => 0, chunkPaths: 3 })
    await expect(sending).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await service.list('')).toEqual([])
  },
)
