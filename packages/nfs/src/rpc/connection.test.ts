import { describe, expect, test } from 'vitest'
import { NfsError } from '../errors.ts'
import { jukeboxPolicy } from '../jukebox.ts'
import { expectOk } from '../nfs3/status.ts'
import { StatsCollector } from '../stats.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { fakeLinks, replyTo } from '../testing/fake-link.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { NULL, type Procedure } from './procedure.ts'

/** Sends a word, gets a word; keeps 40 bytes of a reply at most. */
const ECHO: Procedure<number, number> = {
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
const say = (word: number) => (w: { u32(value: number): void }) => {
  w.u32(0)
  w.u32(word)
}
const status = (number: number) => (w: { u32(value: number): void }) => w.u32(number)
const JUKEBOX = 10_008
const broken = new NfsError('TIMEOUT', 'it broke')

function setUp(more: Partial<ConnectionOptions> = {}) {
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
async function setUpOpen(more?: Partial<ConnectionOptions>) {
  const all = setUp(more)
  const ping = all.connection.call(NULL, undefined)
  const link = all.links.last()
  link.open()
  link.answer(link.calls[0])
  await ping
  link.calls.length = 0
  return { ...all, link }
}

describe('calls', () => {
  test('the first call opens the link; calls of one turn go out in one write and are answered in any order', async () => {
    const { connection, links } = setUp()
    expect(links.links).toHaveLength(0)
    const answers = Promise.all([connection.call(ECHO, 7), connection.call(ECHO, 8), connection.call(ECHO, 9)])
    const link = links.last()
    expect(link.calls).toHaveLength(0)
    link.open()
    expect([link.writes, link.calls.map((c) => c.word), connection.outstanding]).toEqual([1, [7, 8, 9], 3])
    for (const index of [2, 0, 1]) link.answer(link.calls[index], say(index))
    expect(await answers).toEqual([0, 1, 2])
    expect(connection.outstanding).toBe(0)
  })

  test('a call that can not be encoded fails alone', async () => {
    const { connection, link } = await setUpOpen()
    const bad = connection.call(ECHO, -1)
    const good = connection.call(ECHO, 1)
    link.turn()
    await expect(bad).rejects.toThrow('no negative words')
    link.answer(link.calls[0], say(5))
    expect(await good).toBe(5)
    expect(link.calls).toHaveLength(1)
  })

  test('many calls of one turn are written in pieces, and all arrive', async () => {
    const { connection, link } = await setUpOpen()
    const answers = Promise.all(Array.from({ length: 5_000 }, (_, word) => connection.call(ECHO, word)))
    link.turn()
    expect(link.calls).toHaveLength(5_000)
    expect(link.writes).toBeGreaterThan(2)
    for (const call of link.calls) link.answer(call, say(call.word ?? 0))
    expect(await answers).toEqual(Array.from({ length: 5_000 }, (_, word) => word))
  })

  test('a reply in pieces, most of it unwanted, is the same reply', async () => {
    const { connection, link } = await setUpOpen()
    const answer = connection.call(ECHO, 1)
    link.turn()
    const bytes = replyTo(link.calls[0]?.xid ?? 0, (w) => {
      say(3)(w)
      w.raw(Buffer.alloc(9_000))
    })
    for (let at = 0; at < bytes.length; at += 700) link.receive(bytes.subarray(at, at + 700))
    expect(await answer).toBe(3)
  })

  test('a reply that nobody waits for is counted and forgotten', async () => {
    const { connection, link, stats } = await setUpOpen()
    const answer = connection.call(ECHO, 1)
    link.turn()
    const [call] = link.calls
    link.answer({ xid: 0x7777_0003, procedure: 1, word: 0 }, say(1))
    link.answer(call, say(2))
    link.answer(call, say(3))
    expect(await answer).toBe(2)
    expect(stats().strays).toBe(2)
  })

  test('more calls than there are xids are refused, and no sooner', async () => {
    const { connection } = setUp()
    const calls = Array.from({ length: 65_536 }, () => connection.call(ECHO, 1))
    await expect(connection.call(ECHO, 1)).rejects.toMatchObject({ code: 'TOO_MANY_CALLS' })
    connection.close()
    expect((await Promise.allSettled(calls)).every((call) => call.status === 'rejected')).toBe(true)
  })
})

describe('replies that say no', () => {
  test('a status is an error that says whom it came from', async () => {
    const { connection, link } = await setUpOpen()
    const answer = connection.call(ECHO, 1)
    link.turn()
    link.answer(link.calls[0], status(70))
    await expect(answer).rejects.toMatchObject({ code: 'STALE', host: 'filer:2049', exportPath: '/a' })
  })

  test.each([
    [{ kind: 'PROG_MISMATCH', low: 4, high: 4 } as const, 'VERSION', /version 4 only/],
    [{ kind: 'PROG_MISMATCH', low: 2, high: 4 } as const, 'VERSION', /2 to 4/],
    [{ kind: 'PROG_UNAVAIL' } as const, 'VERSION', /does not serve NFS/],
    [{ kind: 'AUTH_ERROR', status: 'AUTH_TOOWEAK' } as const, 'RPC_REFUSED', /AUTH_TOOWEAK.*Kerberos/],
    [{ kind: 'AUTH_ERROR', status: 'AUTH_BADCRED' } as const, 'RPC_REFUSED', /AUTH_BADCRED/],
    [{ kind: 'RPC_MISMATCH', low: 2, high: 2 } as const, 'RPC_REFUSED', /RPC_MISMATCH/],
    [{ kind: 'SYSTEM_ERR' } as const, 'RPC_REFUSED', /SYSTEM_ERR/],
  ])('%j is %s', async (refusal, code, message) => {
    const { connection, link } = await setUpOpen()
    const answer = connection.call(ECHO, 1)
    link.turn()
    link.answer(link.calls[0], refusal)
    await expect(answer).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test('nonsense is asked for again, as often as allowed, and then told', async () => {
    const { connection, link, stats } = await setUpOpen()
    const answer = connection.call(ECHO, 1)
    link.turn()
    for (let time = 0; time < 3; time++) link.answer(link.calls[time], () => {})
    await expect(answer).rejects.toMatchObject({ code: 'PROTOCOL', host: 'filer:2049' })
    expect(link.calls).toHaveLength(3)
    expect(stats().retransmissions).toBe(2)
  })

  test('nonsense once harms nobody', async () => {
    const { connection, link } = await setUpOpen()
    const answer = connection.call(ECHO, 1)
    link.turn()
    link.answer(link.calls[0], () => {})
    link.answer(link.calls[1], say(4))
    expect(await answer).toBe(4)
  })

  test('JUKEBOX is waited out, longer each time, and observers hear of it', async () => {
    const { connection, link, clock, stats } = await setUpOpen()
    const answer = connection.call(ECHO, 1)
    link.turn()
    for (const ms of [100, 200, 400]) {
      link.answer(link.calls.at(-1), status(JUKEBOX))
      const sent = link.calls.length
      expect(connection.outstanding).toBe(1)
      clock.advance(ms - 1)
      link.turn()
      expect(link.calls).toHaveLength(sent)
      clock.advance(1)
      link.turn()
      expect(link.calls).toHaveLength(sent + 1)
    }
    link.answer(link.calls.at(-1), say(6))
    expect(await answer).toBe(6)
    expect(stats()).toMatchObject({ jukeboxes: 3, retransmissions: 0, timeouts: 0 })
  })

  test('JUKEBOX without end is told in the end', async () => {
    const { connection, link, clock } = await setUpOpen()
    const answer = expect(connection.call(ECHO, 1)).rejects.toMatchObject({ code: 'JUKEBOX' })
    link.turn()
    let answered = 0
    for (let ms = 0; ms < 10_000; ms += 50) {
      for (; answered < link.calls.length; answered++) link.answer(link.calls[answered], status(JUKEBOX))
      clock.advance(50)
      link.turn()
    }
    await answer
    expect(link.calls.length).toBeGreaterThan(4)
  })
})

describe('silence', () => {
  test('a call that gets no answer while others do is sent again, with the same xid', async () => {
    const { connection, link, clock, stats } = await setUpOpen()
    const slow = connection.call(ECHO, 1)
    link.turn()
    for (let step = 0; step < 11; step++) {
      clock.advance(100)
      const quick = connection.call(NULL, undefined)
      link.turn()
      link.answer(link.calls.at(-1))
      await quick
    }
    const [first, second] = link.calls.filter((call) => call.procedure === 1)
    expect(second).toEqual(first)
    link.answer(first, say(1))
    expect(await slow).toBe(1)
    expect(stats()).toMatchObject({ timeouts: 1, retransmissions: 1, reconnects: 0 })
  })

  test('on a link that is slow, calls are not sent again before their turn has come', async () => {
    const { connection, link, clock, stats } = await setUpOpen()
    clock.advance(10)
    const answers = Promise.all(Array.from({ length: 25 }, (_, word) => connection.call(ECHO, word)))
    link.turn()
    for (let index = 0; index < 25; index++) {
      clock.advance(100)
      link.turn()
      link.answer(link.calls[index], say(index))
    }
    expect(await answers).toHaveLength(25)
    expect(stats()).toMatchObject({ retransmissions: 0, timeouts: 0, reconnects: 0 })
  })

  test('a link on which nothing comes at all is replaced, and everything out goes over the next', async () => {
    const { connection, links, link, clock, stats } = await setUpOpen()
    const answers = Promise.all([connection.call(ECHO, 1), connection.call(ECHO, 2)])
    link.turn()
    clock.advance(1_200)
    expect([link.destroyed, links.links.length]).toEqual([true, 2])
    links.last().open()
    expect(links.last().calls).toEqual(link.calls)
    for (const call of links.last().calls) links.last().answer(call, say(call.word ?? 0))
    expect(await answers).toEqual([1, 2])
    expect(stats()).toMatchObject({ timeouts: 2, retransmissions: 2, reconnects: 1 })
  })

  test('a call fails after all its retransmissions, and says how long it tried', async () => {
    const { connection, links, link, clock } = await setUpOpen()
    const answer = expect(connection.call(ECHO, 1)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/ECHO: no answer within 3\d\d\d ms.*nothing was heard/),
    })
    link.turn()
    for (let step = 0; step < 32; step++) {
      clock.advance(100)
      if (!links.last().destroyed && links.last() !== link) links.last().open()
    }
    await answer
    expect(connection.outstanding).toBe(0)
  })

  test('a link that does not open in time is given up', async () => {
    const { connection, links, clock } = setUp()
    const answer = expect(connection.call(ECHO, 1)).rejects.toMatchObject({ code: 'TIMEOUT' })
    clock.advance(1_200)
    await answer
    expect(links.last().destroyed).toBe(true)
  })

  test('silence with nothing out is no silence, and no timer runs', async () => {
    const { links, clock, stats } = await setUpOpen()
    clock.advance(1_000_000)
    expect([links.links.length, clock.timers, stats().timeouts]).toEqual([1, 0, 0])
  })
})

describe('lost links', () => {
  test('what is out goes out again over the next link, at once; half a reply is forgotten', async () => {
    const { connection, links, link, clock } = await setUpOpen()
    const answer = connection.call(ECHO, 1)
    link.turn()
    link.receive(replyTo(link.calls[0]?.xid ?? 0, say(1)).subarray(0, 20))
    link.lose(broken)
    clock.advance(0)
    links.last().open()
    links.last().answer(links.last().calls[0], say(2))
    expect(await answer).toBe(2)
  })

  test('calls made while there is no link wait for the next', async () => {
    const { connection, links, link, clock } = await setUpOpen()
    const first = connection.call(ECHO, 1)
    link.lose(broken)
    const second = connection.call(ECHO, 2)
    clock.advance(0)
    links.last().open()
    for (const call of links.last().calls) links.last().answer(call, say(call.word ?? 0))
    expect(await Promise.all([first, second])).toEqual([1, 2])
  })

  test('a link lost with nothing out is opened by the next call', async () => {
    const { connection, links, link, clock, stats } = await setUpOpen()
    link.lose(broken)
    clock.advance(10_000)
    expect(links.links).toHaveLength(1)
    const answer = connection.call(ECHO, 1)
    links.last().open()
    links.last().answer(links.last().calls[0], say(1))
    expect(await answer).toBe(1)
    expect(stats()).toMatchObject({ reconnects: 0, retransmissions: 0 })
  })

  test('a server that was never there is an error at once', async () => {
    const { connection, links, clock } = setUp()
    const answer = connection.call(ECHO, 1)
    links.last().lose(new NfsError('REFUSED', 'nothing listens'))
    await expect(answer).rejects.toMatchObject({ code: 'REFUSED', host: 'filer:2049' })
    clock.advance(60_000)
    expect(links.links).toHaveLength(1)
  })

  test('a server that took the first link and then is gone is an error at once, too', async () => {
    const { connection, links, clock } = setUp()
    const answer = connection.call(ECHO, 1)
    links.last().open()
    links.last().lose(broken) // That may happen to anybody,
    clock.advance(0)
    expect(links.links).toHaveLength(2)
    links.last().lose(new NfsError('REFUSED', 'nothing listens')) // but not this.
    await expect(answer).rejects.toMatchObject({ code: 'REFUSED' })
    expect(clock.timers).toBeLessThanOrEqual(1)
  })

  test('a server that is known from elsewhere is waited for', async () => {
    const { connection, links, clock } = setUp({ known: true })
    const answer = connection.call(ECHO, 1)
    links.last().lose(new NfsError('REFUSED', 'nothing listens'))
    clock.advance(100)
    links.last().open()
    links.last().answer(links.last().calls[0], say(1))
    expect(await answer).toBe(1)
  })

  test('what never spoke RPC is an error at once', async () => {
    const { connection, links } = setUp()
    const answer = connection.call(ECHO, 1)
    links.last().open()
    links.last().receive(Buffer.from('HTTP/1.1 400 Bad Request\r\n'))
    await expect(answer).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: expect.stringContaining('a record of at most'),
    })
  })

  test('noise on a good link replaces it', async () => {
    const { connection, links, link, clock } = await setUpOpen()
    const answer = connection.call(ECHO, 1)
    link.turn()
    link.receive(Buffer.from('HTTP/1.1 400 Bad Request\r\n'))
    expect(link.destroyed).toBe(true)
    clock.advance(0)
    links.last().open()
    links.last().answer(links.last().calls[0], say(1))
    expect(await answer).toBe(1)
  })

  test('a server that is away is tried again and again, more slowly each time, until calls give up', async () => {
    const { connection, links, link, clock, stats } = await setUpOpen({ timeoutMs: 10_000, retries: 0 })
    const answer = expect(connection.call(ECHO, 1)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('nothing listens'),
    })
    link.turn()
    link.lose(broken)
    const tries: number[] = []
    for (let ms = 0; ms < 12_000; ms += 100) {
      clock.advance(100)
      if (links.last().destroyed || links.last() === link) continue
      tries.push(ms)
      links.last().lose(new NfsError('REFUSED', 'nothing listens'))
    }
    await answer
    expect(tries).toEqual([0, 100, 300, 700, 1_500, 3_100, 6_300])
    expect(stats().reconnects).toBe(8)
  })
})

