import { encodePoisonNote, type Prefix } from '@cachewarmer/core'
import type { Clock, QueueService } from '@cachewarmer/queue'

/** Keeps a message that cannot be worked on, with the reason, before it is removed from where it was: nothing is lost. */
export async function keepPoison(
  { service, clock }: { readonly service: QueueService; readonly clock: Clock },
  { prefix, name }: { readonly prefix: Prefix; readonly name: string },
  { reason, body }: { readonly reason: string; readonly body: string },
  signal?: AbortSignal,
): Promise<void> {
  const note = encodePoisonNote({ reason, by: name, atMs: clock.now(), message: body })
  await service.queue(prefix.poison).send(note, { signal })
}
