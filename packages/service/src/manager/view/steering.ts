import { CoreError, isCoreError, problem } from '@cachewarmer/core'
import type { QueueService } from '@cachewarmer/queue'
import { cancelJob, changeJob, isSubmitError, type JobChange, pauseJob, resumeJob } from '../../submit/index.ts'

/** What a person asks of a run from its page; `Answered` says what became of that. */
export interface Steering {
  ask(run: string, wish: unknown): Promise<Answered>
}

interface Answered {
  readonly status: 202 | 400 | 404 | 409
  /** Why nothing was changed. */
  readonly error?: string
}

const keys = ['maxBytesPerSecond', 'maxRequestsPerSecond', 'maxWorkers'] as const

/** Takes the same road as `cachewarmer-submit`: a message in the control queue, which the leader carries out. */
export function steeringBy(service: QueueService, prefix: string): Steering {
  return {
    async ask(run, wish) {
      try {
        const { command, change } = readWish(wish)
        if (command === 'change') await changeJob(service, prefix, run, change)
        else await { cancel: cancelJob, pause: pauseJob, resume: resumeJob }[command](service, prefix, run)
        return { status: 202 }
      } catch (error) {
        if (error instanceof WishError || isCoreError(error)) return { status: 400, error: error.message }
        if (!isSubmitError(error)) throw error
        return { status: error.code === 'JOB_UNKNOWN' ? 404 : 409, error: error.message }
      }
    },
  }
}

class WishError extends Error {
  override readonly name = 'WishError'
}

type Command = 'cancel' | 'pause' | 'resume' | 'change'

/** What is asked is checked by `changeJob`; here it only gets its shape. */
function readWish(wish: unknown): { command: Command; change: JobChange } {
  const { command, weight, ceilings, ...others } = fields(wish, 'the request')
  if (command !== 'cancel' && command !== 'pause' && command !== 'resume' && command !== 'change')
    throw new WishError('command: expected "cancel", "pause", "resume" or "change"')
  const known = fields(ceilings ?? {}, 'ceilings')
  const ours = ([key]: readonly [string, unknown]): boolean => keys.some((one) => one === key)
  const unknown = [...Object.entries(others), ...Object.entries(known).filter((entry) => !ours(entry))]
  const problems = unknown.map(([key, value]) => problem(key, value, 'no such key'))
  if (problems.length > 0) throw new CoreError('CONTROL_INVALID', problems)
  const values = { ...(weight === undefined ? {} : { weight }), ...known }
  if (command !== 'change' && Object.keys(values).length > 0)
    throw new WishError('command: expected "change", where ceilings or a weight are given')
  return { command, change: values as JobChange }
}

function fields(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new WishError(`${what}: expected an object`)
}
