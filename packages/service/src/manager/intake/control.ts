import {
  type Control,
  changeCeilings,
  decodeControl,
  encodeFailureList,
  type FailureList,
  isCoreError,
  packFailures,
} from '@cachewarmer/core'
import { isQueueError, type Logger } from '@cachewarmer/queue'
import { keepPoison } from '../../poison.ts'
import type { FailurePosition } from '../ledger/ledger.ts'
import type { ManagerPorts, ManagerSettings } from '../ports.ts'
import type { Intake, JobMessage } from './intake.ts'

export interface ControlledParts {
  readonly intake: Intake
  readonly lister: FailureLister
  readonly order: SteeringOrder
  /** Ends work in the background when this manager no longer leads. */
  readonly signal: AbortSignal
}

/**
 * After a manager's death its runs may be about to be resumed: a request for a run that this manager does not hold is looked
 * at this many times. Counted, not timed: the clocks of a manager and of the queues may be far apart.
 */
const keptDeliveries = 100
const againMs = 1_000

/**
 * The origin of a control message, as far as a queue knows it: no sender, but an id and a time with which the log of the storage
 * account names who sent it.
 */
const sentAs = ({ id, insertedAtMs }: JobMessage): { message: string; insertedAtMs: number } => ({
  message: id,
  insertedAtMs,
})

/**
 * Carries out what people ask of runs: cancel, pause, resume, change, or a list of failures. What is asked of a run that
 * this manager does not hold waits about two minutes for it. A message that can't be read is kept among the poison.
 */
export async function handleControl(
  ports: ManagerPorts,
  settings: ManagerSettings,
  { intake, lister, order, signal }: ControlledParts,
  message: JobMessage,
  logger: Logger,
): Promise<'complete' | { giveBackMs: number }> {
  let control: Control
  try {
    control = decodeControl(message.body)
  } catch (error) {
    if (!isCoreError(error)) throw error
    logger.warn('audit: a control message was refused', { ...sentAs(message), error: error.message })
    await keepPoison(ports, settings, { reason: error.message, body: message.body }, signal)
    return 'complete'
  }
  if (control.command === 'failures') {
    logger.info('audit: failures were asked for by the control queue', { ...sentAs(message), target: control.target })
    lister.tell(control.target, control.reply ?? '', signal, logger)
    return 'complete'
  }
  const place = order.placeOf(message.id)
  const runs = intake.find(control.target)
  if (runs.length > 0 || message.deliveries === 1)
    logger.info('audit: a run was steered by the control queue', {
      ...sentAs(message),
      ...control,
      runs: runs.map(({ record }) => record.run),
    })
  if (runs.length === 0) {
    if (control.command === 'cancel') ports.ledger.noteCancelled(control.target, ports.clock.now())
    return message.deliveries < keptDeliveries ? { giveBackMs: againMs } : 'complete'
  }
  if (control.command === 'cancel') {
    // Should this manager die before the ledger has their end, the next one ends these runs as well; and a job that waits for
    // one of them, as it was sent twice, is cancelled with it. First: where it can't be noted now, all of it comes again.
    const messages = [...runs.map(({ record }) => record.jobMessageId), ...intake.waiting(control.target)]
    for (const id of messages) ports.ledger.noteCancelled(id, ports.clock.now())
    for (const run of runs) run.cancel()
    return 'complete'
  }
  for (const run of runs) {
    const late = order.overtaken(run.record.run, place, settingsOf(control))
    if (late.length > 0)
      logger.info('audit: a control message came after a later one, which holds', {
        ...sentAs(message),
        target: control.target,
        late,
      })
    const ceilings = Object.entries(control.ceilings ?? {}).filter(([name]) => !late.includes(name))
    run.change({
      paused: control.command === 'change' || late.includes('paused') ? run.record.paused : control.command === 'pause',
      ceilings: changeCeilings(run.record.ceilings, Object.fromEntries(ceilings)),
      weight: late.includes('weight') ? run.record.weight : (control.weight ?? run.record.weight),
    })
  }
  return 'complete'
}

