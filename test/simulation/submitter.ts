import { type Job, makeJob } from '@cachewarmer/core'
import { submitWithList } from '@cachewarmer/submit'
import type { SimJob } from './expectations.ts'
import type { Life } from './life.ts'
import type { ListEntry } from './wanted.ts'
import { prefix, type World } from './world.ts'

/** The job as its message has it, but for its list. */
export function messageOf({ label, of, submitted, through, wanted, asked }: SimJob): Job {
  const paths = wanted.walksAll ? ['/'] : []
  const given = { addresses: [...submitted], exportPath: of.path, paths, jobId: label, through, ...asked }
  if (wanted.walksAll) return makeJob(given).job
  // A job without paths is none before its list is there.
  const { list: _, ...job } = makeJob({ ...given, list: { id: 'a'.repeat(12), chunks: 1, paths: 1 } }).job
  return job
}

/** A person at a program that sends a list and then the job: where it fails, or dies, it is started again. */
export function submitList(world: World, job: SimJob, list: readonly ListEntry[]): void {
  const { sim, tally } = world
  const life: Life = world.newLife('submitter')
  const again = (): void => {
    tally.count('lists submitted again')
    sim.after(3_000, () => submitList(world, job, list))
  }
  life.onDeath(again)
  const { service, random } = world.portsOf(life)
  submitWithList(service, prefix, messageOf(job), { listed: blocksOf(list), random, chunkPaths: job.wanted.chunkPaths })
    .then(() => tally.count('jobs over lists'))
    .catch((error: unknown) => {
      world.logger.warn('a list was not submitted', { job: job.label, error })
      again()
    })
}

/** As the lines of a file come: many at a time. */
async function* blocksOf(list: readonly ListEntry[]): AsyncGenerator<readonly ListEntry[], void> {
  for (let at = 0; at < list.length; at += 50) yield list.slice(at, at + 50)
}
