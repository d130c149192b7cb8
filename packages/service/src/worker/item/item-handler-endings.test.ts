import { encodeItem, maxPathBytes } from '@cachewarmer/core'
import { anItem } from '@cachewarmer/core/testing'
import { QueueError, type QueueService, sleep } from '@cachewarmer/queue'
import * as walker from '@cachewarmer/walker'
import { WalkError } from '@cachewarmer/walker'
import type { TreeLiteral } from '@cachewarmer/walker/testing'
import { describe, expect, test } from 'vitest'
import { isResult, names, notingMount, resultsQueue, run, World, workQueue } from '../testing/world.ts'

/** Another reader gets every message while its first reader works on it. */
const losingLeases = (service: QueueService): QueueService => ({
  ...service,
  queue: (name) => {
    const queue = service.queue(name)
    const taken = (): Promise<never> => Promise.reject(new QueueError('LEASE_LOST', name, 'another reader has it'))
    return {
      ...queue,
      receive: async (options) =>
        (await queue.receive(options)).map((lease) => ({ ...lease, renew: taken, complete: taken })),
    }
  },
})

const scene = { shot1: { 'a.exr': 1_000, 'b.exr': 2_000 }, 'c.abc': 300 }

describe('an item that goes to others', () => {
  const wide = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`d${at}`, { 'x.exr': 10 }]))

  test('is handed back as children when the worker is stopped, and nothing is lost or done twice', async () => {
    const world = new World()
    const mount = notingMount('cache-1', wide, { held: true })
    world.serveMount(mount)
    await world.announce()
    await world.send()
    const worker = world.start({ concurrency: 4, slots: 1 })
    await world.until(async () => mount.reads.length === 4)
    worker.stop()
    await world.clock.advance(1_000)
    mount.release()
    expect(await world.clock.run(worker.ended)).toMatchObject({ completed: 1, givenBack: 0 })
    const [result] = (await world.reported()).filter(isResult)
    expect(result?.counts.files).toBeGreaterThan(0)
    expect(result?.counts.files).toBeLessThan(200)
    const announced = result?.children.reduce((sum, { count }) => sum + count, 0)
    expect(await world.service.queue(workQueue).approximateDepth()).toBe(announced)

    await world.workUntil(world.empty())
    const totals = (await world.reported()).filter(isResult).map(({ counts }) => counts)
    expect(totals.reduce((sum, { files }) => sum + files, 0)).toBe(200)
    expect(totals.reduce((sum, { directories }) => sum + directories, 0)).toBe(201)
    expect(new Set(mount.reads).size).toBe(mount.reads.length)
  })

  test('names its children as it announces them', async () => {
    const world = new World()
    const mount = notingMount('cache-1', wide, { held: true })
    world.serveMount(mount)
    await world.announce()
    await world.send()
    const worker = world.start({ concurrency: 4, slots: 1 })
    await world.until(async () => mount.reads.length === 4)
    worker.stop()
    await world.clock.advance(1_000)
    mount.release()
    await world.clock.run(worker.ended)
    const sent = (await world.bodies(workQueue)).map((body) => (JSON.parse(body) as { item: string }).item)
    const [result] = (await world.reported()).filter(isResult)
    const announced = (result?.children ?? []).flatMap(({ family, count }) =>
      Array.from({ length: count }, (_, at) => `${family}.${at}`),
    )
    expect(sent.toSorted()).toEqual(announced.toSorted())
    expect(sent.length).toBeGreaterThan(0)
  })

  test.each([
    ['its run is paused', { state: 'paused' }],
    ['its run has as many workers as it may, without this one', { admitted: ['another-worker'] }],
    ['it is not known yet what the names of its run stand for', { admitted: [] }],
  ] as const)('waits as children while %s, and is read once it resumes', async (_, change) => {
    const world = new World()
    const mount = notingMount('cache-1', wide, { held: true })
    world.serveMount(mount)
    await world.announce()
    await world.send()
    const worker = world.start({ concurrency: 4, slots: 1 })
    await world.until(async () => mount.reads.length === 4)
    const job = { addresses: ['cache-1'], exportPath: '/animation', paths: ['/'] }
    await world.announce(job, {
      state: 'running',
      ...('admitted' in change ? { admitted: [...change.admitted] } : change),
    })
    await world.clock.advance(3_000)
    mount.release()
    await world.until(async () => (await world.reported()).some(isResult))
    const before = mount.reads.length
    expect(before).toBeLessThan(200)
    await world.clock.advance(60_000)
    expect(mount.reads).toHaveLength(before)
    await world.announce(job, { state: 'running' })
    await world.until(world.empty())
    worker.stop()
    await world.clock.run(worker.ended)
    expect(new Set(mount.reads).size).toBe(200)
  })

  test('reports nothing once its lease is lost', async () => {
    const world = new World()
    const mount = notingMount('cache-1', scene, { held: true })
    world.serveMount(mount)
    await world.announce()
    await world.send()
    const worker = world.start({}, { ...world.ports, service: losingLeases(world.service) })
    await world.until(async () => mount.reads.length > 0)
    await world.clock.advance(25_000)
    worker.stop()
    mount.release()
    expect(await world.clock.run(worker.ended)).toMatchObject({ completed: 0, lost: 1 })
    expect(await world.reported()).toEqual([])
    expect(await world.poison()).toEqual([])
  })
})

