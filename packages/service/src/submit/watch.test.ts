import type { RunStatus } from '@cachewarmer/core'
import { QueueError, type QueueService } from '@cachewarmer/queue'
import { describe, expect, test } from 'vitest'
import { submitJob } from './submit.ts'
import { aJob, anEnded, aStatus, aWorld, names, prefix, type World, withCounts } from './testing/builders.ts'
import { type WatchedJob, type WatchOptions, watchJob } from './watch.ts'

const files = (status: RunStatus, number: number, atMs: number): RunStatus => ({
  ...withCounts(status, { files: number }),
  updatedAtMs: status.updatedAtMs + atMs,
})

/** Watches, and gathers what is yielded, while `script` plays the manager. */
async function watched(
  world: World,
  job: WatchedJob,
  script: () => Promise<void>,
  options: Partial<WatchOptions> = {},
) {
  const seen: RunStatus[] = []
  const watching = (async () => {
    for await (const status of watchJob(world.service, prefix, job, { clock: world.clock, ...options }))
      seen.push(status)
  })()
  const failure = watching.then(
    () => undefined,
    (error: unknown) => error,
  )
  await world.clock.advance(0)
  await script()
  const error = await world.clock.run(failure, 3_600_000)
  expect(world.clock.timers).toBe(0)
  return { seen, error, looks: seen.map(({ run, state, progress }) => [run, state, progress.counts.files]) }
}

/** A service that counts how often each queue is peeked. */
function counting(service: QueueService): { service: QueueService; peeks: Map<string, number> } {
  const peeks = new Map<string, number>()
  const queue: QueueService['queue'] = (name) => {
    const inner = service.queue(name)
    return {
      ...inner,
      peek: (options) => {
        peeks.set(name, (peeks.get(name) ?? 0) + 1)
        return inner.peek(options)
      },
    }
  }
  return { service: { ...service, queue }, peeks }
}

