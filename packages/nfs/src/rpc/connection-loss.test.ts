import { describe, expect, test } from 'vitest'
import { NfsError } from '../errors.ts'
import { ECHO, say, setUp, setUpOpen } from '../testing/fake-connection.ts'
import { replyTo } from '../testing/fake-link.ts'
import { NULL } from './call.ts'

const broken = new NfsError('TIMEOUT', 'it broke')

describe('a server that sends replies to no call', () => {
  const stranger = replyTo(0x1234_5678, say(1))

  test('loses the link after a bounded number of replies with foreign xids, and calls go over the next', async () => {
    const { connection, links, link, clock } = await setUpOpen()
    const answer = connection.call(ECHO, 1)
    link.turn()
    let replies = 0
    for (; !link.destroyed && replies < 10_000; replies++) link.receive(stranger)
    expect([link.destroyed, replies < 1_100]).toEqual([true, true])
    clock.advance(0)
    links.last().open()
    links.last().answer(links.last().calls[0], say(7))
    expect(await answer).toBe(7)
  })

  test('loses it also with nothing out, and the reply to one call as often as it likes is no exception', async () => {
    for (const reply of [() => stranger, (xid: number) => replyTo(xid, () => undefined)]) {
      const { connection, link } = await setUpOpen()
      const ping = connection.call(NULL, undefined)
      link.turn()
      const xid = link.calls[0]?.xid ?? 0
      link.answer(link.calls[0])
      await ping
      for (let n = 0; n < 10_000 && !link.destroyed; n++) link.receive(reply(xid))
      expect(link.destroyed).toBe(true)
    }
  })

  test('keeps it where it repeats each reply, and where many calls were given up', async () => {
    const { connection, link } = await setUpOpen()
    for (let n = 0; n < 5_000; n++) {
      const answer = connection.call(ECHO, n)
      link.turn()
      link.answer(link.calls.at(-1), say(n))
      link.answer(link.calls.at(-1), say(n))
      await answer
    }
    const stop = new AbortController()
    const given = Array.from({ length: 5_000 }, (_, n) => connection.call(ECHO, n, stop.signal).catch(() => undefined))
    link.turn()
    stop.abort()
    await Promise.all(given)
    for (const call of link.calls.slice(5_000)) link.answer(call, say(1))
    expect(link.destroyed).toBe(false)
    connection.close()
  })

  test('loses it for fragments without end', async () => {
    const { connection, link } = await setUpOpen()
    const answer = connection.call(ECHO, 1).catch(() => undefined)
    link.turn()
    link.receive(Buffer.alloc(4 * 1_000))
    expect(link.destroyed).toBe(true)
    connection.close()
    await answer
  })

  test('loses it for a reply that trickles in for ever, byte by byte', async () => {
    const { connection, links, link, clock } = await setUpOpen()
    const trickle = (ms: number): void => {
      for (let at = 0; at < ms && !link.destroyed; at += 100) {
        link.receive(Buffer.of(0))
        clock.advance(100)
      }
    }
    link.receive(Buffer.from([0x80, 0, 0x20, 0]))
    const first = connection.call(ECHO, 1)
    link.turn()
    const failed = expect(first).rejects.toMatchObject({ code: 'TIMEOUT' })
    trickle(3_000)
    clock.advance(100)
    await failed
    const second = connection.call(ECHO, 2)
    link.turn()
    trickle(1_000)
    expect(link.destroyed).toBe(true)
    clock.advance(0)
    links.last().open()
    links.last().answer(links.last().calls[0], say(2))
    expect(await second).toBe(2)
  })

  test('keeps it while replies end one after another, however slowly each comes', async () => {
    const { connection, link, clock } = await setUpOpen()
    for (let n = 0; n < 20; n++) {
      const answer = connection.call(ECHO, n)
      link.turn()
      const reply = replyTo(link.calls.at(-1)?.xid ?? 0, say(n))
      link.receive(reply.subarray(0, 10))
      clock.advance(900)
      link.receive(reply.subarray(10))
      expect(await answer).toBe(n)
    }
    expect(link.destroyed).toBe(false)
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
    links.last().lose(broken) // That may happen to any server,
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
