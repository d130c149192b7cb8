import { fitText, MAX_WIRE_BYTES, shorten, toWire, wireBytes } from './text.ts'

const MAX_REASON_CHARACTERS = 2_000
const MAX_AUTHOR_CHARACTERS = 128

/** A message that cannot be worked on, as the poison queue keeps it. */
export interface PoisonNote {
  /** Why it was given up, for people. */
  readonly reason: string
  /** The manager or worker that gave it up. */
  readonly by: string
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** The message as it came. */
  readonly message: string
}

/** Fits one message, whatever the parts contain: the reason is cut at 2,000 characters, the message where the room ends. */
export function encodePoisonNote({ reason, by, atMs, message }: PoisonNote): string {
  const note = {
    v: 1,
    reason: shorten(reason, MAX_REASON_CHARACTERS),
    by: shorten(by, MAX_AUTHOR_CHARACTERS),
    atMs,
    message: '',
  }
  return toWire({ ...note, message: fitText(message, MAX_WIRE_BYTES - wireBytes(toWire(note))) })
}
