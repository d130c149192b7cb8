import { describe, expect, test } from 'vitest'
import { NfsError } from '../errors.ts'
import { ECHO, say, setUp, setUpOpen, status } from '../testing/fake-connection.ts'
import { replyTo } from '../testing/fake-link.ts'

const JUKEBOX = 10_008

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

  test('a reply to no call is counted and forgotten', async () => {
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

  test('nonsense once does no harm', async () => {
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

  test('JUKEBOX without end is reported in the end', async () => {
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
    link.lose(new NfsError('TIMEOUT', 'it broke'))
    connection.close()
    await answer
    expect([clock.timers, links.links.length]).toEqual([0, 1])
  })
})
