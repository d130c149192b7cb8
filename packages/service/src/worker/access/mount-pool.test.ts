import { type Mount, WalkError } from '@cachewarmer/walker'
import { memoryMount, memoryTree } from '@cachewarmer/walker/testing'
import { describe, expect, test } from 'vitest'
import type { WorkerPorts } from '../ports.ts'
import { World } from '../testing/world.ts'
import { MountPool } from './mount-pool.ts'

const signal = new AbortController().signal
/** No run ends. */
const isOver = async (): Promise<boolean> => false
const away = new WalkError('MOUNT_DOWN', 'no answer')

describe('a worker keeps', () => {
  test('each address of an export open from item to item', async () => {
    const world = new World()
    for (const address of ['cache-1', 'cache-2']) world.serve(address, {})
    const pool = new MountPool(world.ports, { idleMs: 60_000, isOver })
    const first = await pool.openAll(['cache-1', 'cache-2'], '/animation')
    const second = await pool.openAll(['cache-2', 'cache-1'], '/animation')
    expect(world.opened).toEqual(['cache-1/animation', 'cache-2/animation'])
    expect(second.mounts).toEqual(first.mounts.toReversed())
    expect(first.failures).toEqual([])
    await pool.openAll(['cache-1'], '/textures')
    expect(world.opened.at(-1)).toBe('cache-1/textures')
  })

  test('to one attempt where many items want the same address at once', async () => {
    const world = new World()
    world.serve('cache-1', {})
    const pool = new MountPool(world.ports, { idleMs: 60_000, isOver })
    await Promise.all([1, 2, 3].map(() => pool.openAll(['cache-1'], '/animation')))
    expect(world.opened).toHaveLength(1)
  })

  test('going with the addresses that open: one that does not fails every call', async () => {
    const world = new World()
    for (const address of ['cache-1', 'cache-3']) world.serve(address, { 'a.exr': 5 })
    world.serve('cache-2', away)
    const { mounts, failures, alive } = await new MountPool(world.ports, { idleMs: 60_000, isOver }).openAll(
      ['cache-1', 'cache-2', 'cache-3'],
      '/animation',
    )
    expect(mounts.map(({ name }) => name)).toEqual(['cache-1', 'cache-2', 'cache-3'])
    expect(alive.map(({ name }) => name)).toEqual(['cache-1', 'cache-3'])
    expect(failures).toEqual([away])
    const read = { offset: 0, length: 10, signal }
    expect(await mounts[0]?.read({ path: '/a.exr' }, read)).toMatchObject({ bytes: 5 })
    await expect(mounts[1]?.read({ path: '/a.exr' }, read)).rejects.toBe(away)
    await expect(mounts[1]?.stat('/', { signal })).rejects.toBe(away)
    await expect(mounts[1]?.readLink?.('/', { signal })).rejects.toBe(away)
    await expect(
      mounts[1]?.list({ path: '/' }, { attributes: false, signal })[Symbol.asyncIterator]().next(),
    ).rejects.toBe(away)
  })
})

describe('an address that can not be opened', () => {
  test('is tried again after a while, not at once', async () => {
    const world = new World()
    world.serve('cache-1', away)
    const pool = new MountPool(world.ports, { idleMs: 60_000, isOver })
    await pool.openAll(['cache-1'], '/animation')
    world.serve('cache-1', {})
    await world.clock.advance(4_900)
    expect((await pool.openAll(['cache-1'], '/animation')).failures).toEqual([away])
    await world.clock.advance(100)
    expect((await pool.openAll(['cache-1'], '/animation')).failures).toEqual([])
    expect(world.opened).toHaveLength(2)
  })

  test('says that it is away, so that no read waits for it; one that refuses does not', async () => {
    const world = new World()
    world.serve('cache-1', away)
    world.serve('cache-2', new WalkError('ACCESS_DENIED', 'not for you'))
    const { mounts } = await new MountPool(world.ports, { idleMs: 60_000, isOver }).openAll(
      ['cache-1', 'cache-2'],
      '/animation',
    )
    expect(mounts.map(({ health }) => health?.alive)).toEqual([false, undefined])
    const stop = new AbortController()
    const waiting = mounts[0]?.health?.whenBack(stop.signal)
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(mounts[0]?.health?.whenBack(stop.signal)).rejects.toThrow('enough')
  })

  test('is reported with its name, for any error', async () => {
    const world = new World()
    const ports = { ...world.ports, openMount: () => Promise.reject(new Error('no route')) }
    const { failures } = await new MountPool(ports, { idleMs: 60_000, isOver }).openAll(['cache-1'], '/animation')
    expect(failures).toMatchObject([{ code: 'MOUNT_DOWN', message: "cache-1:/animation can't be opened: no route" }])
  })
})