describe('watchJob', () => {
  test('yields every change of the status once, and ends with the run', async () => {
    const world = aWorld()
    const { clock, posts } = world
    const { error, looks } = await watched(world, { messageId: 'm1' }, async () => {
      await posts.post(aStatus({ state: 'paused' }))
      await clock.advance(5_000)
      await posts.post(files(aStatus(), 10, 1_000))
      await clock.advance(5_000)
      await posts.post(files(anEnded('warmed'), 20, 0))
    })
    expect(error).toBeUndefined()
    expect(looks).toEqual([
      ['run000000001', 'paused', 0],
      ['run000000001', 'running', 10],
      ['run000000001', 'ended', 20],
    ])
  })

  test('a run that has ended before is yielded once', async () => {
    const world = aWorld()
    await world.posts.post(anEnded('lost'))
    const { looks } = await watched(world, { messageId: 'm1' }, async () => {})
    expect(looks).toEqual([['run000000001', 'ended', 0]])
  })

  test('a job in the queue yields nothing, and says how many are before it', async () => {
    const world = aWorld()
    const { service, clock, posts } = world
    await submitJob(service, prefix, aJob({ jobId: 'earlier' }))
    await clock.advance(10)
    const { messageId } = await submitJob(service, prefix, aJob({ jobId: 'mine' }))
    await clock.advance(10)
    await submitJob(service, prefix, aJob({ jobId: 'later' }))
    const places: number[] = []
    const onWaiting: WatchOptions['onWaiting'] = ({ jobsBefore }) => places.push(jobsBefore)
    const { seen } = await watched(
      world,
      { messageId },
      async () => {
        await clock.advance(600_000)
        const [earlier] = await service.queue(names.job).receive({ max: 1, leaseMs: 60_000 })
        await earlier?.complete()
        await clock.advance(2_000)
        await posts.post(anEnded('warmed', { jobMessageId: messageId }))
      },
      { onWaiting },
    )
    expect(seen).toHaveLength(1)
    expect(places[0]).toBe(1)
    expect(places.at(-1)).toBe(0)
    expect(places.length).toBeGreaterThan(600)
  })

  test('queues of other runs are looked into once', async () => {
    const world = aWorld()
    const { service, peeks } = counting(world.service)
    for (const at of [1, 2, 3]) {
      await world.posts.post(anEnded('warmed', { run: `other000000${at}`, jobMessageId: `other${at}` }))
    }
    await world.posts.post(aStatus())
    const counted = { ...world, service }
    await watched(counted, { messageId: 'm1' }, async () => {
      await world.clock.advance(60_000)
      await world.posts.post(anEnded('warmed'))
    })
    expect(peeks.get(names.runStatus('run000000001'))).toBeGreaterThan(50)
    for (const at of [1, 2, 3]) expect(peeks.get(names.runStatus(`other000000${at}`))).toBe(1)
  })

  test('a status that is hidden for a moment changes nothing', async () => {
    const world = aWorld()
    const { service, clock, posts } = world
    const { error, looks } = await watched(world, { messageId: 'm1' }, async () => {
      await posts.post(aStatus())
      await clock.advance(2_000)
      await service.queue(names.runStatus('run000000001')).receive({ max: 1, leaseMs: 5_000 })
      await clock.advance(7_000)
      const [lease] = await service.queue(names.runStatus('run000000001')).receive({ max: 1, leaseMs: 5_000 })
      await lease?.complete()
      await service.queue(names.runStatus('run000000001')).send('not a status, and not for long')
    })
    expect(looks).toEqual([['run000000001', 'running', 0]])
    expect(error).toMatchObject({ code: 'JOB_GONE', message: expect.stringContaining('1 statuses could not be read') })
  })

  test('a new run of the same job takes over from one whose queue has vanished', async () => {
    const world = aWorld()
    const { service, clock, posts } = world
    const { error, looks } = await watched(world, { messageId: 'm1' }, async () => {
      await posts.post(files(aStatus(), 10, 0))
      await clock.advance(3_000)
      await service.delete(names.runStatus('run000000001'))
      await clock.advance(3_000)
      await posts.post(files(aStatus({ run: 'run000000002' }), 1, 9_000))
      await clock.advance(3_000)
      await posts.post(files(anEnded('warmed', { run: 'run000000002' }), 20, 9_000))
    })
    expect(error).toBeUndefined()
    expect(looks).toEqual([
      ['run000000001', 'running', 10],
      ['run000000002', 'running', 1],
      ['run000000002', 'ended', 20],
    ])
  })

  test('a new run takes over from one that only stands still', async () => {
    const world = aWorld()
    const { clock, posts } = world
    const { looks } = await watched(world, { messageId: 'm1' }, async () => {
      await posts.post(files(aStatus({ run: 'zzz000000001' }), 10, 0))
      await clock.advance(3_000)
      await posts.post(files(aStatus({ run: 'aaa000000002' }), 1, 3_000))
      await clock.advance(3_000)
      await posts.post(anEnded('warmed', { run: 'aaa000000002' }))
    })
    expect(looks).toEqual([
      ['zzz000000001', 'running', 10],
      ['aaa000000002', 'running', 1],
      ['aaa000000002', 'ended', 0],
    ])
  })

  test('a job that left the queue without a report is gone, after a while', async () => {
    const world = aWorld()
    const startMs = world.clock.now()
    const { seen, error } = await watched(world, { messageId: 'm1' }, async () => {})
    expect(seen).toEqual([])
    expect(error).toMatchObject({ name: 'SubmitError', code: 'JOB_GONE', target: 'm1' })
    expect(world.clock.now() - startMs).toBeGreaterThanOrEqual(10_000)
    expect(world.clock.now() - startMs).toBeLessThan(20_000)
  })

  test('a status that is hidden again and again is not gone, as long as it comes back', async () => {
    const world = aWorld()
    const { service, clock, posts } = world
    const { error, seen } = await watched(world, { messageId: 'm1' }, async () => {
      await posts.post(aStatus())
      for (let times = 0; times < 3; times++) {
        await clock.advance(2_000)
        await service.queue(names.runStatus('run000000001')).receive({ max: 1, leaseMs: 9_000 })
        await clock.advance(9_000)
      }
      await clock.advance(2_000)
      await posts.post(anEnded('warmed', { run: 'run000000002' }))
    })
    expect(error).toBeUndefined()
    expect(seen).toHaveLength(2)
  })

  test('while a manager holds a job, a manager that died with it is given time to be replaced', async () => {
    const world = aWorld()
    const { service, clock, posts } = world
    const { messageId } = await submitJob(service, prefix, aJob())
    await service.queue(names.job).receive({ max: 1, leaseMs: 60_000 })
    const { error, seen } = await watched(world, { messageId }, async () => {
      await clock.advance(90_000)
      await service.queue(names.job).receive({ max: 1, leaseMs: 60_000 })
      await clock.advance(59_000)
      await posts.post(anEnded('warmed', { jobMessageId: messageId }))
    })
    expect(error).toBeUndefined()
    expect(seen).toHaveLength(1)
  })

  describe('an outage of the queue service', () => {
    /** A service that can be switched off. */
    function breakable(service: QueueService, error: () => Error) {
      const power = { on: true }
      const list: QueueService['list'] = async (...given) => {
        if (!power.on) throw error()
        return service.list(...given)
      }
      return { power, service: { ...service, list } }
    }
    const unavailable = () => new QueueError('UNAVAILABLE', 'studio', 'no answer')

    test.each(['UNAVAILABLE', 'THROTTLED'] as const)('is waited out (%s)', async (code) => {
      const world = aWorld()
      const { power, service } = breakable(world.service, () => new QueueError(code, 'studio', 'not now'))
      const { error, looks } = await watched({ ...world, service }, { messageId: 'm1' }, async () => {
        await world.posts.post(aStatus())
        await world.clock.advance(2_000)
        power.on = false
        await world.clock.advance(590_000)
        power.on = true
        await world.posts.post(anEnded('warmed'))
      })
      expect(error).toBeUndefined()
      expect(looks).toHaveLength(2)
    })

    test('is waited out from the beginning by who has just submitted', async () => {
      const world = aWorld()
      const { power, service } = breakable(world.service, unavailable)
      power.on = false
      const begin = async (): Promise<void> => {
        await world.clock.advance(60_000)
        power.on = true
        await world.posts.post(anEnded('warmed'))
      }
      const { error, looks } = await watched({ ...world, service }, { messageId: 'm1' }, begin, { reached: true })
      expect(error).toBeUndefined()
      expect(looks).toHaveLength(1)
    })

    test('that lasts too long ends the watch', async () => {
      const world = aWorld()
      const { power, service } = breakable(world.service, unavailable)
      const { error } = await watched({ ...world, service }, { messageId: 'm1' }, async () => {
        await world.posts.post(aStatus())
        await world.clock.advance(2_000)
        power.on = false
      })
      expect(error).toMatchObject({ code: 'UNAVAILABLE' })
    })

    test.each([
      ['from the beginning', unavailable, false],
      ['of another kind', () => new QueueError('DENIED', 'studio', 'no role'), true],
    ] as const)('%s ends the watch at once', async (_, error, worksFirst) => {
      const world = aWorld()
      const { power, service } = breakable(world.service, error)
      await world.posts.post(aStatus())
      power.on = worksFirst
      const startMs = world.clock.now()
      const result = await watched({ ...world, service }, { messageId: 'm1' }, async () => {
        power.on = false
      })
      expect(result.error).toEqual(error())
      expect(world.clock.now() - startMs).toBeLessThanOrEqual(1_000)
    })
  })

  test('a silent manager is reported once after half a minute, until it writes again', async () => {
    const world = aWorld()
    const { clock, posts } = world
    const silences: number[] = []
    const startMs = clock.now()
    const onSilent = () => silences.push(clock.now() - startMs)
    await posts.post(aStatus())
    await watched(
      world,
      { messageId: 'm1' },
      async () => {
        await clock.advance(100_000)
        await posts.post(files(aStatus(), 1, 100_000))
        await clock.advance(20_000)
        await posts.post(files(aStatus(), 2, 120_000))
        await clock.advance(100_000)
        await posts.post(anEnded('warmed'))
      },
      { onSilent },
    )
    expect(silences).toHaveLength(2)
    expect(silences[0]).toBe(30_000)
    expect(silences[1]).toBeGreaterThanOrEqual(150_000)
  })

  test('aborting ends the watch with the reason', async () => {
    const world = aWorld()
    const stop = new AbortController()
    const { error, seen } = await watched(
      world,
      { messageId: 'm1' },
      async () => {
        await world.posts.post(aStatus())
        await world.clock.advance(2_000)
        stop.abort(new Error('enough'))
      },
      { signal: stop.signal },
    )
    expect(seen).toHaveLength(1)
    expect(error).toEqual(new Error('enough'))
  })

  test('a bad prefix is refused at once', () => {
    const { service, clock } = aWorld()
    expect(() => watchJob(service, 'Bad_', { messageId: 'm1' }, { clock })).toThrow('prefix')
  })
})

