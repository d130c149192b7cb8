import { emptyCounts, type Heartbeat, type Progress } from '@cachewarmer/core'
import { QueueError } from '@cachewarmer/queue'
import { type Mount, type ReadOptions, WalkError } from '@cachewarmer/walker'
import { memoryMount, memoryTree } from '@cachewarmer/walker/testing'
import { describe, expect, test } from 'vitest'
import { notingMount, resultsQueue, World } from '../testing/world.ts'

const aProgress = (workers: number): Progress => ({
  counts: emptyCounts(),
  items: { announced: 1, done: 0 },
  workers,
  ratesPerSecond: { files: 0, bytes: 0 },
  elapsedMs: 0,
})

const heartbeats = async (world: World): Promise<Heartbeat[]> =>
  (await world.results()).flatMap((message) => (message.kind === 'heartbeat' ? [message] : []))

describe('a worker that holds several items of a run', () => {
  test('sends one heartbeat for all of them an interval, which has each address once', async () => {
    const world = new World()
    const mount = notingMount('cache-1', { a: { f: 10 }, b: { f: 20 }, c: { f: 30 } }, { held: true })
    world.serveMount(mount)
    await world.announce()
    for (const name of ['a', 'b', 'c'])
      await world.send({ item: `x.${name.charCodeAt(0)}`, parts: [{ kind: 'tree', path: `/${name}` }] })
    const worker = world.start({ slots: 3 })
    await world.clock.advance(10_500)
    const sent = await heartbeats(world)
    expect(sent.length).toBeGreaterThanOrEqual(4)
    expect(sent.length).toBeLessThanOrEqual(5)
    for (const { attempts, limits } of sent) {
      expect(new Set(attempts.map(({ path }) => path))).toEqual(new Set(['/a', '/b', '/c']))
      expect(attempts).toHaveLength(3)
      expect(limits).toEqual([{ address: 'cache-1', state: 'up', inFlight: 3, limit: 0 }])
    }
    mount.release()
    await world.until(world.empty())
    worker.stop()
    await world.clock.run(worker.ended)
  })
})

/** Each read brings half of its bytes, and the rest when it is let go. */
function slowMount(name: string, tree: Parameters<typeof memoryTree>[0]): { mount: Mount; release: () => void } {
  const inner = memoryMount({ name, tree: memoryTree(tree) })
  const { promise: gate, resolve: release } = Promise.withResolvers<void>()
  const read = async (target: Parameters<Mount['read']>[0], options: ReadOptions) => {
    const outcome = await inner.read(target, options)
    options.arrivals?.arrived(outcome.bytes / 2)
    await gate
    return outcome
  }
  return { mount: { ...inner, read }, release }
}

