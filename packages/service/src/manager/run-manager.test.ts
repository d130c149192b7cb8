import {
  emptyCounts,
  encodeControl,
  encodeJob,
  type Heartbeat,
  type HeldAttempt,
  type Job,
  toWire,
} from '@cachewarmer/core'
import { aFailurePart, aHeartbeat, aHeldAttempt, aJob, aResult, readCounts } from '@cachewarmer/core/testing'
import { QueueError, type QueueService } from '@cachewarmer/queue'
import { describe, expect, test } from 'vitest'
import { openLedger } from './ledger/sqlite-ledger.ts'
import { names, World } from './testing/world.ts'

const good = { jobId: 'good' }

describe('a job', () => {
  test('is run to its end: status, then no queues but its status, then no job message', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(async () => {
      const item = await world.work(id, { counts: readCounts(3, 30) })
      expect(item).toMatchObject({ item: 'root', parts: [{ kind: 'tree', path: '/scene1' }], strikes: 0 })
      const status = await world.reached(id)
      expect(status).toMatchObject({ outcome: 'warmed', label: 'good', progress: { counts: { files: 3, bytes: 30 } } })
      await world.until(async () => ((await world.depth(names.job)) === 0 ? true : undefined))
      expect((await world.service.list('studio')).filter((name) => names.runOf(name) !== undefined)).toEqual([
        names.runStatus(status.run),
      ])
    })
  })

  test('with failures says which', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(async () => {
      const { item, lease } = await world.takeItem(id)
      await world.report(aFailurePart({ run: item.run, failures: [{ path: '/a', code: 'IO' }] }))
      await lease.giveBack()
      await world.work(id, { failureParts: 1, counts: { ...emptyCounts(), failures: { IO: 1 } } })
      expect(await world.reached(id)).toMatchObject({
        outcome: 'completed with failures',
        failures: [{ path: '/a', code: 'IO' }],
      })
    })
  })

  test('is held while it runs: the job queue is empty only once it is warm', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(async () => {
      const { item, lease } = await world.takeItem(id)
      await world.clock.advance(600_000)
      expect(await world.depth(names.job)).toBe(1)
      await lease.giveBack()
      expect(await world.work(id)).toEqual(item)
      await world.reached(id)
    })
    expect(await world.depth(names.job)).toBe(0)
  })

  test('that is given back by a manager that stops is the same run for the next one', async () => {
    const world = new World()
    const id = await world.submit(good)
    let run = ''
    await world.managed(async () => {
      run = (await world.work(id, { attempt: 'a', children: [{ family: 'a', count: 1 }] })).run
      await world.until(async () => (world.ledger.totals(run).done === 1 ? true : undefined))
    })
    expect(await world.depth(names.job)).toBe(1)
    await world.service
      .queue(names.runWork(run))
      .send(toWire({ v: 1, run, item: 'a.0', strikes: 0, parts: [{ kind: 'tree', path: '/x' }] }))
    await world.managed(async () => {
      expect(await world.work(id)).toMatchObject({ run, item: 'a.0' })
      expect(await world.reached(id)).toMatchObject({
        run,
        outcome: 'warmed',
        progress: { items: { announced: 2, done: 2 } },
      })
    })
  })

  test('that goes back and forth between managers with ledgers of their own ends, and leaves nothing behind', async () => {
    const world = new World()
    const id = await world.submit(good)
    const other = openLedger(':memory:')
    const taken = async (run?: string): Promise<string> =>
      world.until(async () => {
        const found = (await world.statuses()).find(({ jobMessageId }) => jobMessageId === id)
        return found === undefined || found.run === run ? undefined : found.run
      })
    let first = ''
    let second = ''
    await world.managed(async () => {
      first = await taken()
      await world.takeItem(id)
    })
    const manager = world.start({}, { ledger: other })
    second = await taken(first)
    await world.takeItem(id)
    manager.stop()
    await world.clock.run(manager.ended)
    await world.managed(async () => {
      const third = await taken(second)
      expect(third).not.toBe(first)
      await world.work(id)
      expect(await world.reached(id)).toMatchObject({ run: third, outcome: 'warmed' })
      await world.until(async () => ((await world.depth(names.job)) === 0 ? true : undefined))
      expect((await world.service.list('studio')).filter((name) => names.runOf(name) !== undefined)).toEqual([
        names.runStatus(third),
      ])
    })
    other.close()
  })

  test('whose lease is lost while its manager continues is still one that workers are wanted for', async () => {
    const world = new World()
    const id = await world.submit(good)
    let takenAway = false
    const service: QueueService = {
      ...world.service,
      queue: (name) => {
        const queue = world.service.queue(name)
        if (name !== names.job) return queue
        return {
          ...queue,
          receive: async (options) => {
            const leases = await queue.receive(options)
            if (takenAway || leases.length === 0) return leases
            takenAway = true
            return Promise.all(
              leases.map(async (lease) => {
                // Another process gets it: this very manager, while it still believes in its first lease.
                await lease.giveBack()
                const lost = () => Promise.reject(new QueueError('LEASE_LOST', name, 'another reader has it'))
                return { ...lease, renew: lost, complete: lost, giveBack: lost }
              }),
            )
          },
        }
      },
    }
    const manager = world.start({ idleMs: 1_000, leaseMs: 10_000 }, { service })
    await world.takeItem(id)
    await world.clock.advance(60_000)
    expect(world.wanted.at(-1)).toBe(4)
    manager.stop()
    await world.clock.run(manager.ended)
  })

  test('is not lost because the clock leapt, or went back', async () => {
    const world = new World()
    const id = await world.submit(good)
    let aheadMs = 0
    const clock = { ...world.clock, now: () => world.clock.now() + aheadMs }
    const manager = world.start({}, { clock })
    const { item, lease } = await world.takeItem(id)
    for (const ms of [3_600_000, -7_200_000]) {
      aheadMs += ms
      await world.clock.advance(10_000)
    }
    expect(await world.statuses()).toMatchObject([{ state: 'running', progress: { elapsedMs: 0 } }])
    await lease.giveBack()
    expect(await world.work(id)).toEqual(item)
    expect(await world.reached(id)).toMatchObject({ outcome: 'warmed' })
    manager.stop()
    await world.clock.run(manager.ended)
  })

  test('that is done and comes again is only removed, and its end can be looked up', async () => {
    const world = new World()
    const id = await world.submit(good)
    world.ledger.addRun({
      run: 'run000000001',
      jobMessageId: id,
      jobInsertedAtMs: world.clock.now(),
      job: aJob(),
      warnings: [],
      startedAtMs: 0,
      generation: 0,
      rootSent: true,
      paused: false,
      revision: 1,
      weight: 10,
      ceilings: {},
    })
    world.ledger.endRun('run000000001', 'warmed', world.clock.now())
    await world.service.create(names.runWork('run000000001'))
    await world.managed(async () => {
      await world.until(async () => ((await world.depth(names.job)) === 0 ? true : undefined))
      expect(await world.service.list(names.runWork(''))).toEqual([])
      expect(await world.statuses()).toMatchObject([{ run: 'run000000001', outcome: 'warmed' }])
    })
  })
})

