import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type Clock, sleep } from '../../port/clock.ts'
import type { QueueErrorCode } from '../../port/errors.ts'
import type { Lease, Queue, QueueService } from '../../port/queue.ts'

/** What a case runs against. Cases choose queue names of their own, so that a service may be shared by all. */
export interface ServiceUnderTest {
  readonly service: QueueService
  /** With `advance` time is moved by hand; else the suite sleeps, a few seconds in all. */
  readonly clock: Clock & {
    advance?(ms: number): Promise<void>
    /** Sets the wall clock that the service goes by, by `ms`. Without it the cases about such clocks prove nothing. */
    setWall?(ms: number): void
  }
  /** Called after each case. Closes the service, too, unless it is shared. */
  dispose(): Promise<void>
  /** A service that may be closed, where `service` is shared. Default: `service`. */
  closable?(): Promise<QueueService>
}

/** Sentence about behaviour to proof of it. */
export type Cases = Readonly<Record<string, (harness: Harness) => Promise<void>>>

export const second = 1_000
/** Long enough that no slow machine sees its end in the course of a case. */
export const longMs = 3_600_000

/** What the cases are written in. */
export class Harness {
  readonly service: QueueService
  readonly prefix: string = `c${randomUUID().slice(0, 8)}-`
  readonly #underTest: ServiceUnderTest

  constructor(underTest: ServiceUnderTest) {
    this.service = underTest.service
    this.#underTest = underTest
  }

  get nowMs(): number {
    return this.#underTest.clock.now()
  }

  /** Whether a month passes in no time. */
  get movesTime(): boolean {
    return this.#underTest.clock.advance !== undefined
  }

  /** Sets the wall clock, where it is in our hands: a service elsewhere has one of its own. */
  setWall(ms: number): void {
    this.#underTest.clock.setWall?.(ms)
  }

  async wait(ms: number): Promise<void> {
    const { clock } = this.#underTest
    await (clock.advance?.(ms) ?? sleep(clock, ms))
  }

  /** Looks again and again, for up to a minute, until `found` says what was waited for. */
  async eventually<T>(what: string, found: () => Promise<T | undefined>): Promise<T> {
    for (let tries = 0; tries < 240; tries++) {
      const result = await found()
      if (result !== undefined) return result
      await this.wait(250)
    }
    assert.fail(`never seen: ${what}`)
  }

  async newQueue(label = 'queue'): Promise<Queue> {
    assert.equal(await this.service.create(this.prefix + label), 'created')
    return this.service.queue(this.prefix + label)
  }

  async closable(): Promise<QueueService> {
    return (await this.#underTest.closable?.()) ?? this.service
  }

  /** The one visible message, leased. */
  async take(queue: Queue, leaseMs: number = longMs): Promise<Lease> {
    const [lease, ...others] = await queue.receive({ max: 2, leaseMs })
    assert.equal(others.length, 0, 'one message was expected, there are more')
    assert(lease !== undefined, 'one message was expected, there is none')
    return lease
  }

  /** Waits until the one message is visible, and takes it. */
  retake(queue: Queue, leaseMs: number = longMs): Promise<Lease> {
    return this.eventually('a message', async () => (await queue.receive({ max: 1, leaseMs }))[0])
  }
}

export async function fails(call: Promise<unknown>, code: QueueErrorCode, message?: RegExp): Promise<void> {
  await assert.rejects(call, (error: unknown) => {
    assert(error instanceof Error && error.name === 'QueueError', `expected a QueueError, got ${String(error)}`)
    assert.equal((error as Error & { code?: string }).code, code, error.message)
    if (message !== undefined) assert.match(error.message, message)
    return true
  })
}

export const bodies = async (queue: Queue): Promise<string[]> =>
  (await queue.peek({ max: 32 })).map((message) => message.body).sort()

export async function isHidden(queue: Queue): Promise<void> {
  assert.deepEqual(await queue.peek({ max: 32 }), [])
  assert.deepEqual(await queue.receive({ max: 32, leaseMs: longMs }), [])
}
