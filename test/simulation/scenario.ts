import type { Dice } from './seeded.ts'

/** A stretch of simulated time, in milliseconds since its beginning. */
export interface Spell {
  readonly fromMs: number
  readonly toMs: number
}

/** The faults of a scenario. Each seed has a few of them, so that some occur alone and some together. */
export const faultKinds = [
  'worker killed',
  'manager killed',
  'ledger lost',
  'manager stopped',
  'worker stalled',
  'manager stalled',
  'clock leaps',
  'clocks disagree',
  'killed at a call',
  'request lost',
  'answer lost',
  'throttled',
  'outage',
  'slow spell',
  'lease lost',
  'message late',
  'message twice',
  'address away',
  'tree changes',
  'eviction with notice',
  'eviction without notice',
  'machine fails to start',
  'compute refuses',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** The events of a run, all drawn from the seed beforehand except those that depend on the run itself. */
export interface Scenario {
  readonly faults: ReadonlySet<FaultKind>
  /** After this nothing goes wrong any more, so that a job that does not end then never would. */
  faultsUntilMs: number
  /** The mean pause between two blows: kills, stalls, evictions. */
  readonly blowMs: number
  /** Share of calls that something happens to. */
  readonly callFaults: number
  readonly queueMs: number
  /** Polling interval of an idle process. */
  readonly polling: Readonly<{ minMs: number; maxMs: number }>
  readonly readMs: number
  readonly leaseMs: number
  readonly managers: 1 | 2
  /** Two managers have one ledger file, on one machine, or each its own. */
  readonly sharedLedger: boolean
  /** A scale set behind the compute port, or processes that are there at once. */
  readonly fleet: 'machines' | 'processes'
  /** No manager comes back any more from this time on: jobs may not end, but machines must. */
  readonly abandonedAtMs: number | undefined
  readonly maxWorkers: number
  readonly slots: number
  readonly concurrency: number
  readonly budgetMs: number
  readonly idleMs: number
  readonly abandonedAfterMs: number
  readonly pageSize: number
  readonly resumable: boolean
  readonly handles: boolean
  readonly jobs: number
  readonly throughSpread: boolean
  readonly addresses: number
  /** Unreadable messages: in front of the jobs, among items and among results. */
  readonly garbage: boolean
  readonly pauses: boolean
  readonly cancels: boolean
  readonly treeScale: number
  readonly denied: boolean
  /** While these last, calls to the queues are refused, fail or take long. */
  readonly throttleSpells: readonly Spell[]
  readonly outageSpells: readonly Spell[]
  readonly slowSpells: readonly Spell[]
}

const second = 1_000
const minute = 60_000

export function drawScenario(dice: Dice): Scenario {
  const calm = dice.chance(0.05)
  const share = dice.pick([0.15, 0.3, 0.6])
  const faults = new Set(calm ? [] : faultKinds.filter(() => dice.chance(share)))
  const faultsUntilMs = dice.between(10 * second, dice.chance(0.15) ? 5 * minute : 60 * second)
  const spells = (kind: FaultKind, longestMs: number): Spell[] => {
    if (!faults.has(kind)) return []
    return Array.from({ length: 1 + dice.below(3) }, () => {
      const fromMs = dice.between(0, faultsUntilMs)
      return { fromMs, toMs: Math.min(faultsUntilMs, fromMs + dice.between(second, longestMs)) }
    })
  }
  const fleet = dice.chance(0.35) ? 'machines' : 'processes'
  const abandoned = fleet === 'machines' && faults.has('manager killed') && dice.chance(0.15)
  return {
    faults,
    faultsUntilMs,
    blowMs: dice.between(0.3 * second, dice.pick([2, 8, 30]) * second),
    callFaults: dice.pick([0.002, 0.01, 0.03]),
    queueMs: dice.pick([2, 10, 40]),
    polling: { minMs: 100, maxMs: dice.pick([1_000, 5_000]) },
    readMs: dice.pick([2, 40, 150, 500]),
    leaseMs: Math.round(dice.between(6 * second, dice.pick([12, 25]) * second)),
    managers: dice.chance(0.3) ? 2 : 1,
    sharedLedger: dice.chance(0.4),
    fleet,
    abandonedAtMs: abandoned ? dice.between(5 * second, faultsUntilMs) : undefined,
    maxWorkers: 1 + dice.below(4),
    slots: 1 + dice.below(3),
    concurrency: dice.pick([2, 6, 16, 32]),
    budgetMs: Math.round(dice.between(1 * second, dice.pick([3, 20]) * second)),
    idleMs: dice.pick([2, 10, 20]) * second,
    abandonedAfterMs: 5 * minute,
    pageSize: dice.pick([7, 40, 300]),
    resumable: dice.chance(0.5),
    handles: dice.chance(0.5),
    jobs: dice.chance(0.75) ? 1 : 2 + dice.below(3),
    throughSpread: dice.chance(0.25),
    addresses: 1 + dice.below(3),
    garbage: dice.chance(0.2),
    pauses: dice.chance(0.1),
    cancels: dice.chance(0.05),
    treeScale: dice.chance(0.03) ? 6 : dice.pick([0.2, 0.6, 1, 1.5]),
    denied: dice.chance(0.25),
    throttleSpells: spells('throttled', 20 * second),
    outageSpells: spells('outage', 45 * second),
    slowSpells: spells('slow spell', 20 * second),
  }
}

export const within = (spells: readonly Spell[], atMs: number): boolean =>
  spells.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs)