describe('an item whose time is over', () => {
  test('hands the rest back at any size, as in a chain of directories with a file each', async () => {
    const world = new World()
    const depth = 700
    let chain: TreeLiteral = { 'last.exr': 1 }
    for (let level = 1; level < depth; level += 1) chain = { 'a.exr': 1, d: chain }
    const inner = notingMount('cache-1', chain)
    world.serveMount({
      ...inner,
      async *list(directory, options) {
        await sleep(world.clock, 150)
        yield* inner.list(directory, options)
      },
      read: async (file, range) => {
        await sleep(world.clock, 150)
        return inner.read(file, range)
      },
    })
    await world.announce()
    await world.send()
    await world.workUntil(world.empty(), { budgetMs: 30_000, heartbeatMs: 600_000 })
    const results = await world.allResults()
    expect(results.reduce((sum, { counts }) => sum + counts.files, 0)).toBe(depth)
    expect(results.length).toBeGreaterThan(3)
    expect(Math.max(...results.map(({ elapsedMs }) => elapsedMs))).toBeLessThan(31_000)
    expect(new Set(inner.reads).size).toBe(inner.reads.length)
  })

  test('is kept until something of it is finished, as a listing or a file may take longer than its time', async () => {
    const world = new World()
    const mounts = ['cache-1', 'cache-2'].map((name) => notingMount(name, { d: { 'x.exr': 10 } }))
    for (const inner of mounts)
      world.serveMount({
        ...inner,
        async *list(directory, options) {
          await sleep(world.clock, 7_000)
          yield* inner.list(directory, options)
        },
        read: async (file, range) => {
          await sleep(world.clock, 7_000)
          return inner.read(file, range)
        },
      })
    await world.announce({ addresses: ['cache-1', 'cache-2'] })
    await world.send()
    await world.workUntil(world.empty(), { budgetMs: 1_000 })
    const results = await world.allResults()
    expect(results.reduce((sum, { counts }) => sum + counts.files, 0)).toBe(1)
    expect(results.length).toBeLessThan(5)
    for (const { reads } of mounts) expect(reads.length).toBeLessThan(3)
  })
})

describe('an item of a run that is about to end', () => {
  const wide = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`d${at}`, { 'x.exr': 10 }]))

  test('tells what was read, begins nothing more, and sends nothing on', async () => {
    const world = new World()
    const mount = notingMount('cache-1', wide, { held: true })
    world.serveMount(mount)
    await world.announce()
    await world.send()
    const worker = world.start({ concurrency: 4, slots: 1 })
    await world.until(async () => mount.reads.length === 4)
    await world.announce({}, { state: 'paused', ending: true })
    await world.clock.advance(3_000)
    mount.release()
    await world.until(world.empty())
    worker.stop()
    await world.clock.run(worker.ended)
    expect(mount.reads).toHaveLength(4)
    expect((await world.reported()).filter(isResult)).toMatchObject([
      { outcome: 'read', children: [], counts: { files: 4, bytes: 40 } },
    ])
  })
})

