import type { NfsError } from '../errors.ts'

/*
 * A link is one TCP connection as the RPC layer sees it, so that everything above it can be tested without a socket.
 */

export interface Link {
  /** Sends bytes, which stay the link's until it calls `done`. */
  write(bytes: Buffer, done: () => void): void
  /** Calls `run` when everything has had its turn that arrived together: calls made meanwhile go out in one write. */
  soon(run: () => void): void
  /** Ends the link at once. The handler hears nothing any more. */
  destroy(): void
}

export interface LinkHandler {
  opened(): void
  /** The first `length` of `bytes` arrived; they are the handler's until it returns. Gives the calls that are still out. */
  received(bytes: Buffer, length: number): number
  /** The link never came about, or is gone, by the other side or by an error. Called at most once. */
  lost(error: NfsError): void
}

/** Starts to open a link. Calls the handler only after it has returned. */
export type OpenLink = (handler: LinkHandler) => Link
