import { describe, expect, test } from 'vitest'
import { names, World } from '../testing/world.ts'
import { lead } from './leadership.ts'

/** A manager that only leads; `leading` says whether it does, `killed` cuts it off from the queues. */
function contender(world: World, name: string) {
  const stop = new AbortController()
  let leading = false
  let dead = false
  const clock = {
    now: () => world.clock.now(),
    setTimer: (ms: number, run: () => void) => world.clock.setTimer(ms, () => dead || run()),
  }
  const ended = lead({ ...world.ports, clock }, world.settings({ name }), stop.signal, async (signal) => {
    leading = true
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    leading = false
  })
  return {
    ended,
    stop: () => stop.abort(new Error('stopped')),
    kill: () => {
      dead = true
    },
    get leads() {
      return leading && !dead
    },
  }
}

type Contender = ReturnType<typeof contender>
const leaders = (all: readonly Contender[]): number => all.filter(({ leads }) => leads).length

async function stopAll(world: World, all: readonly Contender[]): Promise<void> {
  for (const one of all) one.stop()
  await world.clock.run(Promise.all(all.map(({ ended }) => ended)))
}

describe('of several managers', () => {
  test('one leads, for as long as it lives', async () => {
    const world = new World()
    const all = ['a', 'b', 'c'].map((name) => contender(world, name))
    await world.clock.advance(1_000)
    const first = all.findIndex(({ leads }) => leads)
    for (let minute = 0; minute < 30; minute += 1) {
      await world.clock.advance(60_000)
      expect(all.map(({ leads }) => leads)).toEqual(all.map((_, at) => at === first))
    }
    await stopAll(world, all)
    expect(await world.depth(names.leader)).toBe(1)
  })

  test('another takes over at once from one that stops', async () => {
    const world = new World()
    const first = contender(world, 'a')
    await world.clock.advance(1_000)
    const second = contender(world, 'b')
    first.stop()
    await world.clock.advance(6_000)
    expect([first.leads, second.leads]).toEqual([false, true])
    await stopAll(world, [first, second])
  })

  test('another takes over from one that died once its lease is over, not before', async () => {
    const world = new World()
    const first = contender(world, 'a')
    await world.clock.advance(1_000)
    const second = contender(world, 'b')
    await world.clock.advance(1_000)
    first.kill()
    await world.clock.advance(30_000)
    expect(second.leads).toBe(false)
    await world.clock.advance(35_000)
    expect(second.leads).toBe(true)
    second.stop()
    await world.clock.run(second.ended)
  })

  test('one leads soon although the token was lost', async () => {
    const world = new World()
    await world.service.create(names.leader)
    const all = ['a', 'b'].map((name) => contender(world, name))
    await world.clock.advance(60_000)
    expect(leaders(all)).toBe(1)
    await stopAll(world, all)
  })

  test('one leads although there are two tokens, and removes one', async () => {
    const world = new World()
    await world.service.create(names.leader)
    for (const body of ['leader', 'leader']) await world.service.queue(names.leader).send(body)
    const all = ['a', 'b', 'c'].map((name) => contender(world, name))
    await world.clock.advance(60_000)
    expect(leaders(all)).toBe(1)
    expect(await world.depth(names.leader)).toBe(1)
    await stopAll(world, all)
  })

  test('none puts in a second token while one is leased, however long', async () => {
    const world = new World()
    const all = ['a', 'b'].map((name) => contender(world, name))
    await world.clock.advance(600_000)
    expect(await world.depth(names.leader)).toBe(1)
    await stopAll(world, all)
  })
})

test('a failure of the body ends the manager, and leaves the token for the next one', async () => {
  const world = new World()
  const work = lead(world.ports, world.settings(), new AbortController().signal, () =>
    Promise.reject(new Error('broken')),
  )
  await expect(world.clock.run(work)).rejects.toThrow('broken')
  expect(await world.bodies(names.leader)).toEqual(['leader'])
})
