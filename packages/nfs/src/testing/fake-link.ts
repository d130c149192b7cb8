import type { NfsError } from '../errors.ts'
import type { Link, LinkHandler, OpenLink } from '../rpc/link.ts'
import { decodeCall, encodeReply, type RpcRefusal } from '../rpc/message.ts'
import { RecordReader, recordMark } from '../rpc/record.ts'
import { XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'
import { written } from './bytes.ts'

export interface SentCall {
  readonly xid: number
  readonly procedure: number
  /** The first word of the arguments, if there is one. */
  readonly word: number | undefined
}

/** One link that a connection opened, seen from the other end. Nothing happens on it by itself. */
export class FakeLink implements Link {
  readonly handler: LinkHandler
  /** Calls that were written, in order. */
  readonly calls: SentCall[] = []
  writes = 0
  destroyed = false
  readonly #later: (() => void)[] = []
  readonly #records = new RecordReader(
    {
      keep: () => Number.POSITIVE_INFINITY,
      record: (bytes, start, kept) => {
        const r = new XdrReader(bytes, start, start + kept)
        const { xid, procedure } = decodeCall(r)
        this.calls.push({ xid, procedure, word: r.remaining >= 4 ? r.u32() : undefined })
      },
    },
    1 << 20,
  )

  constructor(handler: LinkHandler) {
    this.handler = handler
  }

  write(bytes: Buffer, done: () => void): void {
    this.writes++
    this.#records.push(bytes)
    done()
  }

  soon(run: () => void): void {
    this.#later.push(run)
  }

  destroy(): void {
    this.destroyed = true
  }

  /** Ends a turn: what was made in it is written. */
  turn(): void {
    for (const run of this.#later.splice(0)) run()
  }

  open(): void {
    this.handler.opened()
    this.turn()
  }

  receive(bytes: Buffer): void {
    this.handler.received(bytes, bytes.length)
    this.turn()
  }

  /** Answers a call with results, or with a refusal. */
  answer(call: SentCall | undefined, answer: ((w: XdrWriter) => void) | RpcRefusal = () => {}): void {
    if (call === undefined) throw new Error('there is no such call')
    this.receive(replyTo(call.xid, answer))
  }

  lose(error: NfsError): void {
    this.handler.lost(error)
  }
}

/** A reply as it comes over the wire, its mark included. */
export function replyTo(xid: number, answer: ((w: XdrWriter) => void) | RpcRefusal): Buffer {
  return written((w) => {
    w.u32(0)
    encodeReply(w, xid, typeof answer === 'function' ? undefined : answer)
    if (typeof answer === 'function') answer(w)
    w.patchU32(0, recordMark(w.at - 4))
  })
}

/** All links that a connection opens, the latest last. */
export function fakeLinks(): { readonly links: FakeLink[]; readonly open: OpenLink; readonly last: () => FakeLink } {
  const links: FakeLink[] = []
  return {
    links,
    open(handler) {
      const link = new FakeLink(handler)
      links.push(link)
      return link
    },
    last() {
      const link = links.at(-1)
      if (link === undefined) throw new Error('no link was opened')
      return link
    },
  }
}