describe('giving up', () => {
  test("an abort ends a signal's calls at once with its reason, sent or waiting, and no other", async () => {
    const { connection, link } = await setUpOpen()
    const stop = new AbortController()
    const [sent, postponed, other] = [
      connection.call(ECHO, 1, stop.signal),
      connection.call(ECHO, 2, stop.signal),
      connection.call(ECHO, 3),
    ]
    link.turn()
    link.answer(link.calls[1], status(JUKEBOX))
    const reason = new Error('enough')
    const [a, b] = [expect(sent).rejects.toBe(reason), expect(postponed).rejects.toBe(reason)]
    stop.abort(reason)
    await Promise.all([a, b])
    expect(connection.outstanding).toBe(1)
    link.answer(link.calls[0], say(1)) // Too late, and no harm.
    link.answer(link.calls[2], say(3))
    expect(await other).toBe(3)
  })

  test('an aborted signal makes no call', async () => {
    const { connection, links } = setUp()
    await expect(connection.call(ECHO, 1, AbortSignal.abort('no'))).rejects.toBe('no')
    expect(links.links).toHaveLength(0)
  })

  test('closing ends everything that is out, and everything after', async () => {
    const { connection, link, clock } = await setUpOpen()
    const [sent, postponed] = [connection.call(ECHO, 1), connection.call(ECHO, 2)]
    link.turn()
    link.answer(link.calls[1], status(JUKEBOX))
    const closed = expect.objectContaining({ code: 'CLOSED' })
    const all = [expect(sent).rejects.toEqual(closed), expect(postponed).rejects.toEqual(closed)]
    connection.close()
    connection.close()
    await Promise.all(all)
    await expect(connection.call(ECHO, 3)).rejects.toEqual(closed)
    expect([link.destroyed, clock.timers]).toEqual([true, 0])
  })

  test('closing while the link is being opened again leaves no timer', async () => {
    const { connection, links, link, clock } = await setUpOpen()
    const answer = expect(connection.call(ECHO, 1)).rejects.toMatchObject({ code: 'CLOSED' })
    link.lose(broken)
    connection.close()
    await answer
    expect([clock.timers, links.links.length]).toEqual([0, 1])
  })
})
