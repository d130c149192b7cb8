import { CoreError, problem } from '../errors.ts'
import { jobExpressions } from '../filters/expression.ts'
import { toWire, wireBytes } from '../wire/text.ts'
import { readObject, writeMessage } from '../wire/validate.ts'
import { inMessageOrder, type Job, jobFields, maxSpecBytes, sinceLast } from './fields.ts'
import { fieldReader } from './reader.ts'

export interface ReadJob {
  readonly job: Job
  /** What was odd but did no harm, a sentence each. */
  readonly warnings: string[]
}

export interface ParseJobOptions {
  /** Refuse unknown keys instead of warning of them. Default false. */
  readonly strict?: boolean | undefined
}

/**
 * Reads a job as people type it: keys in any case, lists absent or `null`, unknown keys kept as warnings. Throws
 * `JOB_INVALID` with all problems at once.
 */
export function parseJob(fields: Readonly<Record<string, unknown>>, options: ParseJobOptions = {}): ReadJob {
  const from = fieldReader(fields)
  const compileExpression = jobExpressions()
  const read = Object.entries(jobFields).map(([name, field]) => [name, field.read(from, compileExpression)])
  const job = Object.fromEntries(read.filter(([, value]) => value !== undefined)) as Job
  if (job.maxFileSizeBytes !== 0 && job.minFileSizeBytes > job.maxFileSizeBytes) {
    from.refuse('MinFileSizeBytes', 'no more than MaxFileSizeBytes')
  }
  if (job.modifiedSince === sinceLast && job.list !== undefined) {
    from.refuse('ModifiedSince', 'a time where there is a list: the last list is not kept')
  }
  from.finish(options.strict === true ? 'refuse' : 'warn')
  const problems = [...from.problems, ...specProblems(job)]
  if (problems.length > 0) throw new CoreError('JOB_INVALID', problems)
  return { job, warnings: from.warnings }
}

/** As `parseJob`, from a message, plain or in base64. Throws `JOB_INVALID`, or `TOO_LARGE` beyond 64 KiB. */
export const decodeJob = (text: string): ReadJob => parseJob(readObject(text, 'JOB_INVALID'))

/**
 * A job from its normalized fields; what is left out gets its default. Refuses unknown fields and all that `parseJob`
 * refuses.
 */
export function makeJob(given: Partial<Job> & Pick<Job, 'addresses' | 'exportPath' | 'paths'>): ReadJob {
  return parseJob(keysOf(given), { strict: true })
}

/**
 * The message of a job: the original's keys in its spelling and order, then ours where they are not default. Throws
 * `TOO_LARGE` when the job can't be carried by a status message.
 */
export function encodeJob(job: Job): string {
  const problems = specProblems(job)
  if (problems.length > 0) throw new CoreError('TOO_LARGE', problems)
  return writeMessage(keysOf(job))
}

/** The keys of a message; those that are undefined are not written. */
function keysOf(job: Partial<Job>): Record<string, unknown> {
  const written = Object.entries(jobFields).map(([name, field]) => field.write(job[name as keyof Job] as never))
  return inMessageOrder(Object.assign({}, ...written) as Record<string, unknown>)
}

function specProblems(job: Job) {
  const bytes = wireBytes(toWire(job))
  if (bytes <= maxSpecBytes) return []
  const advice = `at most ${maxSpecBytes} bytes in all: shorten the lists, or submit several jobs`
  return [problem('job', `${bytes} bytes`, advice)]
}
