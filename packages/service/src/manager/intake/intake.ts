import { ceilingsOf, decodeJob, encodeStatus, isCoreError, type Job, makeId } from '@cachewarmer/core'
import type { Logger } from '@cachewarmer/queue'
import { keepPoison } from '../../poison.ts'
import type { RunRecord } from '../ledger/ledger.ts'
import { type ManagerPorts, type ManagerSettings, tell, wallMs } from '../ports.ts'
import { ActiveRun } from '../run/active-run.ts'
import { resolveSinceLast, specificationOf } from '../run/earlier.ts'
import { refusedStatus } from '../run/status.ts'
import { type ListedJob, listedJob, removeRunQueues, retireRunsOfJob } from '../upkeep/housekeeping.ts'
import { patiently } from '../upkeep/patience.ts'

export interface JobMessage {
  readonly id: string
  readonly body: string
  readonly deliveries: number
  readonly insertedAtMs: number
}

interface Held {
  readonly signal: AbortSignal
  readonly logger: Logger
}

interface Refusal {
  readonly run: string
  readonly job: Job | null
  readonly outcome: 'refused' | 'cancelled'
  readonly reason: string
}

/** How soon another manager may take a job that this one lets go of. */
const letGoMs = 0
/** How often a job that was sent twice is looked at again while the first one runs. */
const twinMs = 5_000
/** How many of the ledger's runs are looked at for one that has begun a list. */
const runsBack = 1_000

/**
 * What happens to a job message: refused with a status that says why, or run to its end. The job's lease is held all the
 * while, so that "the job queue is empty" means that every job was warmed, as the original's submitter expects.
 */
export class Intake {
  readonly #ports: ManagerPorts
  readonly #settings: ManagerSettings
  /** One run may be here twice for a moment: a lease that is lost comes back while who lost it still puts things down. */
  readonly #active = new Set<ActiveRun>()
  /** By message: jobs with lists that are here, and those that wait for another one with the same list. */
  readonly #listed = new Map<string, ListedJob>()
  readonly #listsInUse = new Set<string>()

  constructor(ports: ManagerPorts, settings: ManagerSettings) {
    this.#ports = ports
    this.#settings = settings
  }

