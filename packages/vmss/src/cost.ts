import type { MachineHours } from './machine-hours.ts'
import type { ScaleSetSettings } from './settings.ts'

/** What the machines cost so far, disks and traffic left out. */
export interface Cost {
  readonly dollars: number
  /** `price`: by `pricePerHour`. `limit`: at most, by `maxPrice`, above which Azure takes the machines back. */
  readonly basis: 'price' | 'limit'
}

/** `undefined` where nobody said what a machine costs, such as regular ones that stood in for Spot machines. */
export function costOf(
  hours: MachineHours,
  { pricePerHour, maxPrice, candidates }: Pick<ScaleSetSettings, 'pricePerHour' | 'maxPrice' | 'candidates'>,
): Cost | undefined {
  const spentHours = hours.spentMs / 3_600_000
  if (pricePerHour === undefined) {
    // Settings with a limit have no regular machines.
    return maxPrice === -1 ? undefined : { dollars: spentHours * maxPrice, basis: 'limit' }
  }
  const others = hours.spentMs - hours.spentMsOf(candidates[0].priority)
  return others > 0 ? undefined : { dollars: spentHours * pricePerHour, basis: 'price' }
}