/** Names of what a message sets. */
const settingsOf = ({ command, ceilings = {}, weight }: Control): string[] =>
  command === 'change' ? [...Object.keys(ceilings), ...(weight === undefined ? [] : ['weight'])] : ['paused']

/** Messages that are remembered; people ask far less often. */
const mostPlaces = 10_000

/**
 * The order in which this manager first saw control messages. A queue may give one again after a later one was carried out,
 * because it waited for its run or its completion was not heard: an old pause must not undo a resume. Places are counted, not
 * timed, as clocks may be set back.
 */
export class SteeringOrder {
  #next = 0
  readonly #places = new Map<string, number>()
  readonly #latest = new Map<string, number>()

  placeOf(messageId: string): number {
    const known = this.#places.get(messageId)
    if (known !== undefined) return known
    remember(this.#places, messageId, this.#next)
    return this.#next++
  }

  /** Those of the settings that a later message has set for the run; of the others this one is the latest now. */
  overtaken(run: string, place: number, settings: readonly string[]): string[] {
    return settings.filter((setting) => {
      const key = `${run} ${setting}`
      if (place < (this.#latest.get(key) ?? 0)) return true
      remember(this.#latest, key, place)
      return false
    })
  }
}

function remember(places: Map<string, number>, key: string, place: number): void {
  places.set(key, place)
  const [oldest] = places.keys()
  if (places.size > mostPlaces && oldest !== undefined) places.delete(oldest)
}

/** Lists of failures that are not fetched within this time are removed. */
const forgottenMs = 3_600_000

/**
 * Sends all failures of a run into a queue that the asker made and removes: the ledger has them all, a
 * status only a sample. One list at a time, beside everything else. A list that breaks off is asked for again.
 */
export class FailureLister {
  readonly #ports: ManagerPorts
  readonly #settings: ManagerSettings
  readonly #seenAtMs = new Map<string, number>()
  #last: Promise<void> = Promise.resolve()

  constructor(ports: ManagerPorts, settings: ManagerSettings) {
    this.#ports = ports
    this.#settings = settings
  }

  /** Returns at once. Sending never makes a queue: an asker that deleted its queue ends its list. */
  tell(run: string, reply: string, signal: AbortSignal, logger: Logger): void {
    this.#last = this.#last.then(async () => {
      try {
        await this.#send(run, reply, signal)
      } catch (error) {
        if (signal.aborted || isQueueError(error, 'QUEUE_NOT_FOUND')) return
        logger.warn('a list of failures broke off', { run, reply, error })
      }
    })
  }

  /** Removes lists that were left behind, by the time since this manager first saw them. */
  async sweep(): Promise<void> {
    const { service, clock } = this.#ports
    const { prefix } = this.#settings
    const queues = (await service.list(prefix.failed(''))).filter((name) => prefix.isFailed(name))
    for (const known of this.#seenAtMs.keys()) if (!queues.includes(known)) this.#seenAtMs.delete(known)
    for (const name of queues) {
      const seenAtMs = this.#seenAtMs.get(name) ?? clock.now()
      this.#seenAtMs.set(name, seenAtMs)
      if (clock.now() - seenAtMs >= forgottenMs) await service.delete(name)
    }
  }

  async #send(run: string, reply: string, signal: AbortSignal): Promise<void> {
    const { ledger, service } = this.#ports
    const queue = service.queue(this.#settings.prefix.failed(reply))
    let part = 0
    const send = async (message: Pick<FailureList, 'last' | 'failures' | 'problem'>): Promise<void> => {
      await queue.send(encodeFailureList({ v: 1, run, part, ...message }), { signal })
      part += 1
    }
    if (ledger.run(run) === undefined) {
      await send({ last: true, failures: [], problem: 'the ledger of this manager does not know the run' })
      return
    }
    let from: FailurePosition | undefined
    do {
      const page = ledger.failuresFrom(run, from)
      for (const failures of packFailures(page.failures)) await send({ last: false, failures: [...failures] })
      from = page.next
    } while (from !== undefined)
    await send({ last: true, failures: [] })
  }
}
