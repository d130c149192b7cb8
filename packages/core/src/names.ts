import { CoreError, problem } from './errors.ts'

/** The queues of one prefix. */
export interface QueueNames {
  /** Jobs, as people submit them. */
  readonly job: string
  /** Work of the original's manager; ours uses a queue a run. */
  readonly work: string
  /** What could not be worked on, with the reason. */
  readonly poison: string
  /** Cancel, pause, resume, change. */
  readonly control: string
  /** Holds the token that makes one manager the leader. */
  readonly leader: string
  readonly runWork: (run: string) => string
  readonly runResults: (run: string) => string
  readonly runStatus: (run: string) => string
  /** Where somebody waits for the failures of a run that were asked for. */
  readonly failed: (reply: string) => string
  /** Whether it is such a queue. */
  readonly isFailed: (queueName: string) => boolean
  /** Chunks of a list of paths that a job brings along. */
  readonly list: (list: string) => string
  /** The list that a queue holds; undefined for every other queue. */
  readonly listOf: (queueName: string) => string | undefined
  /** The run that a queue belongs to; undefined for every other queue. */
  readonly runOf: (queueName: string) => string | undefined
}

/**
 * Returns the prefix if every queue name made from it is one that Azure Storage takes: 2 to 43 lowercase letters, digits
 * and single dashes, letters or digits at both ends (63 characters less `results-` and 12 of a run). Throws
 * `OPTION_INVALID`.
 */
export function checkPrefix(prefix: string): string {
  if (prefix.length >= 2 && prefix.length <= 43 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(prefix)) return prefix
  const expected = '2 to 43 lowercase letters, digits and single dashes, with a letter or digit at both ends'
  throw new CoreError('OPTION_INVALID', [problem('prefix', prefix, expected)])
}

/** Names of all queues of a prefix. Throws `OPTION_INVALID` as `checkPrefix` does. */
export function queueNames(prefix: string): QueueNames {
  const p = checkPrefix(prefix)
  return Object.freeze({
    job: `${p}job`,
    work: `${p}work`,
    poison: `${p}poison`,
    control: `${p}control`,
    leader: `${p}leader`,
    runWork: (run: string) => `${p}work-${run}`,
    runResults: (run: string) => `${p}results-${run}`,
    runStatus: (run: string) => `${p}status-${run}`,
    failed: (reply: string) => `${p}failed-${reply}`,
    isFailed: (queueName: string) => queueName.startsWith(p) && /^failed-[a-z0-9]{12}$/.test(queueName.slice(p.length)),
    list: (list: string) => `${p}list-${list}`,
    listOf: (queueName: string) =>
      queueName.startsWith(p) ? /^list-([a-z0-9]{12})$/.exec(queueName.slice(p.length))?.[1] : undefined,
    runOf: (queueName: string) =>
      queueName.startsWith(p)
        ? /^(?:work|results|status)-([a-z0-9]{12})$/.exec(queueName.slice(p.length))?.[1]
        : undefined,
  })
}