  get runs(): readonly ActiveRun[] {
    return [...this.#active]
  }

  /** Runs by label, run id or id of the job message. */
  find(target: string): readonly ActiveRun[] {
    return this.runs.filter(
      ({ record }) => record.run === target || record.jobMessageId === target || record.job.jobId === target,
    )
  }

  /** Messages of jobs by label or id that have been here, and wait for another one with the same list. */
  waiting(target: string): readonly string[] {
    const active = new Set(this.runs.map(({ record }) => record.jobMessageId))
    const named = [...this.#listed].filter(([id, { label }]) => id === target || label === target)
    return named.map(([id]) => id).filter((id) => !active.has(id))
  }

  async handle(message: JobMessage, held: Held): Promise<'complete' | { giveBackMs: number }> {
    const listed = listedJob(message.body)
    if (listed === undefined) return this.#handle(message, held)
    const { list } = listed
    this.#listed.set(message.id, listed)
    // One after the other: each brings the whole list to its workers, and would miss what the other holds.
    if (this.#listsInUse.has(list) || this.#isBegunByAnother(list, message)) return { giveBackMs: twinMs }
    this.#listsInUse.add(list)
    try {
      const end = await this.#handle(message, held)
      if (end === 'complete') await patiently(this.#ports, held.signal, () => this.#dropList(message.id, list))
      return end
    } finally {
      this.#listed.delete(message.id)
      this.#listsInUse.delete(list)
    }
  }

  /**
   * The manager before this one may have begun the list with another copy of the job, whose message is not free yet. What
   * was asked of that run, as a pause, holds for the job; a copy that began meanwhile would know nothing of it.
   */
  #isBegunByAnother(list: string, { id }: JobMessage): boolean {
    return this.#ports.ledger
      .recentRuns(runsBack)
      .some(({ job, jobMessageId, outcome }) => outcome === undefined && job.list?.id === list && jobMessageId !== id)
  }

  /**
   * The list goes with its last job: a job that was sent again, because no answer came, may be there twice, and both need
   * it. Where not all jobs can be seen it stays, and is swept up some other day.
   */
  async #dropList(messageId: string, list: string): Promise<void> {
    const { service } = this.#ports
    const { prefix } = this.#settings
    const waiting = await service.queue(prefix.job).peek({ max: service.limits.maxPeek })
    if (waiting.length === service.limits.maxPeek) return
    const jobs = [...waiting.map(({ id, body }) => [id, listedJob(body)] as const), ...this.#listed]
    if (!jobs.some(([id, other]) => id !== messageId && other?.list === list)) await service.delete(prefix.list(list))
  }

  async #handle(message: JobMessage, held: Held): Promise<'complete' | { giveBackMs: number }> {
    const known = await this.#knownRun(message, held)
    // Done in the ledger: only the last steps may have been left over.
    if (known?.outcome !== undefined) {
      await new ActiveRun(this.#ports, this.#settings, known).repeatEnd(held.signal)
      return 'complete'
    }
    const goesOn = known !== undefined && (await this.#isCurrent(message, known))
    const record = goesOn ? known : await this.#accept(message, held)
    if (!goesOn && known !== undefined) this.#ports.ledger.endRun(known.run, 'lost', this.#ports.clock.now())
    if (record === undefined) return 'complete'
    const run = new ActiveRun(this.#ports, this.#settings, record)
    this.#active.add(run)
    if (goesOn && this.#ports.ledger.isCancelled([message.id])) run.cancel()
    held.logger.info(goesOn ? 'run resumed' : 'run started', {
      run: record.run,
      job: record.job.jobId ?? record.jobMessageId,
    })
    try {
      const end = await run.execute(held.signal)
      return end === undefined ? { giveBackMs: letGoMs } : 'complete'
    } finally {
      this.#active.delete(run)
    }
  }

  /**
   * The run of this very message. One of the same id that came at another time is of queues that were made anew since: it
   * is lost, and the job is begun. Bodies are not compared, as the original's manager rewrites them.
   */
  async #knownRun(message: JobMessage, held: { logger: Logger }): Promise<RunRecord | undefined> {
    const runs = this.#ports.ledger.runsOfJob(message.id)
    const found = runs.find(({ jobInsertedAtMs }) => jobInsertedAtMs === message.insertedAtMs)
    for (const other of runs) {
      if (other.jobInsertedAtMs === message.insertedAtMs) continue
      held.logger.warn('the ledger knows another job by this message id, which came at another time', {
        run: other.run,
        jobInsertedAtMs: other.jobInsertedAtMs,
        messageInsertedAtMs: message.insertedAtMs,
      })
      if (other.outcome !== undefined) continue
      await removeRunQueues(this.#ports, this.#settings, other.run)
      this.#ports.ledger.endRun(other.run, 'lost', this.#ports.clock.now())
    }
    if (found?.outcome !== 'lost' || (await new ActiveRun(this.#ports, this.#settings, found).saysEnd())) return found
    // Given up while its job was out of sight, without a status that says so: here the job is again, with queues that were restored.
    held.logger.warn('a job is here again whose run was given up: it is begun anew', { run: found.run })
    await removeRunQueues(this.#ports, this.#settings, found.run)
    await this.#ports.service.delete(this.#settings.prefix.runStatus(found.run))
    return undefined
  }

  /**
   * A job that was delivered before may have been with a manager of another ledger meanwhile, which retired our run: then
   * it is begun anew, and what is left of ours goes. Where ours stands, it is theirs that goes.
   */
  async #isCurrent(message: JobMessage, known: RunRecord): Promise<boolean> {
    if (message.deliveries === 1 || !known.rootSent) return true
    const others = await retireRunsOfJob(this.#ports, this.#settings, message.id, known.run)
    if (others === 'stands') return true
    await removeRunQueues(this.#ports, this.#settings, known.run)
    return false
  }

  /** Writes a new run to the ledger, or refuses the job for what it says. */
  async #accept(message: JobMessage, held: Held): Promise<RunRecord | undefined> {
    const { clock, ledger, random } = this.#ports
    const run = makeId(random)
    let decoded: { job: Job; warnings: string[] }
    try {
      decoded = decodeJob(message.body)
    } catch (error) {
      if (!isCoreError(error)) throw error
      return this.#refuse(message, { run, job: null, outcome: 'refused', reason: error.message }, held)
    }
    const { job } = decoded
    if (ledger.isCancelled([message.id, ...(job.jobId === undefined ? [] : [job.jobId])])) {
      const reason = 'it was cancelled before it started'
      return this.#refuse(message, { run, job, outcome: 'cancelled', reason }, held)
    }
    const nowMs = wallMs(this.#ports)
    const resolved = resolveSinceLast(job, ledger, nowMs)
    if (message.deliveries > 1) await retireRunsOfJob(this.#ports, this.#settings, message.id)
    const record: RunRecord = {
      run,
      jobMessageId: message.id,
      jobInsertedAtMs: message.insertedAtMs,
      job: resolved.job,
      specification: specificationOf(job),
      warnings: [...decoded.warnings, ...resolved.warnings],
      startedAtMs: clock.now(),
      startedWallMs: nowMs,
      generation: 0,
      rootSent: false,
      paused: false,
      revision: 1,
      weight: job.weight,
      ceilings: ceilingsOf(job),
    }
    await patiently(this.#ports, held.signal, () => ledger.addRun(record))
    return record
  }

  /** Nothing is lost: the message stays in the poison queue, and a status tells the reason to the waiting submitter. */
  async #refuse(message: JobMessage, refused: Refusal, held: Held): Promise<undefined> {
    const { service, clock } = this.#ports
    const { run, job, outcome, reason } = refused
    const label = job?.jobId ?? labelOf(message.body)
    held.logger.warn('a job was not run', { run, job: label ?? message.id, outcome, reason })
    const known = { run, job, label, outcome, jobMessageId: message.id, jobInsertedAtMs: message.insertedAtMs }
    const status = refusedStatus(known, reason, clock.now())
    tell(this.#ports, (observer) => observer.saw?.(status, () => []))
    const queue = this.#settings.prefix.runStatus(run)
    await service.create(queue, { signal: held.signal })
    await service.queue(queue).send(encodeStatus(status), { ttlMs: this.#settings.retainMs, signal: held.signal })
    if (outcome === 'cancelled') return undefined
    await keepPoison(this.#ports, this.#settings, { reason, body: message.body }, held.signal)
    return undefined
  }
}

/** The label of a job that is otherwise unreadable, so that its waiting submitter gets the reason. */
function labelOf(body: string): string | undefined {
  return /"jobid"\s*:\s*"([!-~]{1,128}?)"/i.exec(body)?.[1]
}
