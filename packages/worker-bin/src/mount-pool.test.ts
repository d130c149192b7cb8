import { WalkError } from '@cachewarmer/walker'
import { describe, expect, test } from 'vitest'
import { MountPool } from './mount-pool.ts'
import { World } from './testing/world.ts'

const signal = new AbortController().signal
const away = new WalkError('MOUNT_DOWN', 'nobody answers')

describe('a worker keeps', () => {
  test('each address of an export open from item to item', async () => {
    const world = new World()
    for (const address of ['cache-1', 'cache-2']) world.serve(address, {})
    const pool = new MountPool(world.ports)
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
    const pool = new MountPool(world.ports)
    await Promise.all([1, 2, 3].map(() => pool.openAll(['cache-1'], '/animation')))
    expect(world.opened).toHaveLength(1)
  })

  test('going with the addresses that open: one that does not fails whatever is asked of it', async () => {
    const world = new World()
    for (const address of ['cache-1', 'cache-3']) world.serve(address, { 'a.exr': 5 })
    world.serve('cache-2', away)
    const { mounts, failures, alive } = await new MountPool(world.ports).openAll(
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
    const pool = new MountPool(world.ports)
    await pool.openAll(['cache-1'], '/animation')
    world.serve('cache-1', {})
    await world.clock.advance(4_900)
    expect((await pool.openAll(['cache-1'], '/animation')).failures).toEqual([away])
    await world.clock.advance(100)
    expect((await pool.openAll(['cache-1'], '/animation')).failures).toEqual([])
    expect(world.opened).toHaveLength(2)
  })

  test('says that it is away, so that nobody reads through it; one that refuses does not', async () => {
    const world = new World()
    world.serve('cache-1', away)
    world.serve('cache-2', new WalkError('ACCESS_DENIED', 'not for you'))
    const { mounts } = await new MountPool(world.ports).openAll(['cache-1', 'cache-2'], '/animation')
    expect(mounts.map(({ health }) => health?.alive)).toEqual([false, undefined])
    const stop = new AbortController()
    const waiting = mounts[0]?.health?.whenBack(stop.signal)
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(mounts[0]?.health?.whenBack(stop.signal)).rejects.toThrow('enough')
  })

  test('is told of with its name, whatever was thrown', async () => {
    const world = new World()
    const ports = { ...world.ports, openMount: () => Promise.reject(new Error('no route')) }
    const { failures } = await new MountPool(ports).openAll(['cache-1'], '/animation')
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
  const pool = new MountPool(ports)
  await pool.openAll(['cache-1', 'cache-2'], '/animation')
  await pool.close()
  expect(closed.toSorted()).toEqual(['cache-1', 'cache-2'])
  expect(aborted).toBe(true)
})
