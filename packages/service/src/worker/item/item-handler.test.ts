import { emptyCounts } from '@cachewarmer/core'
import { WalkError } from '@cachewarmer/walker'
import { describe, expect, test } from 'vitest'
import { isResult, notingMount, resultsQueue, run, World, workQueue } from '../testing/world.ts'

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
          levels: {
            0: { listed: 1, directories: 1, files: 1, bytes: 300 },
            1: { listed: 1, directories: 0, files: 2, bytes: 3_000 },
          },
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

  test.each([
    ['tells a manager that asks how addresses do', true],
    ['sends no heartbeats to a manager of an earlier version', false],
  ])('%s', async (_, told) => {
    const world = new World()
    world.asksForHeartbeats = told
    const mount = notingMount('cache-1', scene, { held: true })
    const figures = { inFlight: 2, limit: 3, waiting: 1, p50Ms: 80, p99Ms: 90, floorMs: 40 }
    world.serveMount({ ...mount, longReads: { state: figures } })
    await world.announce()
    await world.send()
    const worker = world.start()
    await world.clock.advance(10_000)
    mount.release()
    await world.until(world.empty())
    worker.stop()
    await world.clock.run(worker.ended)
    const { waiting: _waiting, ...longReads } = figures
    const limits = [{ address: 'cache-1', state: 'up', inFlight: 3, limit: 0, longReads }]
    const heartbeats = (await world.results()).flatMap((sent) => (sent.kind === 'heartbeat' ? [sent.limits] : []))
    expect(heartbeats).toEqual(told ? [limits, limits, limits, limits, limits] : [])
    const [result] = (await world.results()).filter(isResult)
    expect(result?.counts.levels?.[0]).toEqual({ listed: 1, directories: 1, files: 1, ...(told ? { bytes: 300 } : {}) })
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

  test('sends heartbeats while it lasts, and names the revision that it has seen', async () => {
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
    const [heartbeat] = await world.results()
    expect(heartbeat).toMatchObject({ kind: 'heartbeat', worker: 'worker-1', revision: 7 })
    expect(heartbeat).toMatchObject({ attempts: [{ item: 'root', path: '/', counts: { files: 0 } }] })
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

  test.each(['each', 'spread'] as const)(
    'that one of three addresses lacks is listed through the others, and what fails there are files (%s)',
    async (through) => {
      const world = new World()
      const many = Object.fromEntries(Array.from({ length: 24 }, (_, at) => [`shot${at}`, { 'a.exr': 1 }]))
      for (const address of ['cache-1', 'cache-3']) world.serve(address, many)
      world.serve('cache-2', new WalkError('NOT_FOUND', 'cache-2:/animation is not mounted'))
      await world.announce({ addresses: ['cache-1', 'cache-2', 'cache-3'], through })
      await world.send({ parts: Object.keys(many).map((name) => ({ kind: 'tree', path: `/${name}` })) })
      await world.workUntil(world.empty())
      const messages = await world.reported()
      const [result] = messages.filter(isResult)
      const failures = messages.flatMap((message) => (message.kind === 'failures' ? message.failures : []))
      expect(result?.counts).toMatchObject({ directories: 24, failures: { NOT_FOUND: failures.length } })
      const ofEach = through === 'each' ? 24 : 24 - (result?.counts.files ?? 0)
      expect(failures).toHaveLength(ofEach)
      expect(failures.length).toBeGreaterThan(0)
      for (const failure of failures)
        expect(failure).toEqual({
          path: expect.stringMatching(/^\/shot\d+\/a\.exr$/),
          address: 'cache-2',
          code: 'NOT_FOUND',
          message: 'cache-2:/animation is not mounted',
        })
    },
  )

  test.each(['MOUNT_DOWN', 'TIMEOUT'] as const)(
    'with one address that does not open (%s) is read through the others alone where the files are spread',
    async (code) => {
      const world = new World()
      const many = Object.fromEntries(Array.from({ length: 24 }, (_, at) => [`${at}.exr`, 10]))
      for (const address of ['cache-1', 'cache-3']) world.serve(address, many)
      world.serve('cache-2', new WalkError(code, 'no answer'))
      await world.announce({ addresses: ['cache-1', 'cache-2', 'cache-3'], through: 'spread' })
      await world.send()
      await world.workUntil(world.empty())
      const [result] = (await world.reported()).filter(isResult)
      expect(result?.counts).toMatchObject({ files: 24, bytes: 240, failures: {} })
    },
  )

  test.each(['MOUNT_DOWN', 'TIMEOUT'] as const)(
    'that is away for half an hour (%s) costs no strike: the item waits, says so, and is read when it is back',
    async (code) => {
      const world = new World()
      world.serve('cache-1', new WalkError(code, 'no answer'))
      await world.announce()
      await world.send()
      const worker = world.start()
      await world.clock.advance(29 * 60_000)
      expect(await world.reported()).toEqual([])
      expect(await world.results()).toContainEqual(
        expect.objectContaining({
          kind: 'heartbeat',
          limits: [expect.objectContaining({ address: 'cache-1', state: 'down' })],
          waitsFor: { addresses: ['cache-1'] },
        }),
      )
      expect(await world.poison()).toEqual([])
      world.serve('cache-1', scene)
      await world.until(world.empty())
      worker.stop()
      await world.clock.run(worker.ended)
      expect(await world.allResults()).toMatchObject([{ item: 'root', outcome: 'read', counts: { files: 3 } }])
    },
  )
})
