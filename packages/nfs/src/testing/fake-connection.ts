import { type NfsStats, StatsCollector } from '../client/stats.ts'
import { jukeboxPolicy } from '../mount/dial.ts'
import { expectOk } from '../nfs3/status.ts'
import { NULL, type Procedure } from '../rpc/call.ts'
import { Connection, type ConnectionOptions } from '../rpc/connection.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { type FakeLink, fakeLinks } from './fake-link.ts'

/** Sends a word, gets a word; keeps 40 bytes of a reply at most. */
export const ECHO: Procedure<number, number> = {
  name: 'ECHO',
  number: 1,
  encode(w, word) {
    if (word < 0) throw new RangeError('no negative words')
    w.u32(word)
  },
  decode(r) {
    expectOk(r, 'ECHO')
    return r.u32()
  },
  keep: () => 40,
}

type Answer = (w: { u32(value: number): void }) => void

/** What ECHO is answered with: a word, or a status that says no. */
export const say =
  (word: number): Answer =>
  (w) => {
    w.u32(0)
    w.u32(word)
  }
export const status =
  (number: number): Answer =>
  (w) =>
    w.u32(number)

export interface FakeConnection {
  readonly clock: FakeClock
  readonly links: ReturnType<typeof fakeLinks>
  readonly connection: Connection
  readonly stats: () => NfsStats
}

/** A connection over links that do nothing by themselves. */
export function setUp(more: Partial<ConnectionOptions> = {}): FakeConnection {
  const clock = fakeClock()
  const links = fakeLinks()
  const collector = new StatsCollector()
  const connection = new Connection({
    openLink: links.open,
    clock,
    random: () => 0,
    program: 100_003,
    version: 3,
    credential: { flavor: 'none' },
    timeoutMs: 1_000,
    retries: 2,
    maxRecordBytes: 10_000,
    postpone: jukeboxPolicy(5_000, () => 1),
    observer: collector,
    known: false,
    where: { host: 'filer:2049', exportPath: '/a' },
    ...more,
  })
  return { clock, links, connection, stats: () => collector.snapshot() }
}

/** With a link that is open and has answered once. */
export async function setUpOpen(
  more?: Partial<ConnectionOptions>,
): Promise<FakeConnection & { readonly link: FakeLink }> {
  const all = setUp(more)
  const ping = all.connection.call(NULL, undefined)
  const link = all.links.last()
  link.open()
  link.answer(link.calls[0])
  await ping
  link.calls.length = 0
  return { ...all, link }
}
