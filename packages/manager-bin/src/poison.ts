import { MAX_WIRE_BYTES, queueNames, toWire, wireBytes } from '@cachewarmer/core'
import type { ManagerPorts, ManagerSettings } from './ports.ts'

/** Of reasons so much is kept. */
const reasonChars = 2_000

/** Keeps a message that nobody can read, with the reason, before it is removed from where it was: nothing is lost. */
export async function keepPoison(
  { service, clock }: ManagerPorts,
  { prefix, name }: ManagerSettings,
  { reason, body }: { readonly reason: string; readonly body: string },
  signal?: AbortSignal,
): Promise<void> {
  const note = (chars: number): string =>
    toWire({
      v: 1,
      reason: reason.slice(0, reasonChars),
      by: name,
      atMs: clock.now(),
      message: body.slice(0, chars),
    })
  let chars = body.length
  // What has to be escaped takes up to six times its room: of such a message less is kept, so that its note can be sent.
  while (chars > 0 && wireBytes(note(chars)) > MAX_WIRE_BYTES) chars = Math.floor(chars * 0.8)
  await service.queue(queueNames(prefix).poison).send(note(chars), { signal })
}
