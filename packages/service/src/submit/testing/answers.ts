import { decodeControl, encodeFailureList, type FailureList } from '@cachewarmer/core'
import { type Clock, type QueueService, sleep } from '@cachewarmer/queue'
import { names } from './builders.ts'

/** Answers the first question for failures as a manager does, with these messages; gives the run that was asked for. */
export async function answerFailures(
  service: QueueService,
  clock: Pick<Clock, 'setTimer'>,
  messages: readonly FailureList[],
): Promise<string> {
  for (;;) {
    const isThere = (await service.list(names.control)).length > 0
    const [asked] = isThere ? await service.queue(names.control).receive({ max: 1, leaseMs: 60_000 }) : []
    if (asked === undefined) {
      await sleep(clock, 100)
      continue
    }
    const { command, target, reply = '' } = decodeControl(asked.body)
    if (command !== 'failures') throw new Error(`asked for ${command}`)
    for (const message of messages) await service.queue(names.failed(reply)).send(encodeFailureList(message))
    await asked.complete()
    return target
  }
}

/** All failures in one message. */
export const allFailures = (run: string, failures: FailureList['failures']): FailureList => ({
  v: 1,
  run,
  part: 0,
  last: true,
  failures,
})
