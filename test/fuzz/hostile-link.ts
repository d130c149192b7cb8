import { NULL } from '../../packages/nfs/src/rpc/call.ts'
import { recordMark } from '../../packages/nfs/src/rpc/record.ts'
import { setUp } from '../../packages/nfs/src/testing/fake-connection.ts'
import { replyTo } from '../../packages/nfs/src/testing/fake-link.ts'

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

/** A connection with calls out, and a server on the other end that sends the bytes of the test. */
export class HostileLink {
  readonly #setUp = setUp()
  readonly calls: number
  /** Whole records that were sent before the link ended. */
  replies = 0
  /** Of the record that has not ended. */
  fragments = 0
  recordBytes = 0
  answered = 0

  constructor(calls: number) {
    this.calls = calls
    for (let n = 0; n < calls; n++)
      void this.#setUp.connection.call(NULL, undefined).then(
        () => this.answered++,
        () => undefined,
      )
    this.#link.open()
  }

  get isOver(): boolean {
    return this.#link.destroyed
  }

  get #link() {
    return this.#setUp.links.last()
  }

  close(): void {
    this.#setUp.connection.close()
  }

  /** One of: an empty fragment, a short one, a long one, a foreign reply, one that was asked for, an empty record. */
  send(kind: number): void {
    const link = this.#link
    const fragment = [0, 1, 1_000][kind % 6]
    if (fragment !== undefined) {
      link.receive(Buffer.concat([word(fragment), Buffer.alloc(fragment)]))
      this.fragments += 1
      this.recordBytes += fragment
      return
    }
    // Within a record these end it.
    if (kind % 6 === 5 || this.fragments > 0) link.receive(word(recordMark(0)))
    else if (kind % 6 === 4) link.answer(link.calls[kind % this.calls])
    else link.receive(replyTo(kind, () => undefined))
    this.replies += 1
    this.fragments = 0
    this.recordBytes = 0
  }
}