describe('a job that can not be run', () => {
  const job = JSON.parse(encodeJob(aJob(good))) as object
  test.each([
    ['is no JSON', '{"JobId": "bad", "WarmTargetPath": ', 'JSON', 'bad'],
    [
      'leads out of its export',
      JSON.stringify({ ...job, JobId: 'bad', WarmTargetPath: '/a/../../etc' }),
      'WarmTargetPath',
      'bad',
    ],
    ['has no address', JSON.stringify({ ...job, WarmTargetMountAddresses: [] }), 'WarmTargetMountAddresses', 'good'],
    ['asks for an unknown mode', JSON.stringify({ ...job, Mode: 'magic' }), 'Mode: expected "data"', 'good'],
    ['is nothing at all', 'null', 'object', undefined],
  ])(
    'because it %s goes to the poison queue, its status says why, and the next one runs',
    async (_, body, why, label) => {
      const world = new World()
      const bad = await world.submitRaw(body)
      const next = await world.submit({ jobId: 'next' })
      await world.managed(async () => {
        const refused = await world.reached(bad)
        expect(refused).toMatchObject({ outcome: 'refused', job: null, problem: expect.stringContaining(why) })
        expect(refused.label).toBe(label)
        expect(await world.poison()).toMatchObject([{ reason: refused.problem, message: body }])
        await world.work(next)
        expect(await world.reached(next)).toMatchObject({ outcome: 'warmed' })
        await world.until(async () => ((await world.depth(names.job)) === 0 ? true : undefined))
      })
    },
  )

  test.each([
    ['<&>', 3],
    ['"\\', 2],
  ])('that would not fit into a note of it, full of %s, goes there as far as it does', async (text, length) => {
    const world = new World()
    const body = text.repeat(Math.floor(60_000 / new TextEncoder().encode(text).length))
    const bad = await world.submitRaw(body)
    await world.managed(async () => {
      expect(await world.reached(bad)).toMatchObject({ outcome: 'refused' })
      await world.until(async () => ((await world.depth(names.job)) === 0 ? true : undefined))
    })
    const [note, ...others] = await world.poison()
    expect(others).toEqual([])
    expect(body.startsWith(note?.message ?? 'none')).toBe(true)
    expect(note?.message.length).toBeGreaterThan(length * 1_000)
  })
})

