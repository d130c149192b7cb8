import type { RunStatus } from '@cachewarmer/core'
import { readCounts } from '@cachewarmer/core/testing'
import { describe, expect, test } from 'vitest'
import { openLedger } from '../ledger/sqlite-ledger.ts'
import { names, World } from '../testing/world.ts'
import { decideNames, namesOf, type ResolveName } from './names.ts'

const three = ['10.0.1.11', '10.0.1.12', '10.0.1.13']

describe('the names of a job', () => {
  test('are what is no address, but this machine alone', () => {
    const addresses = ['cache.example', '10.0.1.11', 'fd12::1', 'localhost', 'a.localhost', 'b']
    expect(namesOf({ addresses })).toEqual(['cache.example', 'b'])
    expect(namesOf({ addresses, keepNames: true })).toEqual([])
  })

  test('stand for all their addresses, each once, in the order of the job', () => {
    const answers = [
      { name: 'cache', addresses: three },
      { name: 'twin', addresses: ['10.0.1.12'] },
    ]
    expect(decideNames(['10.0.1.13', 'cache', 'twin'], answers, { waitedMs: 0 })).toEqual({
      hosts: [
        { name: '10.0.1.13', addresses: ['10.0.1.13'] },
        { name: 'cache', addresses: three },
        { name: 'twin', addresses: ['10.0.1.12'] },
      ],
      addresses: ['10.0.1.13', '10.0.1.11', '10.0.1.12'],
      warnings: [
        '10.0.1.13 and cache are one node: 10.0.1.13 is read through once.',
        'cache and twin are one node: 10.0.1.12 is read through once.',
      ],
    })
  })

  test('that are unknown stay what they are beside known ones, so that each file fails there', () => {
    const answers = [{ name: 'nosuch', addresses: [], code: 'ENOTFOUND' }]
    expect(decideNames(['10.0.1.13', 'nosuch'], answers, { waitedMs: 0 })).toMatchObject({
      addresses: ['10.0.1.13', 'nosuch'],
      warnings: ['There is no host nosuch (ENOTFOUND): nothing can be read through it.'],
    })
  })

  test('that are all unknown are asked for again, and then refused', () => {
    const answers = [{ name: 'nosuch', addresses: [], code: 'ENOTFOUND' }]
    expect(decideNames(['nosuch'], answers, { waitedMs: 29_999 })).toEqual({
      wait: 'there is no such host: nosuch (ENOTFOUND)',
    })
    expect(decideNames(['nosuch'], answers, { waitedMs: 30_000 })).toEqual({
      refuse: expect.stringMatching(/^there is no such host: nosuch \(ENOTFOUND\).*--no-resolve/),
    })
  })

  test('that can not be asked for now are waited for, however long that takes', () => {
    const answers = [
      { name: 'cache', addresses: three },
      { name: 'other', addresses: [], code: 'EAI_AGAIN' },
    ]
    expect(decideNames(['cache', 'other'], answers, { waitedMs: 86_400_000 })).toEqual({
      wait: "can't be resolved now: other (EAI_AGAIN)",
    })
  })

  test('may have 64 addresses together, and a job that would leave some out is refused', () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => `10.0.2.${at}`)
    const decide = (count: number) =>
      decideNames(['10.0.1.1', 'cache'], [{ name: 'cache', addresses: many(count) }], { waitedMs: 0 })
    expect(decide(63)).toMatchObject({ addresses: ['10.0.1.1', ...many(63)] })
    expect(decide(64)).toEqual({ refuse: expect.stringContaining('65 addresses or more, and 64 are read through') })
  })
})

/** A resolver of a test: what it says may be changed while the manager runs; each question is noted. */
function resolver(says: Record<string, readonly string[] | string>): { resolveName: ResolveName; asked: string[] } {
  const asked: string[] = []
  const resolveName: ResolveName = async (name) => {
    asked.push(name)
    const answer = says[name] ?? 'ENOTFOUND'
    if (typeof answer === 'string') throw Object.assign(new Error(answer), { code: answer })
    return answer
  }
  return { resolveName, asked }
}

const during = async (world: World, ports: { resolveName: ResolveName }, body: () => Promise<void>): Promise<void> => {
  const manager = world.start({}, ports)
  try {
    await body()
  } finally {
    manager.stop()
    await world.clock.run(manager.ended)
  }
}

