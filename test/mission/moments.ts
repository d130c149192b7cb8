/** Where a job and its scale set are in their life, in this order. */
export const stages = ['starting', 'leading', 'creating', 'working', 'ended', 'deleting'] as const
export type Stage = (typeof stages)[number]

/** When a manager is killed: so long after it, or Azure, has come so far. */
export interface Moment {
  readonly stage: Stage
  readonly afterMs: number
}

/** A little longer than each lasts, so that now and then the next one has begun. */
const lastsMs: Readonly<Record<Stage, number>> = {
  starting: 800,
  leading: 600,
  creating: 500,
  working: 1_500,
  ended: 1_200,
  deleting: 500,
}

/** Moments of one life in their order, of which one at least is in the stage `sure`. */
export function drawMoments(random: () => number, count: number, sure: Stage): Moment[] {
  const draw = (): number => Math.floor(random() * stages.length)
  const drawn = [stages.indexOf(sure), ...Array.from({ length: count - 1 }, draw)].sort((a, b) => a - b)
  return drawn.map((at) => {
    const stage = stages[at] ?? sure
    return { stage, afterMs: Math.round(random() * lastsMs[stage]) }
  })
}
