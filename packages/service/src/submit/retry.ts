import { ancestors, type Failure, type Job, type RunStatus } from '@cachewarmer/core'
import type { QueueService } from '@cachewarmer/queue'
import { SubmitError } from './errors.ts'
import { type FailuresOptions, listFailures } from './failures.ts'
import type { ListedPath } from './list.ts'
import { type SubmittedJob, submitWithList } from './submit.ts'

export interface RetryOptions extends FailuresOptions {
  /** In place of what the job said, but for addresses and paths. Without `jobId` the new job gets a label. */
  readonly change?: Partial<Omit<Job, 'addresses' | 'paths' | 'list'>> | undefined
  /** Called once, before anything is sent, with the jobs that there will be. Throws to send none. */
  readonly onPlanned?: ((jobs: readonly RetriedJob[]) => void) | undefined
}

/** A job that warms what failed through the same addresses. */
export interface RetriedJob {
  readonly addresses: readonly string[]
  /** Files, and directories with all below them. */
  readonly paths: number
}

/**
 * Warms what failed in a run that has ended, and nothing else: each failed path through the addresses that it failed at,
 * or through all of the job's where the cause was none of them in particular. Paths that failed at other addresses become
 * a job of their own, so there may be several; none where nothing failed. Memory grows with the number of failed paths.
 * Throws `SubmitError` with `JOB_RUNNING`, `JOB_REFUSED`, or as `listFailures` does.
 */
export async function retryRun(
  service: QueueService,
  prefix: string,
  { run, state, job }: RunStatus,
  options: RetryOptions,
): Promise<readonly (RetriedJob & SubmittedJob)[]> {
  if (state !== 'ended')
    throw new SubmitError('JOB_RUNNING', run, `run ${run} still runs: what failed can be retried once it has ended`)
  if (job === null)
    throw new SubmitError('JOB_REFUSED', run, `run ${run} was refused, so nothing of it was read: submit the job anew`)
  const failed = new FailedPaths(job)
  for await (const failure of listFailures(service, prefix, run, options)) failed.add(failure)
  const groups = failed.groups()
  options.onPlanned?.(groups.map(({ addresses, paths }) => ({ addresses, paths })))
  const { jobId, ...change } = options.change ?? {}
  const { list: _, jobId: __, modifiedSince, ...rest } = job
  const submitted: (RetriedJob & SubmittedJob)[] = []
  for (const [at, { addresses, paths, listed }] of groups.entries()) {
    const label = jobId === undefined ? {} : { jobId: groups.length === 1 ? jobId : `${jobId}-${at + 1}` }
    const since = modifiedSince === undefined ? {} : { modifiedSince }
    const again = { ...rest, ...since, ...change, ...label, addresses: [...addresses], paths: [] }
    const { random, signal } = options
    submitted.push({ addresses, paths, ...(await submitWithList(service, prefix, again, { listed, random, signal })) })
  }
  return submitted
}

interface Group extends RetriedJob {
  readonly listed: AsyncIterable<readonly ListedPath[]>
}

const pathsAtOnce = 1_000

/** Which paths failed, and at which addresses: a bit for each address, and one for a directory with all below it. */
export class FailedPaths {
  readonly #job: Job
  readonly #marks = new Map<string, bigint>()
  readonly #all: bigint
  readonly #tree: bigint

  constructor(job: Job) {
    this.#job = job
    this.#tree = 1n << BigInt(job.addresses.length)
    this.#all = this.#tree - 1n
  }

  /**
   * In a warm-up of data an address is to blame for a file alone. Where none is named, a directory was not listed or not
   * even begun: a file is warmed as well when it is looked at as one.
   */
  add({ path, address }: Failure): void {
    const { addresses, through, mode } = this.#job
    const at = through === 'spread' || address === undefined ? -1 : addresses.indexOf(address)
    const where = at < 0 ? this.#all : 1n << BigInt(at)
    const isFile = address !== undefined && mode === 'data'
    this.#marks.set(path, (this.#marks.get(path) ?? 0n) | where | (isFile ? 0n : this.#tree))
  }

  /** As few jobs as there can be: one for each set of addresses, or for each address where the sets are more. */
  groups(): readonly Group[] {
    const sets = new Map<bigint, number>()
    for (const [, mark] of this.#needed()) {
      const set = mark & this.#all
      sets.set(set, (sets.get(set) ?? 0) + 1)
    }
    const single = this.#job.addresses.map((_, at) => 1n << BigInt(at))
    const used = single.filter((bit) => [...sets.keys()].some((set) => (set & bit) !== 0n))
    if (sets.size <= used.length) return [...sets].map(([set, paths]) => this.#group(set, paths, (of) => of === set))
    return used.map((bit) => {
      const has = (of: bigint): boolean => (of & bit) !== 0n
      const paths = [...sets].reduce((sum, [set, count]) => sum + (has(set) ? count : 0), 0)
      return this.#group(bit, paths, has)
    })
  }

  #group(addresses: bigint, paths: number, has: (set: bigint) => boolean): Group {
    return {
      addresses: this.#job.addresses.filter((_, at) => (addresses & (1n << BigInt(at))) !== 0n),
      paths,
      listed: this.#listed(has),
    }
  }

  async *#listed(has: (set: bigint) => boolean): AsyncGenerator<ListedPath[], void> {
    let some: ListedPath[] = []
    for (const [path, mark] of this.#needed()) {
      if (!has(mark & this.#all)) continue
      some.push({ path, kind: (mark & this.#tree) === 0n ? 'file' : 'tree' })
      if (some.length < pathsAtOnce) continue
      yield some
      some = []
    }
    if (some.length > 0) yield some
  }

  /** Without what lies in a directory that is warmed through as many addresses. */
  *#needed(): Generator<readonly [string, bigint], void> {
    for (const [path, mark] of this.#marks) {
      const isWithin = ancestors(path).some((outer) => {
        const around = this.#marks.get(outer) ?? 0n
        return (around & this.#tree) !== 0n && (around & mark & this.#all) === (mark & this.#all)
      })
      if (!isWithin) yield [path, mark]
    }
  }
}
