import { emptyCounts, encodeItem } from '@cachewarmer/core'
import { anItem } from '@cachewarmer/core/testing'
import { QueueError, type QueueService } from '@cachewarmer/queue'
import { WalkError } from '@cachewarmer/walker'
import { describe, expect, test } from 'vitest'
import { isResult, names, notingMount, resultsQueue, run, World, workQueue } from './testing/world.ts'

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

describe('an item that can be read', () => {
  test('is read through every address, and reported with exact counts', async () => {
    const world = new World()
    for (const address of ['cache-1', 'cache-2']) world.serve(address, scene)
    await world.announce({ addresses: ['cache-1', 'cache-2'] })
    await world.send()
    const summary = await world.workUntil(world.empty())
    expect(summary).toEqual({ completed: 1, givenBack: 0, lost: 0, failed: 0 })
    const one = { files: 3, bytes: 3_300, failures: 0 }
    expect(await world.reported()).toEqual([
      expect.objectContaining({
        kind: 'result',
        run,
        item: 'root',
        worker: 'worker-1',
        outcome: 'read',
        children: [],
        failureParts: 0,
        counts: {
          ...emptyCounts(),
          directories: 2,
          files: 3,
          bytes: 3_300,
          mounts: { 'cache-1': one, 'cache-2': one },
          levels: { 0: { listed: 1, directories: 1, files: 1 }, 1: { listed: 1, directories: 0, files: 2 } },
        },
      }),
    ])
  })

  test.each([
    ['tells a manager that asks how long reads took', { wantsLatencies: true as const }, { '31': 3 }],
    ['tells a manager of an earlier version no more than it knows', {}, undefined],
  ])('%s', async (_, asks, latencies) => {
    const world = new World()
    const mount = notingMount('cache-1', scene)
    world.serveMount({ ...mount, read: async (...args) => ({ ...(await mount.read(...args)), firstMs: 13 }) })
    await world.announce({}, asks)
    await world.send()
    await world.workUntil(world.empty())
    const [result] = (await world.reported()).filter(isResult)
    expect(result?.counts.mounts['cache-1']).toEqual({ files: 3, bytes: 3_300, failures: 0, latencies })
  })

  test('has its result in the queue before its lease is completed', async () => {
    const world = new World()
    world.serve('cache-1', scene)
    await world.announce()
    await world.send()
    await world.workUntil(world.empty())
    const sent = world.calls.lastIndexOf(`send ${resultsQueue}`)
    const completed = world.calls.indexOf(`complete ${workQueue}`)
    expect(sent).toBeGreaterThan(-1)
    expect(completed).toBeGreaterThan(sent)
  })

  test("keeps to the job's filters, and to the heads of files where it says so", async () => {
    const world = new World()
    const mount = notingMount('cache-1', scene)
    world.serveMount(mount)
    await world.announce({ include: ['*.exr'], exclude: ['b*'], headBytes: 100 })
    await world.send()
    await world.workUntil(world.empty())
    expect(mount.reads).toEqual(['/shot1/a.exr@0+100'])
  })

  test('sends what failed in parts before the result that counts them', async () => {
    const world = new World()
    const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, at) => [`${'long-name-'.repeat(8)}${at}`, 1]))
    world.serve('cache-1', many, { faults: (what) => (what === 'read' ? 'ACCESS_DENIED' : undefined) })
    await world.announce()
    await world.send()
    await world.workUntil(world.empty())
    const messages = await world.reported()
    const parts = messages.flatMap((message) => (message.kind === 'failures' ? [message] : []))
    const [result, ...more] = messages.filter(isResult)
    expect(messages.at(-1)).toBe(result)
    expect(more).toEqual([])
    expect(parts.length).toBeGreaterThan(1)
    expect(result?.failureParts).toBe(parts.length)
    expect(new Set(parts.map(({ part, attempt }) => `${attempt} ${part}`))).toEqual(
      new Set(parts.map((_, at) => `${result?.attempt} ${at}`)),
    )
    const failures = parts.flatMap((part) => part.failures)
    expect(new Set(failures.map(({ path }) => path)).size).toBe(1_500)
    expect(failures[0]).toMatchObject({ address: 'cache-1', code: 'ACCESS_DENIED' })
    expect(result?.counts).toMatchObject({ files: 0, failures: { ACCESS_DENIED: 1_500 } })
  })

  test('beats while it lasts, and names the revision that it has seen', async () => {
    const world = new World()
    const mount = notingMount('cache-1', scene, { held: true })
    world.serveMount(mount)
    await world.announce({}, { revision: 7 })
    await world.send()
    const worker = world.start()
    await world.until(async () => (await world.results()).length >= 2)
    mount.release()
    await world.until(world.empty())
    worker.stop()
    await world.clock.run(worker.ended)
    const [beat] = await world.results()
    expect(beat).toMatchObject({ kind: 'beat', item: 'root', worker: 'worker-1', revision: 7, counts: { files: 0 } })
  })
})

