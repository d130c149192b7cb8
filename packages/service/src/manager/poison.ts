import { encodePoisonNote, queueNames } from '@cachewarmer/core'
import type { ManagerPorts, ManagerSettings } from './ports.ts'

/** Keeps a message that cannot be worked on, with the reason, before it is removed from where it was: nothing is lost. */
export async function keepPoison(
  { service, clock }: ManagerPorts,
  { prefix, name }: ManagerSettings,
  { reason, body }: { readonly reason: string; readonly body: string },
  signal?: AbortSignal,
): Promise<void> {
  const note = encodePoisonNote({ reason, by: name, atMs: clock.now(), message: body })
  await service.queue(queueNames(prefix).poison).send(note, { signal })
}
