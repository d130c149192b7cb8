/** Where a job and its scale set are in their life, in this order. */
const stages = ['starting', 'leading', 'creating', 'working', 'ended', 'deleting'] as const
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

/** Moments of one life in their order. Where there are two or more, Azure is making the set in one and deleting it in another. */
export function drawMoments(random: () => number, count: number): Moment[] {
  const draw = (): Stage => stages[Math.floor(random() * stages.length)] ?? 'starting'
  const sure: Stage[] = count < 2 ? [] : ['creating', 'deleting']
  return [...sure, ...Array.from({ length: count - sure.length }, draw)]
    .sort((a, b) => stages.indexOf(a) - stages.indexOf(b))
    .map((stage) => ({ stage, afterMs: Math.round(random() * lastsMs[stage]) }))
}