describe('an item that goes to others', () => {
  const wide = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`d${at}`, { 'x.exr': 10 }]))

  test('is handed back as children when the worker is told to stop, and nothing is lost or done twice', async () => {
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
  ] as const)('waits as children while %s, and is read once it goes on', async (_, change) => {
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

describe('an export', () => {
  test('that no address shows is reported at once, with the reasons', async () => {
    const world = new World()
    world.serve('cache-1', new WalkError('NOT_FOUND', 'cache-1:/animation is not mounted'))
    world.serve('cache-2', new WalkError('NOT_A_DIRECTORY', 'cache-2 shows a file'))
    await world.announce({ addresses: ['cache-1', 'cache-2'] })
    await world.send()
    const startedAtMs = world.clock.now()
    await world.workUntil(world.empty())
    expect(world.clock.now() - startedAtMs).toBeLessThan(2_000)
    const reason = 'cache-1:/animation is not mounted; cache-2 shows a file'
    expect((await world.reported()).filter(isResult)).toMatchObject([{ outcome: 'failed', error: reason }])
    expect(await world.poison()).toMatchObject([{ reason }])
  })

  test('that one of three addresses lacks is read through the others, and every file counts as failed there', async () => {
    const world = new World()
    for (const address of ['cache-1', 'cache-3']) world.serve(address, scene)
    world.serve('cache-2', new WalkError('NOT_FOUND', 'cache-2:/animation is not mounted'))
    await world.announce({ addresses: ['cache-1', 'cache-2', 'cache-3'], symlinks: 'files' })
    await world.send()
    await world.workUntil(world.empty())
    const read = { files: 3, bytes: 3_300, failures: 0 }
    const [result] = (await world.reported()).filter(isResult)
    expect(result?.counts.mounts).toEqual({
      'cache-1': read,
      'cache-2': { files: 0, bytes: 0, failures: 3 },
      'cache-3': read,
    })
    expect(result?.counts.failures).toEqual({ NOT_FOUND: 3 })
  })

  test('of which one address does not open is read through the others alone where the files are spread', async () => {
    const world = new World()
    for (const address of ['cache-1', 'cache-3']) world.serve(address, scene)
    world.serve('cache-2', new WalkError('MOUNT_DOWN', 'nobody answers'))
    await world.announce({ addresses: ['cache-1', 'cache-2', 'cache-3'], through: 'spread' })
    await world.send()
    await world.workUntil(world.empty())
    const [result] = (await world.reported()).filter(isResult)
    expect(result?.counts).toMatchObject({ files: 3, bytes: 3_300, failures: {} })
  })

  test('that is away for half an hour costs no strike: the item waits, says so, and is read when it is back', async () => {
    const world = new World()
    world.serve('cache-1', new WalkError('MOUNT_DOWN', 'nobody answers'))
    await world.announce()
    await world.send()
    const worker = world.start()
    await world.clock.advance(29 * 60_000)
    expect(await world.reported()).toEqual([])
    expect(await world.results()).toContainEqual(
      expect.objectContaining({
        kind: 'beat',
        mounts: [expect.objectContaining({ address: 'cache-1', state: 'down' })],
      }),
    )
    expect(await world.poison()).toEqual([])
    world.serve('cache-1', scene)
    await world.until(world.empty())
    worker.stop()
    await world.clock.run(worker.ended)
    expect(await world.allResults()).toMatchObject([{ item: 'root', outcome: 'read', counts: { files: 3 } }])
  })
})