describe('what people ask of runs:', () => {
  const ask = async (world: World, control: Parameters<typeof encodeControl>[0]): Promise<void> => {
    await world.service.create(names.control)
    await world.service.queue(names.control).send(encodeControl(control))
  }

  test.each(['label', 'run', 'message'])('cancel, by %s, ends a run now and leaves the others alone', async (by) => {
    const world = new World()
    const id = await world.submit(good)
    const other = await world.submit({ jobId: 'other' })
    await world.managed(async () => {
      const { run } = await world.reached(id, 'running')
      await world.reached(other, 'running')
      await ask(world, { v: 1, command: 'cancel', target: { label: 'good', run, message: id }[by] ?? '' })
      expect(await world.reached(id)).toMatchObject({ outcome: 'cancelled' })
      expect(await world.service.list(names.runWork(run))).toEqual([])
      await world.work(other)
      expect(await world.reached(other)).toMatchObject({ outcome: 'warmed' })
    })
    expect(await world.poison()).toEqual([])
  })

  test('a run that was being cancelled when its manager died ends as cancelled under the next one', async () => {
    const world = new World()
    const id = await world.submit({ jobId: 'good' })
    await world.managed(async () => void (await world.takeItem(id)))
    world.ledger.noteCancelled(id, world.clock.now())
    await world.managed(async () => expect(await world.reached(id)).toMatchObject({ outcome: 'cancelled' }))
  })

  test('a job that was cancelled before a manager saw it never starts', async () => {
    const world = new World()
    await world.managed(async () => {
      await ask(world, { v: 1, command: 'cancel', target: 'good' })
      await world.until(async () => (world.ledger.isCancelled(['good']) ? true : undefined))
    })
    const id = await world.submit(good)
    await world.managed(async () => {
      expect(await world.reached(id)).toMatchObject({
        outcome: 'cancelled',
        label: 'good',
        progress: { items: { announced: 0 } },
      })
      await world.until(async () => ((await world.depth(names.job)) === 0 ? true : undefined))
    })
    expect(world.wanted.filter((workers) => workers > 0)).toEqual([])
    expect(await world.poison()).toEqual([])
  })

  test('pause and resume change what workers see, and the fleet goes meanwhile', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(async () => {
      await world.reached(id, 'running')
      await ask(world, { v: 1, command: 'pause', target: 'good' })
      expect(await world.reached(id, 'paused')).toMatchObject({ revision: 2 })
      await world.until(async () => (world.wanted.at(-1) === 0 ? true : undefined))
      // Standing still on purpose, for however long, is no reason to give up.
      await world.clock.advance(3_600_000)
      await ask(world, { v: 1, command: 'resume', target: 'good' })
      expect(await world.reached(id, 'running')).toMatchObject({ revision: 3 })
      await world.work(id)
      expect(await world.reached(id)).toMatchObject({ outcome: 'warmed' })
    })
    expect(world.wanted.slice(-2)).toEqual([4, 0])
  })

  test('change sets ceilings and weight, and the next manager still knows them', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(async () => {
      await world.reached(id, 'running')
      await ask(world, { v: 1, command: 'change', target: 'good', ceilings: { maxWorkers: 2 }, weight: 50 })
      await world.until(async () => (world.wanted.at(-1) === 2 ? true : undefined))
    })
    await world.managed(async () => {
      await world.until(async () => ((await world.statuses())[0]?.weight === 50 ? true : undefined))
      expect((await world.statuses())[0]).toMatchObject({ ceilings: { maxWorkers: 2 }, revision: 2 })
    })
  })

  test('what is asked while no manager holds the run is heard by the next, and of a run that is not there is dropped', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(async () => {
      await world.reached(id, 'running')
    })
    await ask(world, { v: 1, command: 'pause', target: 'nobody' })
    await ask(world, { v: 1, command: 'change', target: 'good', weight: 50 })
    await world.managed(async () => {
      await world.until(async () => ((await world.statuses())[0]?.weight === 50 ? true : undefined))
      expect(await world.depth(names.control)).toBe(1)
      await world.clock.advance(180_000)
      await world.until(async () => ((await world.depth(names.control)) === 0 ? true : undefined))
    })
  })

  test("ceilings of the job itself are the run's from the start, and can be lifted", async () => {
    const world = new World()
    const id = await world.submit({ ...good, maxWorkers: 2, maxRequestsPerSecond: 9 })
    await world.managed(async () => {
      const { ceilings } = await world.reached(id, 'running')
      expect(ceilings).toEqual({ maxWorkers: 2, maxRequestsPerSecond: 9 })
      await world.until(async () => (world.wanted.at(-1) === 2 ? true : undefined))
      await ask(world, { v: 1, command: 'change', target: 'good', ceilings: { maxWorkers: 0 } })
      await world.until(async () => (world.wanted.at(-1) === 4 ? true : undefined))
      await world.until(async () => ((await world.statuses())[0]?.revision === 2 ? true : undefined))
      expect((await world.statuses())[0]?.ceilings).toEqual({ maxRequestsPerSecond: 9 })
    })
  })

  test('what can not be read goes to the poison queue, and the next one is heard', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.service.create(names.control)
    await world.service.queue(names.control).send('{"v":1,"command":"explode"}')
    await world.managed(async () => {
      await world.reached(id, 'running')
      await ask(world, { v: 1, command: 'cancel', target: 'good' })
      expect(await world.reached(id)).toMatchObject({ outcome: 'cancelled' })
      await world.until(async () => ((await world.depth(names.control)) === 0 ? true : undefined))
    })
    expect(await world.poison()).toMatchObject([{ message: '{"v":1,"command":"explode"}' }])
  })
})

