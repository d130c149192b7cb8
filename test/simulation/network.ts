import { type Lease, type Queue, QueueError, type QueueService, type SentMessage } from '@cachewarmer/queue'
import type { Life } from './life.ts'
import type { Monitor } from './monitor.ts'
import { type FaultKind, type Scenario, within } from './scenario.ts'
import type { Dice } from './seeded.ts'
import type { SimClock } from './sim-clock.ts'
import type { Tally } from './tally.ts'

export interface NetworkPorts {
  readonly sim: SimClock
  readonly life: Life
  readonly dice: Dice
  readonly scenario: Scenario
  readonly monitor: Monitor
  readonly tally: Tally
}

type Call = 'send' | 'receive' | 'look' | 'update' | 'renew' | 'complete' | 'giveBack' | 'admin'

/** How long an unanswered call takes to fail. */
const hangMs = 8_000

/**
 * The queue service as one process reaches it: requests and answers take their time, get lost, are refused, and the
 * process may die between what it asked for and the answer. A request that arrived at the service took effect, no
 * matter who lives to hear of it; the monitor sees it at that moment.
 */
export function networkTo(service: QueueService, ports: NetworkPorts): QueueService {
  const { sim, life, dice, scenario, monitor, tally } = ports
  const { faults, callFaults } = scenario

  /** Asked before each call: whether something of this kind happens to it. */
  const strikes = (kind: FaultKind, share = callFaults): boolean => {
    if (!faults.has(kind) || sim.elapsedMs >= scenario.faultsUntilMs || !dice.chance(share)) return false
    tally.count(kind)
    return true
  }
  const latencyMs = (): number => {
    const slow = within(scenario.slowSpells, sim.elapsedMs)
    if (slow) {
      tally.count('slow spell')
      life.trouble()
    }
    return dice.next() * scenario.queueMs * (slow ? 100 : 1)
  }

  function call<T>(kind: Call, queue: string, signal: AbortSignal | undefined, effect: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (life.dead) return
      if (signal?.aborted) return reject(signal.reason as Error)
      let over = false
      const settle = (act: () => void): void => {
        if (over) return
        over = true
        signal?.removeEventListener('abort', abort)
        act()
      }
      const abort = (): void => settle(() => reject(signal?.reason as Error))
      signal?.addEventListener('abort', abort, { once: true })
      const tell = (ms: number, act: () => void): void => void sim.after(ms, () => life.hear(() => settle(act)))
      const fail = (ms: number, code: 'UNAVAILABLE' | 'THROTTLED', why: string): void => {
        life.trouble()
        tell(ms, () => {
          life.trouble()
          reject(new QueueError(code, queue, `simulated: ${why}`))
        })
      }

      if (kind !== 'look' && strikes('killed at a call', callFaults / 4)) return life.kill()
      const now = sim.elapsedMs
      if (within(scenario.outageSpells, now)) {
        tally.count('outage')
        return fail(dice.chance(0.5) ? 20 : hangMs, 'UNAVAILABLE', 'the service is away')
      }
      if ((within(scenario.throttleSpells, now) && dice.chance(0.7)) || strikes('throttled')) {
        tally.count('throttled')
        return fail(latencyMs(), 'THROTTLED', 'too many requests')
      }
      if (strikes('request lost')) return fail(dice.chance(0.7) ? latencyMs() : hangMs, 'UNAVAILABLE', 'no answer')

      sim.after(latencyMs(), () => {
        // Half of what is given up on its way arrives all the same.
        if (signal?.aborted && dice.chance(0.5)) return
        effect().then(
          (value) => {
            if (kind !== 'look' && strikes('killed at a call', callFaults / 4)) return life.kill()
            if (strikes('answer lost'))
              fail(dice.chance(0.7) ? latencyMs() : hangMs, 'UNAVAILABLE', 'the answer was lost')
            else tell(latencyMs(), () => resolve(value))
          },
          (error: unknown) => tell(latencyMs(), () => reject(error as Error)),
        )
      })
    })
  }

  const sent = (queue: string, message: SentMessage): SentMessage => ({
    id: message.id,
    update: (body, { leaseMs, signal }) =>
      call('update', queue, signal, async () => {
        await message.update(body, { leaseMs })
        monitor.updated(queue, body)
      }),
  })

  const leased = (queue: string, lease: Lease, isLost: () => boolean): Lease => {
    const through = (
      kind: Call,
      signal: AbortSignal | undefined,
      effect: () => Promise<void>,
      seen?: () => void,
    ): Promise<void> =>
      call(kind, queue, signal, async () => {
        if (isLost()) throw new QueueError('LEASE_LOST', queue, 'simulated: another reader has it')
        await effect()
        seen?.()
      }).catch((error: unknown) => {
        monitor.leaseFailed(life, queue, lease, error)
        throw error
      })
    return {
      id: lease.id,
      body: lease.body,
      deliveries: lease.deliveries,
      insertedAtMs: lease.insertedAtMs,
      update: (body, { leaseMs, signal }) =>
        through(
          'update',
          signal,
          () => lease.update(body, { leaseMs }),
          () => monitor.updated(queue, body),
        ),
      renew: (leaseMs, options) =>
        through(
          'renew',
          options?.signal,
          () => lease.renew(leaseMs),
          () => monitor.renewed(life, queue, leaseMs),
        ),
      complete: (options) =>
        through(
          'complete',
          options?.signal,
          () => lease.complete(),
          () => monitor.completed(life, queue, lease),
        ),
      giveBack: (delayMs, options) =>
        through(
          'giveBack',
          options?.signal,
          () => lease.giveBack(delayMs),
          () => monitor.gaveBack(life, queue),
        ),
    }
  }

  /** Sometimes another reader gets a message before its lease is over. */
  const perhapsLost = async (queue: string, lease: Lease, leaseMs: number): Promise<Lease> => {
    if (!strikes('lease lost', callFaults * 3)) return leased(queue, lease, () => false)
    const atMs = sim.nowMs + dice.next() * leaseMs
    const isLost = dice.chance(0.5)
    // Either the receipt is stale from then on, or it is good until another reader comes.
    const hidden = isLost ? lease.giveBack(atMs - sim.nowMs) : lease.renew(Math.max(1, atMs - sim.nowMs))
    await hidden
    return leased(queue, lease, () => isLost)
  }

  const queueOf = (name: string): Queue => {
    const inner = service.queue(name)
    return {
      name,
      polling: scenario.polling,
      send: async (body, { signal, ...options } = {}) => {
        const askedAtMs = sim.nowMs
        const late = monitor.mayBeLate(name) && strikes('message late')
        const delayMs = (options.delayMs ?? 0) + (late ? dice.next() * scenario.leaseMs : 0)
        const message = await call('send', name, signal, async () => {
          const one = await inner.send(body, { ...options, delayMs })
          monitor.sent(life, name, { id: one.id, body, askedAtMs })
          if (monitor.mayBeLate(name) && strikes('message twice')) again(inner, body)
          // The sender of a list sends its job through here, and again if no answer came.
          if (name === monitor.names.job && strikes('message twice', 0.2)) again(inner, body)
          return one
        })
        return sent(name, message)
      },
      receive: ({ signal, ...options }) =>
        call('receive', name, signal, async () => {
          const leases = await inner.receive(options)
          if (leases.length === 0) return leases
          monitor.received(life, name, leases, options.leaseMs)
          return Promise.all(leases.map((lease) => perhapsLost(name, lease, options.leaseMs)))
        }),
      peek: ({ signal, ...options }) => call('look', name, signal, () => inner.peek(options)),
      approximateDepth: ({ signal } = {}) => call('look', name, signal, () => inner.approximateDepth()),
    }
  }

  /** The same message once more, some time later. */
  const again = (queue: Queue, body: string): void => {
    sim.after(dice.next() * 2 * scenario.leaseMs, () => {
      queue.send(body).then(
        ({ id }) => monitor.sent(life, queue.name, { id, body, askedAtMs: 0 }),
        () => undefined,
      )
    })
  }

  return {
    limits: service.limits,
    polling: scenario.polling,
    queue: queueOf,
    create: (name, { signal } = {}) => call('admin', name, signal, () => service.create(name)),
    delete: (name, { signal } = {}) =>
      call('admin', name, signal, async () => {
        const answer = await service.delete(name)
        monitor.deleted(name)
        return answer
      }),
    list: (prefix, { signal } = {}) => call('look', prefix, signal, () => service.list(prefix)),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
