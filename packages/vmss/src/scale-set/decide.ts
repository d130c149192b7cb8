import type { ObservedInstance, ObservedSet } from './compute-port.ts'
import { currentShare, type Deed, type Memory } from './memory.ts'
import type { Candidate } from './settings.ts'

/**
 * `unknown` until Azure was asked once. Then
 *
 *     absent -> starting -> running <-> changing
 *                  |           |           |
 *                  v           v           v
 *       absent <- deleting <- (any) <-> failed
 *
 * `starting` has no machine yet that runs, `failed` means that Azure could not do all of the last change: machines that
 * it did make continue, and without any the set is deleted. Everything ends in `absent`, also when another client deletes it.
 */
export type ScaleSetState = 'unknown' | 'absent' | 'starting' | 'running' | 'changing' | 'failed' | 'deleting'

/** The state, from what was seen and from what Azure has accepted since. */
export function stateOf(
  set: ObservedSet | undefined,
  instances: readonly ObservedInstance[],
  busy: Exclude<Deed, 'look'> | undefined,
): ScaleSetState {
  if (busy === 'delete-set') return 'deleting'
  if (set === undefined) return busy === 'create' ? 'starting' : 'absent'
  if (set.state === 'deleting') return 'deleting'
  if (!instances.some(({ state }) => state === 'running')) return set.state === 'failed' ? 'failed' : 'starting'
  if (busy !== undefined || set.state === 'creating' || set.state === 'updating') return 'changing'
  return set.state === 'failed' ? 'failed' : 'running'
}

/** Runs, or will. */
const isHealthy = ({ state }: ObservedInstance): boolean => state === 'running' || state === 'starting'

/** Will never run again and may still cost. */
const isBroken = ({ state }: ObservedInstance): boolean => state === 'failed' || state === 'stopped'

/** As many as wanted, and none to clear away. */
export const isComplete = (instances: readonly ObservedInstance[], wanted: number): boolean =>
  instances.filter(isHealthy).length === wanted && !instances.some(isBroken)

/** As many as wanted, and every one of them at work. */
export const runsAll = (instances: readonly ObservedInstance[], wanted: number): boolean =>
  instances.length === wanted && instances.every(({ state }) => state === 'running')

/** All that a decision depends on. */
export interface Situation {
  readonly nowMs: number
  readonly set: ObservedSet | undefined
  readonly instances: readonly ObservedInstance[]
  /** What Azure has accepted from us and not yet finished. */
  readonly busy: Exclude<Deed, 'look'> | undefined
  readonly wanted: number
  /** Names of machines whose workers have work; they go last. */
  readonly working: ReadonlySet<string>
  /** The machine hours are used up. */
  readonly spent: boolean
  readonly memory: Memory
}

export interface Policy {
  /** Machines at most. */
  readonly count: number
  readonly candidates: readonly [Candidate, ...Candidate[]]
  /** Whether machines of this size have accelerated networking when a set is made for them. */
  readonly accelerated: (size: string) => boolean
}

/** Each says why, for the log and for people who ask. */
export type Action = { readonly reason: string } & (
  | { readonly kind: 'wait' }
  | { readonly kind: 'create'; readonly candidate: Candidate; readonly capacity: number }
  | { readonly kind: 'resize'; readonly capacity: number; readonly size: string }
  | { readonly kind: 'delete-instances'; readonly ids: readonly string[] }
  | { readonly kind: 'delete-set' }
  /** Nothing for Azure: this candidate cannot join the set that is there. */
  | { readonly kind: 'next-size' }
)

const wait = (reason: string): Action => ({ kind: 'wait', reason })

/** What to do next. Pure; whose the set is was checked before. */
export function nextAction(now: Situation, policy: Policy): Action {
  const { set, instances, busy, nowMs, memory } = now
  const wanted = Math.min(now.wanted, policy.count)
  if (wanted === 0) return remove(now, 'no machines are wanted')
  if (now.spent) return remove(now, 'the machine hours are used up')
  if (busy !== undefined) return wait(`Azure is at it: ${busy}`)
  const candidate = policy.candidates[memory.candidate] ?? policy.candidates[0]
  const mayGrow = nowMs >= memory.growAtMs
  // Below the quota there may be room for some where there is none for all.
  const reach = Math.max(1, Math.floor(wanted * currentShare(memory, nowMs)))
  if (set === undefined) {
    if (!mayGrow) return wait('machines were refused a moment ago')
    return { kind: 'create', candidate, capacity: reach, reason: `${wanted} machines are wanted` }
  }
  if (set.state !== 'ready' && set.state !== 'failed') return wait(`Azure is at it: ${set.state}`)
  const healthy = instances.filter(isHealthy)
  if (healthy.length === 0 && (set.state === 'failed' || !sameKind(set, candidate))) {
    return { kind: 'delete-set', reason: 'nothing of it runs' }
  }
  const broken = instances.filter(isBroken)
  if (broken.length > 0) {
    return { kind: 'delete-instances', ids: broken.map(({ id }) => id), reason: 'they failed or were shut down' }
  }
  if (healthy.length > wanted) {
    const ids = expendable(healthy, now.working).slice(0, healthy.length - wanted)
    return { kind: 'delete-instances', ids, reason: `only ${wanted} machines are wanted` }
  }
  if (healthy.length >= reach) return wait(healthy.length === wanted ? 'all is well' : 'the quota has no room for more')
  if (!mayGrow) return wait('machines were refused a moment ago')
  if (!fits(set, candidate, policy))
    return { kind: 'next-size', reason: `${candidate.size} cannot join the machines there are` }
  return {
    kind: 'resize',
    capacity: reach,
    size: candidate.size,
    reason: `${healthy.length} of ${reach} machines are there`,
  }
}

function remove({ set, busy }: Situation, reason: string): Action {
  if (busy === 'delete-set' || set?.state === 'deleting') return wait('Azure is at it: delete-set')
  if (set === undefined && busy === undefined) return wait(reason)
  return { kind: 'delete-set', reason }
}

const sameKind = (set: ObservedSet, { size, priority }: Candidate): boolean =>
  set.size === size && set.spot === (priority === 'spot')

/** A set keeps its priority and its kind of network for life, but machines of another size may join it. */
const fits = (set: ObservedSet, { size, priority }: Candidate, { accelerated }: Policy): boolean =>
  set.spot === (priority === 'spot') && (!set.acceleratedNetworking || accelerated(size))

/** Who goes first: those that have not begun, then those that have nothing to do, then the youngest. */
function expendable(instances: readonly ObservedInstance[], working: ReadonlySet<string>): string[] {
  // Azure and the machine itself do not agree on the case of a host name.
  const names = new Set([...working].map((name) => name.toLowerCase()))
  const rank = ({ state, name, computerName = '' }: ObservedInstance): number => {
    if (state === 'starting') return 0
    return names.has(name.toLowerCase()) || names.has(computerName.toLowerCase()) ? 2 : 1
  }
  const age = ({ createdAtMs = 0 }: ObservedInstance): number => -createdAtMs
  return [...instances]
    .sort((a, b) => rank(a) - rank(b) || age(a) - age(b) || Number(b.id) - Number(a.id))
    .map(({ id }) => id)
}