describe('an item whose handling fails', () => {
  /** A mount that allows no reads at all makes every walk over it impossible. */
  const unusable = { maxInFlight: 0 }

  test('is sent again with a strike, three times in all, then reported as failed with a note in the poison queue', async () => {
    const world = new World()
    world.serve('cache-1', scene, unusable)
    await world.announce()
    await world.send({
      parts: [
        { kind: 'tree', path: '/shot1' },
        { kind: 'files', directory: '/', names: ['c.abc', 'd.abc'] },
        { kind: 'files', directory: '/shot2', names: ['a.abc'] },
      ],
    })
    expect(await world.workUntil(world.empty())).toMatchObject({ completed: 3 })
    const [part, result, ...more] = await world.reported()
    expect(more).toEqual([])
    expect(part).toMatchObject({
      kind: 'failures',
      failures: [
        { path: '/shot1', code: 'UNREAD' },
        { path: '/c.abc', code: 'UNREAD' },
        { path: '/d.abc', code: 'UNREAD' },
        { path: '/shot2/a.abc', code: 'UNREAD' },
      ],
    })
    expect(result).toMatchObject({
      outcome: 'failed',
      children: [],
      failureParts: 1,
      counts: { files: 0, failures: { UNREAD: 4 } },
    })
    const [note, ...others] = await world.poison()
    expect(others).toEqual([])
    expect(JSON.parse(note?.message ?? '')).toMatchObject({ item: 'root', strikes: 2 })
    expect(note?.reason).not.toBe('')
  })

  test('waits longer from strike to strike', async () => {
    const world = new World()
    world.serve('cache-1', scene, unusable)
    await world.announce()
    await world.send()
    const atMs: number[] = []
    const startedAtMs = world.clock.now()
    world.logger = {
      ...world.logger,
      child: () => ({ ...world.logger, warn: () => atMs.push(world.clock.now() - startedAtMs) }),
    }
    await world.workUntil(world.empty())
    const [first = 0, second = 0, third = 0] = atMs
    expect(atMs).toHaveLength(3)
    expect(second - first).toBeGreaterThanOrEqual(2_000)
    expect(third - second).toBeGreaterThanOrEqual(4_000)
  })

  test('is given up when it was delivered too often without a word', async () => {
    const world = new World()
    const mount = notingMount('cache-1', scene)
    world.serveMount(mount)
    await world.announce()
    await world.send()
    for (let delivery = 0; delivery < 3; delivery += 1) {
      const [lease] = await world.service.queue(workQueue).receive({ max: 1, leaseMs: 60_000 })
      await lease?.giveBack()
    }
    await world.workUntil(world.empty(), { maxDeliveries: 3 })
    expect(mount.reads).toEqual([])
    expect((await world.reported()).filter(isResult)).toMatchObject([
      { outcome: 'failed', counts: { failures: { UNREAD: 1 } } },
    ])
    expect(await world.poison()).toMatchObject([{ reason: expect.stringContaining('delivered 4 times') }])
  })

  test('goes to the poison queue at once when it can not be read, and the next one is worked on', async () => {
    const world = new World()
    world.serve('cache-1', scene)
    await world.announce()
    await world.service.queue(workQueue).send('{"v":1,"run":"nonsense"}')
    await world.send()
    await world.workUntil(world.empty())
    expect(await world.poison()).toMatchObject([{ message: '{"v":1,"run":"nonsense"}', by: 'worker-1' }])
    expect((await world.reported()).filter(isResult)).toMatchObject([{ item: 'root', outcome: 'read' }])
  })

  test.each([
    ['200 quotes', 130, '"'.repeat(200)],
    ['200 control characters', 40, '\u0001'.repeat(200)],
    ['200 bytes that are no UTF-8', 40, '\udcff'.repeat(200)],
    ['the most bytes there can be', 1, '\u0001'.repeat(maxPathBytes - 10)],
  ])('is given up at once where no address serves it, with names of %s', async (_, count, long) => {
    const world = new World()
    world.serve('cache-1', new WalkError('NOT_FOUND', 'cache-1:/animation is not mounted'))
    await world.announce()
    const given = Array.from({ length: count }, (_each, at) => `${at}${long}`)
    await world.send({ parts: [{ kind: 'files', directory: '/', names: given, listed: true }] })
    expect(await world.workUntil(world.empty())).toMatchObject({ completed: 1, failed: 0 })
    const messages = await world.reported()
    const failures = messages.flatMap((message) => (message.kind === 'failures' ? message.failures : []))
    expect(failures.map(({ path }) => path)).toEqual(given.map((name) => `/${name}`))
    expect(messages.at(-1)).toMatchObject({ outcome: 'failed', counts: { failures: { UNREAD: count } } })
    const [note, ...others] = await world.poison()
    expect(others).toEqual([])
    expect(note).toMatchObject({ reason: 'cache-1:/animation is not mounted', by: 'worker-1' })
    expect(note?.message).toMatch(/^\{"v":1,"run":/)
  })

  test('is given up where it fits a message as plain UTF-8 alone, and can not be sent again', async () => {
    const world = new World()
    world.serve('cache-1', scene, unusable)
    await world.announce()
    const given = Array.from({ length: 60 }, (_each, at) => `${at}${'\u20ac'.repeat(240)}`)
    const item = anItem({ parts: [{ kind: 'files', directory: '/', names: given }] })
    await world.service.queue(workQueue).send(Buffer.from(JSON.stringify(item)).toString('base64'))
    expect(await world.workUntil(world.empty())).toMatchObject({ completed: 1, failed: 0 })
    expect((await world.reported()).at(-1)).toMatchObject({ outcome: 'failed', counts: { failures: { UNREAD: 60 } } })
  })

  test('is left for others when it is of a version that this worker does not know', async () => {
    const world = new World()
    world.serve('cache-1', scene)
    await world.announce()
    await world.service.queue(workQueue).send(encodeItem(anItem()).replace('"v":1', '"v":2'))
    const worker = world.start()
    await world.clock.advance(100_000)
    worker.stop()
    const summary = await world.clock.run(worker.ended)
    expect(summary.completed).toBe(0)
    // Not once a moment: it waits half a minute from one reader to the next.
    expect(summary.givenBack).toBeGreaterThan(1)
    expect(summary.givenBack).toBeLessThan(5)
    expect(await world.poison()).toEqual([])
    expect(await world.service.queue(workQueue).approximateDepth()).toBe(1)
  })
})

describe('an item of a run that is over', () => {
  test.each([
    ['has ended', (world: World) => world.announce({}, { state: 'ended', outcome: 'cancelled' })],
    ['has lost its results queue', (world: World) => world.service.delete(resultsQueue)],
    ['has lost its status queue', (world: World) => world.service.delete(names.runStatus(run))],
  ])('is completed without a result when the run %s in its middle', async (_, end) => {
    const world = new World()
    const mount = notingMount('cache-1', scene, { held: true })
    world.serveMount(mount)
    await world.announce()
    await world.send()
    const worker = world.start()
    await world.until(async () => mount.reads.length > 0)
    await end(world)
    await world.clock.advance(5_000)
    mount.release()
    await world.until(world.empty())
    worker.stop()
    expect(await world.clock.run(worker.ended)).toMatchObject({ completed: 1 })
    expect(await world.poison()).toEqual([])
    const queues = await world.service.list(resultsQueue)
    expect(queues.length === 0 ? [] : await world.reported()).toEqual([])
  })
})

test('a walk and a message have one limit for paths, so that every path of a walk can be handed away', () => {
  expect(walker.maxPathBytes).toBe(maxPathBytes)
  const path = `/${'\udcff'.repeat(maxPathBytes - 1)}`
  expect(
    encodeItem({ v: 1, run: 'r2lczbwnjju3', item: 'root', strikes: 0, parts: [{ kind: 'tree', path }] }),
  ).toBeTypeOf('string')
})