test('closing ends every mount, also where one fails to close, and attempts under way', async () => {
  const world = new World()
  const closed: string[] = []
  let aborted = false
  const ports = {
    ...world.ports,
    openMount: async (address: string, exportPath: string, options: { signal: AbortSignal }) => {
      options.signal.addEventListener('abort', () => {
        aborted = true
      })
      const close = async (): Promise<void> => {
        closed.push(address)
        if (address === 'cache-1') throw new Error('busy')
      }
      return { ...(await world.ports.openMount(address, exportPath, options)), close }
    },
  }
  for (const address of ['cache-1', 'cache-2']) world.serve(address, {})
  const pool = new MountPool(ports, { idleMs: 60_000, isOver })
  await pool.openAll(['cache-1', 'cache-2'], '/animation')
  await pool.close()
  expect(closed.toSorted()).toEqual(['cache-1', 'cache-2'])
  expect(aborted).toBe(true)
})

/** Exports that can be made anew: mounts opened before are stale then. `closed` has the closed ones by generation. */
function filer(): {
  open: WorkerPorts['openMount']
  readonly remake: () => void
  readonly opened: string[]
  readonly closed: string[]
} {
  let generation = 1
  const opened: string[] = []
  const closed: string[] = []
  return {
    opened,
    closed,
    remake: () => void generation++,
    open: async (address, exportPath) => {
      const mine = generation
      const shown = `${address}${exportPath} ${mine}`
      const inner = memoryMount({ name: address, tree: memoryTree({ 'a.exr': 5 }) })
      const stale = (): Promise<never> => Promise.reject(new WalkError('STALE', 'the root is stale'))
      opened.push(shown)
      return {
        ...inner,
        stat: (path, options) => (mine === generation ? inner.stat(path, options) : stale()),
        close: async () => void closed.push(shown),
      }
    },
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('an export that was made anew', () => {
  test('is opened again for the next run, and what was opened before is closed with its last item', async () => {
    const { open, remake, opened, closed } = filer()
    const pool = new MountPool({ ...new World().ports, openMount: open }, { idleMs: 60_000, isOver })
    const first = await pool.openAll(['cache-1'], '/animation', 'run-1')
    remake()
    // The same run has looked already: a root that is stale for ever would be opened for every item.
    const same = await pool.openAll(['cache-1'], '/animation', 'run-1')
    expect(same.mounts).toEqual(first.mounts)
    const [second, third] = await Promise.all([
      pool.openAll(['cache-1'], '/animation', 'run-2'),
      pool.openAll(['cache-1'], '/animation', 'run-2'),
    ])
    expect(second.mounts[0]).not.toBe(first.mounts[0])
    expect(third.mounts[0]).toBe(second.mounts[0])
    expect(opened).toEqual(['cache-1/animation 1', 'cache-1/animation 2'])
    first[Symbol.dispose]()
    await settled()
    expect(closed).toEqual([])
    same[Symbol.dispose]()
    await settled()
    expect(closed).toEqual(['cache-1/animation 1'])
  })

  test("is opened again for a message of the original's manager after a while", async () => {
    const world = new World()
    const { open, remake, opened } = filer()
    const pool = new MountPool({ ...world.ports, openMount: open }, { idleMs: 600_000, isOver })
    await pool.openAll(['cache-1'], '/animation')
    remake()
    await world.clock.advance(60_000)
    await pool.openAll(['cache-1'], '/animation')
    expect(opened).toHaveLength(2)
  })

  test('is opened once more per run where it stays stale', async () => {
    let opens = 0
    const openMount = async (): Promise<Mount> => {
      opens += 1
      const inner = memoryMount({ name: 'cache-1', tree: memoryTree({}) })
      return { ...inner, stat: () => Promise.reject(new WalkError('STALE', 'stale for ever')) }
    }
    const pool = new MountPool({ ...new World().ports, openMount }, { idleMs: 60_000, isOver })
    for (const _ of [1, 2, 3]) await pool.openAll(['cache-1'], '/animation', 'run-1')
    expect(opens).toBe(2)
  })

  test('is the same one where the root does not answer: no item waits for that', async () => {
    const world = new World()
    const inner = memoryMount({ name: 'cache-1', tree: memoryTree({}) })
    const never: Mount = {
      ...inner,
      stat: (_path, { signal: asked }) =>
        new Promise((_resolve, reject) => asked.addEventListener('abort', () => reject(asked.reason as Error))),
    }
    const pool = new MountPool({ ...world.ports, openMount: async () => never }, { idleMs: 60_000, isOver })
    const { mounts } = await world.clock.run(pool.openAll(['cache-1'], '/animation', 'run-1'), 5_000)
    expect(mounts).toEqual([never])
  })
})

describe('a mount that no item uses', () => {
  test('is closed after the idle time, and opened again when one needs it', async () => {
    const world = new World()
    const { open, opened, closed } = filer()
    const pool = new MountPool({ ...world.ports, openMount: open }, { idleMs: 60_000, isOver })
    const closing = pool.closeIdle()
    const busy = await pool.openAll(['cache-1'], '/busy', 'run-1')
    for (let at = 0; at < 80; at += 1)
      (await pool.openAll(['cache-1', 'cache-2'], `/e${at}`, 'run-1'))[Symbol.dispose]()
    await world.clock.advance(59_000)
    expect(closed).toEqual([])
    await world.clock.advance(60_000)
    expect(closed).toHaveLength(160)
    expect(closed).not.toContain('cache-1/busy 1')
    using again = await pool.openAll(['cache-1'], '/e0', 'run-1')
    expect([again.mounts.length, opened.length]).toEqual([1, 162])
    busy[Symbol.dispose]()
    await world.clock.advance(120_000)
    expect(closed).toHaveLength(161)
    await pool.close()
    await closing
    expect(closed).toHaveLength(162)
  })
})

describe('a mount that is for one run', () => {
  const perRun = () => {
    const world = new World()
    const { open, opened, closed } = filer()
    const over = new Set<string>()
    const openMount: WorkerPorts['openMount'] = async (...asked) => ({ ...(await open(...asked)), forOneRun: true })
    const pool = new MountPool(
      { ...world.ports, openMount },
      { idleMs: 600_000, isOver: async (run) => (over.has('?') ? Promise.reject(new Error('away')) : over.has(run)) },
    )
    return { world, pool, opened, closed, over }
  }

  test('serves all items of that run, and no other one', async () => {
    const { pool, opened } = perRun()
    const [first, second] = [await open('run-1'), await open('run-2')]
    expect((await open('run-1')).mounts).toEqual(first.mounts)
    expect((await open('run-2')).mounts).toEqual(second.mounts)
    expect(opened).toHaveLength(2)
    await pool.close()

    function open(run: string) {
      return pool.openAll(['cache-1'], '/animation', run)
    }
  })

  test('is closed when its run is over, with the last item that uses it', async () => {
    const { world, pool, closed, over } = perRun()
    const busy = await pool.openAll(['cache-1'], '/animation', 'run-1')
    ;(await pool.openAll(['cache-1'], '/animation', 'run-2'))[Symbol.dispose]()
    await world.clock.advance(10_000)
    expect(closed).toHaveLength(0)
    over.add('run-1').add('run-2')
    await world.clock.advance(2_000)
    expect(closed).toHaveLength(1)
    busy[Symbol.dispose]()
    await settled()
    expect(closed).toHaveLength(2)
    await pool.close()
  })

  test('stays while it can not be told whether its run is over', async () => {
    const { world, pool, closed, over } = perRun()
    over.add('?')
    ;(await pool.openAll(['cache-1'], '/animation', 'run-1'))[Symbol.dispose]()
    await world.clock.advance(60_000)
    expect(closed).toEqual([])
    over.delete('?')
    over.add('run-1')
    await world.clock.advance(2_000)
    expect(closed).toHaveLength(1)
  })

  test("of a message of the original's manager is closed when none has come for 10 s", async () => {
    const { world, pool, closed } = perRun()
    ;(await pool.openAll(['cache-1'], '/animation'))[Symbol.dispose]()
    await world.clock.advance(8_000)
    expect(closed).toEqual([])
    await world.clock.advance(4_000)
    expect(closed).toHaveLength(1)
  })
})