describe('watchJob by what people call a job', () => {
  test.each(['night', 'run000000001', 'm1'])('%s finds the run', async (target) => {
    const world = aWorld()
    await world.posts.post(anEnded('warmed', { label: 'night' }))
    expect((await watched(world, { target }, async () => {})).looks).toEqual([['run000000001', 'ended', 0]])
  })

  test('a label that was used before means the job that has not ended', async () => {
    const world = aWorld()
    const { service, clock, posts } = world
    await posts.post(anEnded('lost', { label: 'night' }))
    const { messageId } = await submitJob(service, prefix, aJob({ jobId: 'night' }))
    const { looks } = await watched(world, { target: 'night' }, async () => {
      await clock.advance(3_000)
      await posts.post(anEnded('warmed', { label: 'night', run: 'run000000002', jobMessageId: messageId }))
    })
    expect(looks).toEqual([['run000000002', 'ended', 0]])
  })

  test('of ended jobs with one label the one submitted last counts', async () => {
    const world = aWorld()
    await world.posts.post(
      anEnded('lost', { label: 'night', run: 'run000000009', jobMessageId: 'm9', jobInsertedAtMs: 9 }),
    )
    await world.posts.post(anEnded('warmed', { label: 'night', jobInsertedAtMs: 10 }))
    expect((await watched(world, { target: 'night' }, async () => {})).looks).toEqual([['run000000001', 'ended', 0]])
  })

  test('a job that was just taken has a moment to get its status', async () => {
    const world = aWorld()
    const { service, clock, posts } = world
    const { messageId } = await submitJob(service, prefix, aJob({ jobId: 'night' }))
    await service.queue(names.job).receive({ max: 1, leaseMs: 60_000 })
    const { looks } = await watched(world, { target: 'night' }, async () => {
      await clock.advance(4_000)
      await posts.post(anEnded('warmed', { label: 'night', jobMessageId: messageId }))
    })
    expect(looks).toEqual([['run000000001', 'ended', 0]])
  })

  test('a name that nothing goes by is refused, at once where no job is held', async () => {
    const world = aWorld()
    const startMs = world.clock.now()
    const { error } = await watched(world, { target: 'nihgt' }, async () => {})
    expect(error).toMatchObject({
      code: 'JOB_UNKNOWN',
      message: '"nihgt": no run and no waiting job goes by this name',
    })
    expect(world.clock.now()).toBe(startMs)
  })

  test('a name that nothing goes by is refused after a while where another job is held', async () => {
    const world = aWorld()
    await submitJob(world.service, prefix, aJob({ jobId: 'night' }))
    await world.service.queue(names.job).receive({ max: 1, leaseMs: 60_000 })
    const { error } = await watched(world, { target: 'nihgt' }, async () => {})
    expect(error).toMatchObject({ code: 'JOB_UNKNOWN' })
  })
})