describe('a job that names a cluster', () => {
  test('is read through each address of the name, and its status has both', async () => {
    const world = new World()
    const says = resolver({ 'cache.example': ['10.0.1.12', 'not an address', '10.0.1.11', '10.0.1.13', '10.0.1.12'] })
    const id = await world.submit({ addresses: ['cache.example'] })
    await during(world, says, async () => {
      await world.work(id, { counts: readCounts(2, 20, three) })
      expect(await world.reached(id)).toMatchObject({
        outcome: 'warmed',
        job: { addresses: three },
        hosts: [{ name: 'cache.example', addresses: three }],
      })
    })
    expect(says.asked).toEqual(['cache.example'])
  })

  test('has no queue that workers look at before its status says what to read through', async () => {
    const world = new World()
    const says: Record<string, readonly string[] | string> = { cache: 'EAI_AGAIN' }
    const id = await world.submit({ addresses: ['cache'] })
    await during(world, resolver(says), async () => {
      const waiting = await world.until(async () =>
        (await world.statuses()).find(({ problem }) => problem !== undefined),
      )
      expect(waiting).toMatchObject({
        state: 'running',
        problem: "can't be resolved now: cache (EAI_AGAIN)",
        admitted: [],
      })
      await world.clock.advance(3_600_000)
      expect(await world.service.list(names.runWork(''))).toEqual([])
      expect(world.wanted.at(-1) ?? 0).toBe(0)
      says['cache'] = three
      await world.work(id, { counts: readCounts(1, 1, three) })
      const ended = await world.reached(id)
      expect(ended).toMatchObject({ outcome: 'warmed', job: { addresses: three } })
      expect(ended).not.toHaveProperty('problem')
      expect(ended).not.toHaveProperty('admitted')
    })
  })

  test('that no resolver knows ends within a minute and says so', async () => {
    const world = new World()
    const id = await world.submit({ addresses: ['nosuch.example'], jobId: 'night' })
    await during(world, resolver({}), async () => {
      const sinceMs = world.clock.now()
      const status = await world.reached(id)
      expect(status).toMatchObject({
        outcome: 'refused',
        problem: expect.stringContaining('nosuch.example (ENOTFOUND)'),
      })
      expect(world.clock.now() - sinceMs).toBeLessThan(60_000)
      await world.until(async () => ((await world.depth(names.job)) === 0 ? true : undefined))
    })
  })

  test('whose resolver never answers is waited for, and can be cancelled', async () => {
    const world = new World()
    const id = await world.submit({ addresses: ['cache'], jobId: 'night' })
    await during(world, { resolveName: () => new Promise(() => undefined) }, async () => {
      const waiting = await world.until(async () =>
        (await world.statuses()).find(({ problem }) => problem !== undefined),
      )
      expect(waiting.problem).toBe("can't be resolved now: cache (ETIMEDOUT)")
      const cancel = JSON.stringify({ v: 1, command: 'cancel', target: 'night' })
      await world.service.queue(names.control).send(cancel)
      expect(await world.reached(id)).toMatchObject({ outcome: 'cancelled' })
    })
  })

  test('is not refused while it is paused', async () => {
    const world = new World()
    const id = await world.submit({ addresses: ['nosuch'], jobId: 'night' })
    await during(world, resolver({}), async () => {
      await world.until(async () => (await world.statuses()).find(({ problem }) => problem !== undefined))
      const steer = async (command: string): Promise<void> => {
        await world.service.queue(names.control).send(JSON.stringify({ v: 1, command, target: 'night' }))
      }
      await steer('pause')
      await world.clock.advance(600_000)
      expect((await world.statuses()).map(({ state }) => state)).toEqual(['paused'])
      await steer('resume')
      expect(await world.reached(id)).toMatchObject({ outcome: 'refused' })
    })
  })

  test('is asked for once per run, also where another manager takes it over', async () => {
    const ledger = openLedger(':memory:')
    const world = new World({ ledger })
    const says = resolver({ cache: three })
    const id = await world.submit({ addresses: ['cache'] })
    await during(world, says, async () => {
      const { lease } = await world.takeItem(id)
      await lease.giveBack()
    })
    const later = resolver({ cache: ['10.9.9.9'] })
    await during(world, later, async () => {
      await world.work(id, { counts: readCounts(1, 1, three) })
      expect(await world.reached(id)).toMatchObject({ outcome: 'warmed', job: { addresses: three } })
    })
    expect([says.asked, later.asked]).toEqual([['cache'], []])
  })

  test('is the same job for "since the last warm-up", whatever its addresses are by then', async () => {
    const world = new World()
    const job = { addresses: ['cache'], modifiedSince: 'last' }
    const warm = async (addresses: readonly string[]): Promise<RunStatus> => {
      const id = await world.submit(job)
      let ended: RunStatus | undefined
      await during(world, resolver({ cache: addresses }), async () => {
        await world.work(id, { counts: readCounts(1, 1, addresses) })
        ended = await world.reached(id)
      })
      return ended as RunStatus
    }
    expect((await warm(three)).job).not.toHaveProperty('modifiedSince')
    expect((await warm(['10.0.1.14'])).job).toHaveProperty('modifiedSince')
  })

  test('keeps its names where it asks for that, and where the manager resolves none', async () => {
    for (const [job, ports] of [
      [{ keepNames: true as const }, resolver({ cache: three })],
      [{}, {}],
    ] as const) {
      const world = new World()
      const id = await world.submit({ addresses: ['cache'], ...job })
      const manager = world.start({}, ports)
      await world.work(id, { counts: readCounts(1, 1, ['cache']) })
      const status = await world.reached(id)
      expect(status).toMatchObject({ outcome: 'warmed', job: { addresses: ['cache'] } })
      expect(status).not.toHaveProperty('hosts')
      manager.stop()
      await world.clock.run(manager.ended)
    }
  })
})
