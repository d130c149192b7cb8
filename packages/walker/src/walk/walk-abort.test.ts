import { describe, expect, test } from 'vitest'
import type { Mount } from '../mounts/mount.ts'
import { manyEntries, memoryMount, memoryTree, recorded, until } from '../testing/index.ts'
import { walk } from './walk.ts'

const file = { kind: 'file', size: 10 } as const
const endlessDirectory = manyEntries(Number.POSITIVE_INFINITY, () => file)
const endlessDepth = {
  kind: 'directory' as const,
  entries: () => new Map([['d', endlessDepth]]),
  entry: () => endlessDepth,
}

describe('an abort', () => {
  test.for([
    ['one endless directory', endlessDirectory],
    ['endlessly many directories', manyEntries(Number.POSITIVE_INFINITY, () => memoryTree({ f: 1 }), 'd')],
    ['an endlessly deep tree', endlessDepth],
  ] as const)('ends the walk of %s', async ([, tree]) => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const mount = memoryMount({ name: 'm', tree })
    const under = walk([mount], { entries: 'none', signal: abort.signal, maxPending: 100 })
    await until(() => mount.asked.pages > 20)
    abort.abort(reason)
    await expect(under.done).rejects.toBe(reason)
    await until(() => mount.asked.openListings === 0)
    const { pages, reads } = mount.asked
    await new Promise((resolve) => setImmediate(resolve))
    expect([mount.asked.pages, mount.asked.reads]).toEqual([pages, reads])
  })

  test('reaches the caller who iterates at once, with any work under way', async () => {
    const abort = new AbortController()
    const mount = recorded(memoryMount({ name: 'm', tree: endlessDirectory }))
    mount.hold(({ operation }) => operation === 'read')
    const entries = walk([mount], { signal: abort.signal })[Symbol.asyncIterator]()
    expect(await entries.next()).toEqual({ done: false, value: { kind: 'directory', path: '/' } })
    const next = entries.next()
    abort.abort('no more')
    await expect(next).rejects.toBe('no more')
    await expect(entries.next()).rejects.toBe('no more')
  })

  test('does not wait for a mount that does not listen', async () => {
    const abort = new AbortController()
    const inner = memoryMount({ name: 'deaf', tree: memoryTree({ f: 1 }) })
    let asked = false
    const deaf: Mount = {
      ...inner,
      read: () => {
        asked = true
        return new Promise(() => {})
      },
    }
    const under = walk([deaf], { entries: 'none', signal: abort.signal })
    await until(() => asked)
    abort.abort('no more')
    await expect(under.done).rejects.toBe('no more')
  })

  test('closes the listings that wait for room', async () => {
    const abort = new AbortController()
    const inner = memoryMount({ name: 'm', tree: endlessDirectory, pageSize: 10 })
    const mount = recorded(inner)
    mount.hold(({ operation }) => operation === 'read')
    const under = walk([mount], { entries: 'none', signal: abort.signal, maxPending: 15 })
    await until(() => under.pending > 15)
    expect(inner.asked.openListings).toBe(1)
    abort.abort('no more')
    await expect(under.done).rejects.toBe('no more')
    await until(() => inner.asked.openListings === 0)
  })

  test('before the walk began begins nothing', async () => {
    const mount = memoryMount({ name: 'm', tree: endlessDirectory })
    const under = walk([mount], { entries: 'none', signal: AbortSignal.abort('never') })
    await expect(under.done).rejects.toBe('never')
    expect(mount.asked).toMatchObject({ lists: 0, reads: 0, stats: 0 })
  })

  test('leaves unknown what was done: rest() says so, and no failure is made up', async () => {
    const abort = new AbortController()
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree({ f: 1, g: 2 }) }))
    mount.hold(({ operation }) => operation === 'read')
    const under = walk([mount], { entries: 'none', signal: abort.signal })
    await until(() => mount.held === 2)
    abort.abort('no more')
    await expect(under.done).rejects.toBe('no more')
    await new Promise((resolve) => setImmediate(resolve))
    expect(under.takeFailures()).toEqual([])
    expect(under.counters).toMatchObject({ files: 0, failures: {} })
    expect(() => under.rest()).toThrow('rest() of a walk that is aborted')
  })

  test('after the end changes nothing, and the walk listens no longer', async () => {
    const abort = new AbortController()
    const under = walk([memoryMount({ name: 'm', tree: memoryTree({ f: 1 }) })], {
      entries: 'none',
      signal: abort.signal,
    })
    await under.done
    abort.abort('too late')
    await under.done
    expect(under.rest()).toEqual([])
  })

  test('reaches mounts in the middle of a file, with the reason untouched', async () => {
    const abort = new AbortController()
    const seen: AbortSignal[] = []
    const inner = memoryMount({ name: 'm', tree: memoryTree({ f: 1 }) })
    const mount: Mount = {
      ...inner,
      read: (_, { signal }) => {
        seen.push(signal)
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    }
    const under = walk([mount], { entries: 'none', signal: abort.signal })
    await until(() => seen.length > 0)
    abort.abort('no more')
    await expect(under.done).rejects.toBe('no more')
    expect(seen[0]?.reason).toBe('no more')
  })
})
