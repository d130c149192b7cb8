import { memoryService, QueueError, type QueueService } from '@cachewarmer/queue'
import { fakeClock } from '@cachewarmer/queue/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isUsageError } from '../cli/index.ts'
import { type ListedPath, readPaths, sendList } from './list.ts'

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? bytes.length)
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function read(
  text: string | Uint8Array,
  options: { nul?: boolean; sizes?: number[] } = {},
): Promise<ListedPath[]> {
  const all: ListedPath[] = []
  const { nul = false, sizes = [] } = options
  for await (const some of readPaths(pieces(Buffer.from(text as string), sizes), { name: 'list', nul }))
    all.push(...some)
  return all
}
const file = (path: string): ListedPath => ({ path, kind: 'file' })
const tree = (path: string): ListedPath => ({ path, kind: 'tree' })

describe('a list of paths', () => {
  test('is read line by line, the last one with or without its end', async () => {
    expect(await read('/a\n/b/c\n')).toEqual([file('/a'), file('/b/c')])
    expect(await read('/a\n/b/c')).toEqual([file('/a'), file('/b/c')])
    expect(await read('')).toEqual([])
  })

  test('takes lines as people and Windows write them', async () => {
    expect(await read('a\r\n\r\n./b//c\n/d/\n/\n')).toEqual([file('/a'), file('/b/c'), tree('/d'), tree('/')])
  })

  test('may begin with a byte order mark, cut in any pieces', async () => {
    for (const nul of [false, true])
      for (const sizes of [[1], [100]]) {
        const end = nul ? '\0' : '\n'
        expect(await read(`\uFEFFf1${end}\uFEFFf2${end}`, { nul, sizes })).toEqual([file('/f1'), file('/\uFEFFf2')])
        expect(await read('\uFEFF', { nul, sizes })).toEqual([])
        expect(await read('\uFEFF/f1', { nul, sizes })).toEqual([file('/f1')])
      }
  })

  test('in UTF-16 is refused, also where NUL ends its paths', async () => {
    for (const nul of [false, true])
      for (const sizes of [[1], [100]])
        await expect(read(Buffer.from('\uFEFF/f1\n', 'utf16le'), { nul, sizes })).rejects.toThrow(
          'list: expected UTF-8, got UTF-16',
        )
  })

  test('with NUL takes every other byte as it is', async () => {
    expect(await read('/a\nb\0/c\r\0', { nul: true })).toEqual([file('/a\nb'), file('/c\r')])
  })

  test('names are bytes', async () => {
    expect(await read(Buffer.from('/\xff\n/caf\xc3\xa9\n/a', 'latin1'))).toEqual([
      file('/\udcff'),
      file('/café'),
      file('/a'),
    ])
  })

  test('comes out the same however it is cut into pieces', async () => {
    const line = fc.oneof(
      fc.constantFrom('/a', '/b/c', 'x', '', '/ä/\u{1f600}', '/d/'),
      fc.stringMatching(/^[a-z/]{1,9}$/),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        fc.array(fc.integer({ min: 1, max: 7 })),
        fc.boolean(),
        async (lines, sizes, nul) => {
          const text = lines.join(nul ? '\0' : '\n')
          expect(await read(text, { nul, sizes })).toEqual(await read(text, { nul }))
        },
      ),
    )
  })

  test.each([
    ['/a\n/b/../../c\n', 'list, line 2: expected a path without ".."'],
    ['/a\n\n/\0\n', 'list, line 3: expected a path without NUL'],
    [`/a\n/${'x'.repeat(9_000)}\n`, 'list, line 2: expected a path of at most 8192 bytes'],
    [`/a\n${'/x'.repeat(40_000)}`, 'list, line 2: expected a path, got more than 65536 bytes'],
  ])('%j is refused with its line', async (text, said) => {
    const refused = read(text, { sizes: [100] })
    await expect(refused).rejects.toThrow(said)
    await expect(refused).rejects.toSatisfy(isUsageError)
  })
})

async function* paths(count: number): AsyncGenerator<ListedPath[]> {
  for (let n = 0; n < count; n += 1) yield [{ path: `/f${n}`, kind: 'file' }]
}

/** Queues that refuse one message, counted from 1. */
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
  'a list whose chunk %i of 3 can\u2019t be sent fails, and leaves no queue behind',
  async (which) => {
    const service = failing(which)
    const sending = sendList(service, 'studio', paths(7), { random: () => 0, chunkPaths: 3 })
    await expect(sending).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await service.list('')).toEqual([])
  },
)