describe('a heartbeat', () => {
  test('says what has arrived of files that are not complete, and which are the largest', async () => {
    const world = new World()
    const { mount, release } = slowMount('cache-1', { a: 100, b: 400, c: 300, d: 200 })
    world.serveMount(mount)
    await world.announce()
    await world.send()
    const worker = world.start()
    await world.until(async () => (await heartbeats(world)).length > 0)
    const [first] = await heartbeats(world)
    expect(first).toMatchObject({
      attempts: [{ counts: { files: 0, bytes: 0 }, bytesArrived: 500, bytesInFlight: 500 }],
      largest: [
        { path: '/b', bytes: 200, size: 400 },
        { path: '/c', bytes: 150, size: 300 },
        { path: '/d', bytes: 100, size: 200 },
      ],
    })
    expect(first).not.toHaveProperty('waitsFor')
    release()
    await world.until(world.empty())
    worker.stop()
    await world.clock.run(worker.ended)
  })

  test("says that reads wait for the run's own ceiling, and what arrives under it piece by piece", async () => {
    const world = new World()
    world.serve('cache-1', { big: 20 * 1024 * 1024 })
    await world.announce({}, { ceilings: { maxBytesPerSecond: 1024 * 1024 }, progress: aProgress(1) })
    await world.send()
    const worker = world.start()
    await world.until(async () => (await heartbeats(world)).length >= 3)
    const sent = await heartbeats(world)
    expect(sent.map(({ waitsFor }) => waitsFor)).toEqual(sent.map(() => ({ ceiling: true })))
    const arrived = sent.map(({ attempts }) => attempts[0]?.bytesInFlight ?? 0)
    expect(arrived).toEqual([...new Set(arrived)].sort((a, b) => a - b))
    expect(arrived[0]).toBeGreaterThan(0)
    worker.stop()
    await world.until(world.empty())
    await world.clock.run(worker.ended)
  })

  test('says which address reads wait for', async () => {
    const world = new World()
    world.serve('cache-1', { f: 10 })
    world.serve('cache-2', new WalkError('MOUNT_DOWN', 'no answer'))
    await world.announce({ addresses: ['cache-1', 'cache-2'] })
    const away = memoryMount({ name: 'cache-2', tree: memoryTree({ f: 10 }) })
    const back = Promise.withResolvers<void>()
    const health = {
      alive: false,
      downSinceMs: world.clock.now(),
      reason: 'connection refused',
      whenBack: () => back.promise,
    }
    world.serveMount({ ...away, health })
    await world.send()
    const worker = world.start()
    await world.until(async () => (await heartbeats(world)).length > 0)
    const [first] = await heartbeats(world)
    expect(first?.waitsFor).toEqual({ addresses: ['cache-2'] })
    expect(first?.limits).toMatchObject([
      { address: 'cache-1', state: 'up' },
      { address: 'cache-2', state: 'down', note: 'connection refused' },
    ])
    expect(first?.limits[0]).not.toHaveProperty('note')
    health.alive = true
    back.resolve()
    await world.until(world.empty())
    worker.stop()
    await world.clock.run(worker.ended)
  })

  test('says why an address could not be opened, also where none could', async () => {
    for (const others of [[], ['cache-2']]) {
      const world = new World()
      world.serve('cache-1', new WalkError('MOUNT_DOWN', `no answer from cache-1 ${'x'.repeat(300)}`))
      const mount = notingMount('cache-2', { f: 10 }, { held: true })
      world.serveMount(mount)
      await world.announce({ addresses: ['cache-1', ...others] })
      await world.send()
      const worker = world.start()
      await world.until(async () => (await heartbeats(world)).length > 0)
      const [limit] = (await heartbeats(world))[0]?.limits ?? []
      expect(limit).toMatchObject({ address: 'cache-1', state: 'down' })
      expect(limit?.note).toMatch(/^no answer from cache-1 x{177}$/)
      mount.release()
      worker.stop()
      await world.clock.run(worker.ended)
    }
  })

  test('names addresses that are one node of one server', async () => {
    const world = new World()
    const held = notingMount('cache-1', { f: 10 }, { held: true })
    const one = { handleSpace: 'root:/animation', peer: '10.0.1.11' }
    world.serveMount({ ...held, ...one })
    for (const [name, peer] of [
      ['alias', '10.0.1.11'],
      ['cache-2', '10.0.1.12'],
    ] as const)
      world.serveMount({ ...memoryMount({ name, tree: memoryTree({ f: 10 }) }), ...one, peer })
    await world.announce({ addresses: ['cache-1', 'alias', 'cache-2'] })
    await world.send()
    const worker = world.start()
    await world.until(async () => (await heartbeats(world)).length > 0)
    const limits = (await heartbeats(world))[0]?.limits ?? []
    expect(limits.map(({ address, note }) => [address, note])).toEqual([
      ['cache-1', undefined],
      ['alias', 'the same node as cache-1: both are 10.0.1.11'],
      ['cache-2', undefined],
    ])
    held.release()
    await world.until(world.empty())
    worker.stop()
    await world.clock.run(worker.ended)
  })

  test('that can not be sent costs the item nothing', async () => {
    const world = new World()
    const mount = notingMount('cache-1', { f: 10 }, { held: true })
    world.serveMount(mount)
    await world.announce()
    await world.send()
    let refused = 0
    const service = world.service
    const refusing = {
      ...service,
      queue: (name: string) => {
        const queue = service.queue(name)
        const send: typeof queue.send = async (body, options) => {
          if (name !== resultsQueue || !body.includes('"heartbeat"')) return await queue.send(body, options)
          refused += 1
          throw new QueueError('UNAVAILABLE', name, 'the service is away')
        }
        return { ...queue, send }
      },
    }
    const worker = world.start({}, { ...world.ports, service: refusing })
    await world.clock.advance(6_500)
    mount.release()
    await world.until(world.empty())
    worker.stop()
    expect(await world.clock.run(worker.ended)).toEqual({ completed: 1, givenBack: 0, lost: 0, failed: 0 })
    expect(refused).toBeGreaterThan(1)
  })
})
