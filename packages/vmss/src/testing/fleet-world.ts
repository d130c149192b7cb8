import { type ArmCompute, armCompute } from '../azure/arm.ts'
import { openScaleSet } from '../scale-set/keeper.ts'
import type { KeepOptions, ScaleSet } from '../scale-set/scale-set.ts'
import { resolveScaleSet, type ScaleSetOptions, type ScaleSetSettings } from '../scale-set/settings.ts'
import { type Arm, type ArmOptions, startArm } from './arm/start-arm.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { aScaleSet, testResourceGroup, testSubscription } from './settings.ts'

/** A resource manager on loopback, the real SDK's port to it, and a clock that the test moves. */
export interface FleetWorld extends AsyncDisposable {
  readonly arm: Arm
  readonly compute: ArmCompute
  readonly clock: FakeClock
  readonly settings: ScaleSetSettings
  /** Opens the scale set of the settings, as a manager that has just started does. Closed with the world. */
  readonly open: (given?: Partial<ScaleSetOptions>, keep?: KeepOptions) => ScaleSet
  /** Requests since the last call, as `METHOD` and what follows the set's name. */
  readonly asked: () => string[]
}

export async function aFleetWorld(options: ArmOptions = {}): Promise<FleetWorld> {
  const clock = fakeClock()
  const arm = await startArm({ now: () => clock.now(), ...options })
  const { cloud, ca, credential } = arm
  const azure = { subscriptionId: testSubscription, resourceGroup: testResourceGroup }
  const compute = armCompute({ ...azure, credential, cloud, ca, pollMs: 5 })
  const opened: ScaleSet[] = []
  let told = 0
  return {
    arm,
    compute,
    clock,
    settings: resolveScaleSet(aScaleSet()),
    open: (given = {}, keep = {}) => {
      const set = openScaleSet(compute, resolveScaleSet(aScaleSet(given)), { clock }, keep)
      opened.push(set)
      return set
    },
    asked: () => {
      const fresh = arm.requests.slice(told)
      told = arm.requests.length
      return fresh
        .filter(({ path }) => !path.includes('/operations/'))
        .map(({ method, path }) => `${method} ${path.replace(/^.*\/virtualMachineScaleSets\/[^/]+/, '')}`.trimEnd())
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map((set) => set.close()))
      await arm.close()
    },
  }
}
