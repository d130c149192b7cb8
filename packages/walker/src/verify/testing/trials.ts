import { scaleOf } from '../statistics.ts'
import { judge, type Verdict, wholeOf } from '../warmth.ts'
import { type SimulatedCache, simulate } from './simulated.ts'

const scale = scaleOf([])

/** What became of a number of seeded trials of one kind. */
export interface Trials {
  /** Trials with a verdict. */
  readonly conclusive: number
  /** Of those, the ones whose interval does not hold the truth. */
  readonly wrong: number
  /** The widest interval. */
  readonly widest: number
}

function trial(seed: number, cache: SimulatedCache, addresses = 1): { truth: number; whole: Verdict } {
  const { truth, measured } = simulate(seed, cache, addresses)
  return { truth, whole: wholeOf(measured.map((one) => judge(one, { population: cache.files, scale }))) }
}

/** Seeds are drawn anew for each kind of trial. */
export function trialsOf(count: number, firstSeed: number, cache: SimulatedCache, addresses = 1): Trials {
  let conclusive = 0
  let wrong = 0
  let widest = 0
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const { truth, whole } = trial(seed, cache, addresses)
    if (!whole.conclusive) continue
    conclusive++
    if (truth < whole.low - 1e-9 || truth > whole.high + 1e-9) wrong++
    widest = Math.max(widest, whole.high - whole.low)
  }
  return { conclusive, wrong, widest }
}
