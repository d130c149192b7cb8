import assert from 'node:assert/strict'
import { bodies, type Cases, fails } from './harness.ts'

const printable = String.fromCharCode(...[...Array(95).keys()].map((n) => n + 0x20))

/** Bodies that XML, SQL, JSON or a helpful parser might bend. */
const awkward = [
  printable,
  ' leading',
  'trailing ',
  '   ',
  '<a>&amp;&#65;</a>',
  '<![CDATA[x]]>',
  ']]>',
  '0',
  '007',
  '1e3',
  'true',
  'null',
  '{"a":"\\u00e9\\n"}',
  "'; DROP TABLE message; --",
  'eyJ2IjoxfQ==',
]

const refused: Readonly<Record<string, string>> = {
  'a line feed': 'a\nb',
  'a carriage return': 'a\rb',
  'a tab': '\t',
  NUL: 'a\0',
  DEL: '\x7f',
  'an umlaut': 'Käse',
  'a lone surrogate': '\udc80',
  'an emoji': '🎬',
  nothing: '',
}

export const bodyCases: Cases = {
  'every body of printable ASCII comes back as it was sent': async (h) => {
    const queue = await h.newQueue()
    for (const body of awkward) await queue.send(body)
    assert.deepEqual(await bodies(queue), [...awkward].sort())
    const leases = await queue.receive({ max: 32, leaseMs: 60_000 })
    assert.deepEqual(leases.map((lease) => lease.body).sort(), [...awkward].sort())
  },

  'every body of printable ASCII survives an update': async (h) => {
    const queue = await h.newQueue()
    const sent = await queue.send('first')
    for (const body of awkward) {
      await sent.update(body, { leaseMs: 0 })
      assert.deepEqual(await bodies(queue), [body])
    }
  },

  'a body may fill the limit, and not go one byte beyond': async (h) => {
    const queue = await h.newQueue()
    const { maxBodyBytes } = h.service.limits
    const sent = await queue.send('x'.repeat(maxBodyBytes))
    await fails(queue.send('x'.repeat(maxBodyBytes + 1)), 'BODY_TOO_LARGE', /65536.*65537/)
    await fails(sent.update('x'.repeat(maxBodyBytes + 1), { leaseMs: 0 }), 'BODY_TOO_LARGE')
    await sent.update('y'.repeat(maxBodyBytes), { leaseMs: 0 })
    const lease = await h.take(queue)
    assert.equal(lease.body, 'y'.repeat(maxBodyBytes))
    await fails(lease.update('x'.repeat(maxBodyBytes + 1), { leaseMs: 0 }), 'BODY_TOO_LARGE')
    assert.equal(await queue.approximateDepth(), 1)
  },

  'a body of anything else is refused, where a message is made': async (h) => {
    const queue = await h.newQueue()
    const sent = await queue.send('fine')
    for (const [what, body] of Object.entries(refused)) {
      await assert.rejects(queue.send(body), { code: 'BODY_INVALID' }, what)
      await assert.rejects(sent.update(body, { leaseMs: 0 }), { code: 'BODY_INVALID' }, what)
    }
    await fails(queue.send('Käse'), 'BODY_INVALID', /U\+00E4 at character 1/)
    const lease = await h.take(queue)
    await fails(lease.update('Käse', { leaseMs: 0 }), 'BODY_INVALID')
    assert.equal(lease.body, 'fine')
    assert.equal(await queue.approximateDepth(), 1)
  },
}
