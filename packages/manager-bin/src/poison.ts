import { queueNames, toWire } from '@cachewarmer/core'
import type { ManagerPorts, ManagerSettings } from './ports.ts'

/** Of reasons and messages, so much is kept that the note fits a queue's message. */
const reasonChars = 2_000
const messageChars = 40_000

/** Keeps a message that nobody can read, with the reason, before it is removed from where it was: nothing is lost. */
export async function keepPoison(
  { service, clock }: ManagerPorts,
  { prefix, name }: ManagerSettings,
  { reason, body }: { readonly reason: string; readonly body: string },
  signal?: AbortSignal,
): Promise<void> {
  const note = {
    v: 1,
    reason: reason.slice(0, reasonChars),
    by: name,
    atMs: clock.now(),
    message: body.slice(0, messageChars),
  }
  await service.queue(queueNames(prefix).poison).send(toWire(note), { signal })
}
