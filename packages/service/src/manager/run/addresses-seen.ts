import type { MountState } from '@cachewarmer/core'

type LimitState = NonNullable<MountState['longReads']>

/** How each address of a run does, as all workers together see it, and did when it was last spoken of. */
export class AddressesSeen {
  readonly #last = new Map<string, MountState>()

  /**
   * `limits`: what workers say now, each address at most once per worker. One that none reads from now is as it was last,
   * with nothing in flight: so the report of a run that ended tells of it, too.
   */
  look(limits: readonly MountState[]): MountState[] {
    const live = [...Map.groupBy(limits, ({ address }) => address)].map(([address, states]) =>
      together(address, states),
    )
    for (const mount of live) this.#last.set(mount.address, atRest(mount))
    const addresses = new Set(live.map(({ address }) => address))
    return [...live, ...[...this.#last.values()].filter(({ address }) => !addresses.has(address))]
  }
}

const atRest = ({ longReads, ...mount }: MountState): MountState => ({
  ...mount,
  inFlight: 0,
  ...(longReads === undefined ? {} : { longReads: { ...longReads, inFlight: 0 } }),
})

/** One address as many workers see it: down where one of them finds it down. */
function together(address: string, states: readonly MountState[]): MountState {
  const longReads = states.flatMap((state) => state.longReads ?? [])
  return {
    address,
    state: states.some(({ state }) => state === 'down') ? 'down' : 'up',
    ...limitsTogether(states),
    ...(longReads.length === 0 ? {} : { longReads: limitsTogether(longReads) }),
  }
}

/**
 * Requests in flight added up. Percentiles don't add up: shown are the median of the workers' medians and the highest of
 * their 99th percentiles.
 */
function limitsTogether(limits: readonly LimitState[]): LimitState {
  const known = (key: 'p50Ms' | 'p99Ms' | 'floorMs'): number[] =>
    limits.flatMap((limit) => limit[key] ?? []).sort((a, b) => a - b)
  const [p50Ms, p99Ms, floorMs] = [known('p50Ms'), known('p99Ms').at(-1), known('floorMs')[0]]
  const median = p50Ms[Math.floor(p50Ms.length / 2)]
  return {
    inFlight: limits.reduce((sum, { inFlight }) => sum + inFlight, 0),
    limit: limits.reduce((sum, { limit }) => sum + limit, 0),
    ...(median === undefined ? {} : { p50Ms: median }),
    ...(p99Ms === undefined ? {} : { p99Ms }),
    ...(floorMs === undefined ? {} : { floorMs }),
  }
}
