import { describe, expect, test } from 'vitest'
import { recorder } from '../test/record.ts'
import { textCodec } from './consume/codec.ts'
import { consume } from './consume/consume.ts'
import { memoryService } from './drivers/memory.ts'
import { sleep } from './port/clock.ts'
import type { Random } from './port/queue.ts'
import { withRetry } from './port/retry.ts'
import { fakeClock } from './testing/fake-clock.ts'
import { type Fault, faultyService } from './testing/faulty.ts'

/** Mulberry32: the same seed gives the same story. */
function randomOf(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const faultAt = (chance: number): Fault | undefined =>
  chance < 0.03 ? 'lost request' : chance < 0.06 ? 'lost answer' : chance < 0.08 ? 'throttled' : undefined

/**
 * Forty messages, three readers that are torn down and started again, on a network that loses requests and answers.
 * Gives what happened, as text, and what must not have happened.
 */
async function story(seed: number) {
  const random = randomOf(seed)
  const clock = fakeClock({ turns: 1 })
  const inner = memoryService({ clock, random, latencyMs: () => 1 + random() * 40 })
  let bad = false
  const service = withRetry(
    faultyService(inner, () => (bad ? faultAt(random()) : undefined)),
    { clock, random },
  )
  const queue = service.queue('work')
  const trace: string[] = []
  const finished = new Map<string, number>()
  const atWork = new Map<string, AbortSignal>()
  const overlaps: string[] = []

  const reader = (name: string, stopTaking: AbortSignal, abortWork: AbortSignal) =>
    consume<string>(
      queue,
      async ({ id, body, deliveries }, { signal }) => {
        trace.push(`${clock.now()} ${name} takes ${body} for the ${deliveries}. time`)
        if (atWork.get(id)?.aborted === false) overlaps.push(`${name} took ${body} while another was at work on it`)
        atWork.set(id, signal)
        try {
          await sleep(clock, random() * 12_000, signal)
          const fate = random()
          if (fate < 0.1) throw new Error('bad luck')
          if (fate < 0.2) return { giveBackMs: random() * 3_000 }
          finished.set(body, (finished.get(body) ?? 0) + 1)
          return 'complete'
        } finally {
          if (atWork.get(id) === signal) atWork.delete(id)
        }
      },
      {
        codec: textCodec,
        leaseMs: 5_000,
        concurrency: 4,
        clock,
        random,
        polling: service.polling,
        stopTaking,
        abortWork,
        observer: recorder(([event]) => trace.push(`${clock.now()} ${name} ${event}`)),
      },
    )

  await clock.run(service.create('work'))
  const bodies = [...Array(40).keys()].map((n) => `m${n}`)
  await clock.run(Promise.all(bodies.map((body) => queue.send(body))))
  bad = true

  const isEmpty = async (): Promise<boolean> => (await inner.queue('work').approximateDepth()) === 0
  const lives = async (name: string): Promise<void> => {
    while (!(await isEmpty())) {
      const stop = new AbortController()
      const abort = new AbortController()
      const done = reader(name, stop.signal, abort.signal)
      await sleep(clock, 5_000 + random() * 30_000)
      if (random() < 0.5) stop.abort(new Error('stop'))
      else abort.abort(new Error('evicted'))
      trace.push(`${clock.now()} ${name} ${JSON.stringify(await done)}`)
    }
  }
  await clock.run(Promise.all(['a', 'b', 'c'].map(lives)))
  return { trace: trace.join('\n'), finished, overlaps, bodies, leaks: clock.timers }
}

describe('readers on a bad network', () => {
  test.each([...Array(25).keys()])('lose no message and never work on one at once (seed %i)', async (seed) => {
    const { finished, overlaps, bodies, leaks } = await story(seed)
    expect(overlaps).toEqual([])
    expect([...finished.keys()].sort()).toEqual([...bodies].sort())
    expect(leaks).toBe(0)
  })

  test('the same seed tells the same story, another one another', async () => {
    const [first, again, other] = [await story(7), await story(7), await story(8)]
    expect(again.trace).toBe(first.trace)
    expect(other.trace).not.toBe(first.trace)
  })
})
