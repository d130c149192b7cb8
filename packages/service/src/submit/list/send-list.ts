import {
  encodeListChunk,
  type JobList,
  type ListChunk,
  ListPacker,
  MAX_LIST_CHUNKS,
  makeId,
  queueNames,
} from '@cachewarmer/core'
import type { QueueService, Random } from '@cachewarmer/queue'
import { UsageError } from '../../cli/index.ts'
import type { ListedPath } from './read-paths.ts'

export interface SendListOptions {
  readonly random: Random
  readonly signal?: AbortSignal | undefined
  /** Called now and then with the number of paths that were sent. */
  readonly onProgress?: ((paths: number) => void) | undefined
  /** Most paths in a chunk. Default: as `ListPacker` has it. */
  readonly chunkPaths?: number | undefined
}

/** Messages on their way at the same time: enough to hide the queue's latency, few enough for memory and limits. */
const sendsAtOnce = 16

/** What comes until the signal aborts: a stream that says nothing more must not hold that up. Throws its reason. */
async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T, void> {
  const iterator = source[Symbol.asyncIterator]()
  try {
    for (let one = await nextOf(iterator, signal); !one.done; one = await nextOf(iterator, signal)) yield one.value
  } finally {
    // Not waited for: it may be waiting for the stream itself.
    void iterator.return?.()
  }
}

/** Listens anew each time: a race with one promise for all would keep whatever came until it settles. */
function nextOf<T>(iterator: AsyncIterator<T>, signal: AbortSignal | undefined): Promise<IteratorResult<T>> {
  if (signal === undefined) return iterator.next()
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.throwIfAborted()
    signal.addEventListener('abort', abort, { once: true })
    iterator
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort))
  })
}

/**
 * Sends a list of any length as chunks into a queue of its own, in bounded memory, and says what a job has to say of it.
 * When it fails, or is aborted, the queue is removed again. Throws `UsageError` for a list without paths.
 */
export async function sendList(
  service: QueueService,
  prefix: string,
  paths: AsyncIterable<readonly ListedPath[]>,
  { random, signal, onProgress, chunkPaths }: SendListOptions,
): Promise<JobList> {
  const id = makeId(random)
  const name = queueNames(prefix).list(id)
  await service.create(name, { signal })
  try {
    const queue = service.queue(name)
    const packer = new ListPacker(id, { maxPaths: chunkPaths })
    const underWay = new Set<Promise<unknown>>()
    let failed: { readonly reason: unknown } | undefined
    const send = async (chunk: ListChunk): Promise<void> => {
      while (underWay.size >= sendsAtOnce) await Promise.race(underWay)
      if (failed) throw failed.reason
      const sending = queue.send(encodeListChunk(chunk), { signal }).then(
        () => {
          underWay.delete(sending)
        },
        (reason: unknown) => {
          failed ??= { reason }
          underWay.delete(sending)
        },
      )
      underWay.add(sending)
      onProgress?.(packer.paths)
    }
    for await (const some of untilAborted(paths, signal)) {
      for (const { path, kind } of some) {
        const full = packer.add(path, kind)
        if (full) await send(full)
      }
    }
    const last = packer.end()
    if (last) await send(last)
    await Promise.all(underWay)
    if (failed) throw failed.reason
    if (packer.chunks === 0) throw new UsageError('the list: expected at least one path, got none')
    if (packer.chunks > MAX_LIST_CHUNKS) throw new UsageError(`the list: expected at most ${MAX_LIST_CHUNKS} chunks`)
    return { id, chunks: packer.chunks, paths: packer.paths }
  } catch (error) {
    // The failure is what counts; a queue that stays behind is swept by a manager.
    await service.delete(name).catch(() => undefined)
    throw error
  }
}