describe('a run that does not end by itself', () => {
  test('starts over once when its items vanished, and ends as lost the second time', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(async () => {
      for (const root of ['root', 'root-2']) {
        const { item, lease } = await world.takeItem(id)
        expect(item.item).toBe(root)
        await lease.complete()
      }
      expect(await world.reached(id)).toMatchObject({ outcome: 'lost', problem: expect.stringContaining('vanished') })
    })
  })

  test('that started over is not lost while its results come, however long it takes', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(
      async () => {
        const { lease } = await world.takeItem(id)
        await lease.complete()
        const { item, lease: held } = await world.takeItem(id)
        expect(item.item).toBe('root-2')
        const { run } = item
        const family = { attempt: 'again', children: [{ family: 'again', count: 20 }] }
        await world.report(aResult({ run, item: item.item, ...family }))
        await held.complete()
        for (let at = 0; at < 20; at += 1) {
          // None of them is longer than the time without a byte after which a run is lost; all of them together are.
          await world.clock.advance(100_000)
          await world.report(aResult({ run, item: `again.${at}`, attempt: `one-${at}`, counts: readCounts(1, 10) }))
        }
        expect(await world.reached(id)).toMatchObject({ outcome: 'warmed', progress: { counts: { files: 20 } } })
      },
      // Items are taken by the test, and no worker keeps the queue: only movement counts here.
      { stalledAfterMs: 600_000, lostAfterMs: 400_000 },
    )
  })

  test('does not start over while there are results that are not folded yet', async () => {
    const world = new World()
    const id = await world.submit(good)
    let deaf = true
    const service: QueueService = {
      ...world.service,
      queue: (name) => {
        const queue = world.service.queue(name)
        return !name.startsWith(names.runResults(''))
          ? queue
          : { ...queue, receive: (options) => (deaf ? Promise.resolve([]) : queue.receive(options)) }
      },
    }
    const manager = world.start({ leaseMs: 10_000 }, { service })
    await world.work(id)
    await world.clock.advance(120_000)
    deaf = false
    expect(await world.reached(id)).toMatchObject({ outcome: 'warmed', progress: { items: { announced: 1, done: 1 } } })
    expect(await world.service.list(names.runWork(''))).toEqual([])
    manager.stop()
    await world.clock.run(manager.ended)
  })

  test('ends as lost when nothing was read for too long', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(
      async () => {
        await world.takeItem(id)
        const startedAtMs = world.clock.now()
        expect(await world.reached(id)).toMatchObject({ outcome: 'lost', problem: 'nothing was read for 10 minutes' })
        expect(world.clock.now() - startedAtMs).toBeGreaterThan(9 * 60_000)
      },
      { stalledAfterMs: 600_000 },
    )
  })
})

