import { type Job, makeJob, type RunStatus } from '@cachewarmer/core'
import { isQueueError, type QueueService, systemClock } from '@cachewarmer/queue'
import { submitJob, watchJob } from '@cachewarmer/submit'
import { type MadeTree, pause } from '../support/lab.ts'

export interface WatchedTree {
  readonly addresses: readonly string[]
  readonly exportPath: string
  /** The files at `/stable`, where nothing changes. */
  readonly stable: MadeTree
}

/** Submits jobs one after the other and looks at what each says in the end. */
export class Watch {
  jobs = 0
  files = 0
  /** Violations: a job that ended badly, an impossible count. */
  readonly problems: string[] = []
  readonly #tree: WatchedTree
  readonly #log: (line: string) => void

  constructor(tree: WatchedTree, log: (line: string) => void) {
    this.#tree = tree
    this.#log = log
  }

  async lane(service: QueueService, path: string, stop: AbortSignal): Promise<void> {
    const { addresses, exportPath } = this.#tree
    while (!stop.aborted) {
      const { job } = makeJob({ addresses: [...addresses], exportPath, paths: [path] })
      const messageId = await this.#submit(service, { ...job, maxRequestsPerSecond: 2_000 }, stop)
      if (messageId === undefined) return
      let last: RunStatus | undefined
      const options = { clock: systemClock, reached: true }
      for await (const status of watchJob(service, 'lab', { messageId }, options)) last = status
      this.jobs += 1
      if (last === undefined) this.problems.push(`${path}: job ${messageId} left no status`)
      else this.#check(path, last)
      if (this.jobs % 20 === 0) this.#log(`soak: ${this.jobs} jobs, ${this.files} files, ${this.problems.length} wrong`)
    }
  }

  /** Tried until the queue service is there; a job that was sent and not answered for runs unwatched. */
  async #submit(service: QueueService, job: Job, stop: AbortSignal): Promise<string | undefined> {
    while (!stop.aborted) {
      try {
        return (await submitJob(service, 'lab', job)).messageId
      } catch (error) {
        if (!isQueueError(error)) throw error
        await pause(1_000)
      }
    }
    return undefined
  }

  #check(path: string, { run, outcome, progress, problem }: RunStatus): void {
    const { files, bytes, failures } = progress.counts
    const { stable } = this.#tree
    this.files += files
    const failed = Object.values(failures).reduce((sum, count) => sum + count, 0)
    const said = `${path}: run ${run}: ${outcome}, ${files} files, ${bytes} bytes, ${JSON.stringify(failures)} ${problem ?? ''}`
    if (outcome !== 'warmed' && outcome !== 'completed with failures') this.problems.push(said)
    else if ((outcome === 'warmed') !== (failed === 0)) this.problems.push(said)
    else if (path === '/stable') {
      const exact = files === stable.files && bytes === stable.bytes
      if (outcome === 'warmed' ? !exact : files > stable.files) this.problems.push(said)
    }
  }
}
