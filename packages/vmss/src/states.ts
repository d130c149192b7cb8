import type { ObservedInstance, ObservedSet } from './compute-port.ts'
import type { Deed } from './memory.ts'

/**
 * `unknown` until Azure was asked once. Then
 *
 *     absent -> starting -> running <-> changing
 *                  |           |           |
 *                  v           v           v
 *       absent <- deleting <- (any) <-> failed
 *
 * `starting` has no machine yet that runs, `failed` means that Azure could not do all of the last change: machines that
 * it did make go on, and without any the set is deleted. Everything ends in `absent`, whoever deletes it.
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
export const isHealthy = ({ state }: ObservedInstance): boolean => state === 'running' || state === 'starting'

/** Will never run again and may still cost. */
export const isBroken = ({ state }: ObservedInstance): boolean => state === 'failed' || state === 'stopped'

/** As many as wanted, and none to clear away. */
export const isComplete = (instances: readonly ObservedInstance[], wanted: number): boolean =>
  instances.filter(isHealthy).length === wanted && !instances.some(isBroken)

/** As many as wanted, and every one of them at work. */
export const runsAll = (instances: readonly ObservedInstance[], wanted: number): boolean =>
  instances.length === wanted && instances.every(({ state }) => state === 'running')