describe('a run without a byte', () => {
  const stalledAfterMs = 15_000
  const slow = { ...good, maxBytesPerSecond: 1 }

  /** Heartbeats that were sent: a run that is lost while its worker speaks ends the worker's half minute early. */
  let said = 0

  /** A worker that holds the job's only item says something every two seconds, for a minute. */
  async function heard(
    job: Partial<Job>,
    say: (at: number) => { held?: Partial<HeldAttempt>; besides?: Partial<Heartbeat> },
    then: (world: World, id: string) => Promise<void>,
  ): Promise<void> {
    const world = new World()
    const id = await world.submit(job)
    await world.managed(
      async () => {
        const { item } = await world.takeItem(id)
        for (let at = 0; at < 30; at += 1) {
          said = at
          if (!(await world.service.list(names.runResults(item.run))).length) break
          const { held = {}, besides = {} } = say(at)
          const attempts = [aHeldAttempt({ item: item.item, ...held })]
          await world.report(aHeartbeat({ run: item.run, attempts, ...besides }))
          await world.clock.advance(2_000)
        }
        await then(world, id)
      },
      { stalledAfterMs },
    )
  }
  const goesOn = async (world: World, id: string): Promise<void> => {
    expect(await world.reached(id, 'running')).toMatchObject({ state: 'running' })
  }
  const isLost = async (world: World, id: string): Promise<void> => {
    expect(await world.reached(id)).toMatchObject({ outcome: 'lost', problem: 'nothing was read for 15 seconds' })
    expect(said).toBeLessThan(29)
  }

  test('is lost though its worker speaks, and says after how long', async () => {
    await heard(good, () => ({ held: { bytesArrived: 7 } }), isLost)
  })

  test('is lost while it waits for an address', async () => {
    const besides = { waitsFor: { addresses: ['10.0.1.11'] } }
    await heard(good, () => ({ besides }), isLost)
  })

  test('is not lost while bytes of a file arrive that is not complete', async () => {
    await heard(good, (at) => ({ held: { bytesArrived: at + 1, bytesInFlight: at + 1 } }), goesOn)
  })

  test('is not lost while its worker waits for the ceiling that the run has', async () => {
    await heard(slow, () => ({ besides: { waitsFor: { ceiling: true } } }), goesOn)
  })

  test('is lost where its worker waits for a ceiling that the run does not have, or no longer waits', async () => {
    await heard(good, () => ({ besides: { waitsFor: { ceiling: true } } }), isLost)
    await heard(slow, (at) => (at < 5 ? { besides: { waitsFor: { ceiling: true } } } : {}), isLost)
  })

  test('is not lost while it is paused, and has all its time again afterwards', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(
      async () => {
        said = 0
        await world.takeItem(id)
        await world.clock.advance(10_000)
        const ask = async (command: 'pause' | 'resume'): Promise<unknown> =>
          await world.service.queue(names.control).send(encodeControl({ v: 1, command, target: id }))
        await ask('pause')
        await world.reached(id, 'paused')
        await world.clock.advance(600_000)
        await ask('resume')
        await world.reached(id, 'running')
        await world.clock.advance(10_000)
        expect(await world.reached(id, 'running')).toMatchObject({ state: 'running' })
        await isLost(world, id)
      },
      { stalledAfterMs },
    )
  })
})
