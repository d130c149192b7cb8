import { describe, expect, test } from 'vitest'
import { type Asked, clientOf, Guesses, refuse } from './door.ts'

const token = 'a-token-of-16-or-more'
const asked = (headers: Asked['headers'], path = '/api/overview', method = 'GET'): Asked => ({
  method,
  path,
  headers,
  hosts: 'host' in headers ? [headers.host].filter((host) => host !== undefined) : ['127.0.0.1:9781'],
})
const open = { token: undefined, names: ['filer-manager', 'warm.example'], secureNames: ['warm.example'] }
const locked = { ...open, token }

describe('the Host header', () => {
  test.each([
    '127.0.0.1:9781',
    '127.0.0.1',
    '[::1]:9781',
    '10.0.0.4:80',
    'localhost:9781',
    'filer-manager',
    'FILER-MANAGER:9781',
  ])('of this manager is let in: %s', (host) => expect(refuse(asked({ host }), open)).toBeUndefined())

  test.each([
    'evil.example',
    'evil.example:9781',
    'localhost.evil.example',
    'filer-manager.evil.example',
    '',
    '127.0.0.1.evil.example',
    'a:b:c',
    '[::1',
    '[127.0.0.1',
    '[127.0.0.1]',
  ])('of another name is refused, for the page too: %s', (host) => {
    expect(refuse(asked({ host }), open)).toMatchObject({ status: 403 })
    expect(refuse(asked({ host }, '/'), open)).toMatchObject({ status: 403 })
  })

  test('has to be there', () => {
    expect(refuse(asked({ host: undefined }), open)).toMatchObject({ status: 403 })
  })

  test('may not be there twice, in either order', () => {
    for (const hosts of [
      ['127.0.0.1:9781', 'evil.example'],
      ['evil.example', '127.0.0.1:9781'],
      ['127.0.0.1:9781', '127.0.0.1:9781'],
    ])
      expect(refuse({ ...asked({}, '/'), hosts }, open)).toMatchObject({ status: 403 })
  })
})

describe('a page of another site', () => {
  test.each(['cross-site', 'same-site', 'cross-site, none', 'anything'])('may not ask (%s)', (site) => {
    expect(refuse(asked({ 'sec-fetch-site': site }), open)).toMatchObject({ status: 403 })
    expect(refuse(asked({ 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' }), open)).toMatchObject({ status: 403 })
    expect(refuse(asked({ 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' }, '/'), open)).toMatchObject({
      status: 403,
    })
  })

  test('may hold a link to the page', () => {
    expect(refuse(asked({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, '/'), open)).toBeUndefined()
  })

  test('is known by its Origin where the browser says no more', () => {
    expect(refuse(asked({ origin: 'https://evil.example' }), open)).toMatchObject({ status: 403 })
    expect(refuse(asked({ origin: 'null' }), open)).toMatchObject({ status: 403 })
    expect(refuse(asked({ origin: 'http://127.0.0.1:9781' }), open)).toBeUndefined()
    expect(refuse(asked({ origin: 'http://127.0.0.1:9782' }), open)).toMatchObject({ status: 403 })
  })

  test('may not speak another scheme, but where a proxy with TLS was named', () => {
    for (const origin of ['https://127.0.0.1:9781', 'ftp://127.0.0.1:9781'])
      expect(refuse(asked({ origin }), open)).toMatchObject({ status: 403 })
    const host = 'warm.example'
    expect(refuse(asked({ host, origin: 'https://warm.example' }), open)).toBeUndefined()
    expect(refuse(asked({ host, origin: 'http://warm.example' }), open)).toMatchObject({ status: 403 })
    expect(refuse(asked({ host: 'filer-manager', origin: 'https://filer-manager' }), open)).toMatchObject({
      status: 403,
    })
  })
})

describe('a token', () => {
  test.each([
    undefined,
    '',
    'Basic abc',
    'Bearer',
    'Bearer wrong',
    `Bearer ${token}x`,
    `Bearer ${token.slice(1)}`,
    token,
  ])('that is missing or wrong is refused: %s', (authorization) => {
    const refusal = refuse(asked(authorization === undefined ? {} : { authorization }), locked)
    expect(refusal).toMatchObject({ status: 401 })
    expect(refusal?.error).not.toContain(token)
  })

  test('that is right opens everything, and the page itself needs none', () => {
    expect(refuse(asked({ authorization: `Bearer ${token}` }), locked)).toBeUndefined()
    expect(refuse(asked({ authorization: `bearer ${token}` }, '/metrics'), locked)).toBeUndefined()
    expect(refuse(asked({}, '/'), locked)).toBeUndefined()
    expect(refuse(asked({}, '/metrics'), locked)).toMatchObject({ status: 401 })
  })
})

describe('guesses of a token', () => {
  test('are slowed down after twenty, to one a second', () => {
    const guesses = new Guesses()
    for (let n = 0; n < 20; n++) {
      expect(guesses.waitMs('10.0.0.9', 0)).toBe(0)
      guesses.wrong('10.0.0.9', 0)
    }
    expect(guesses.waitMs('10.0.0.9', 0)).toBe(1_000)
    expect(guesses.waitMs('10.0.0.9', 999)).toBe(1)
    expect(guesses.waitMs('10.0.0.9', 1_000)).toBe(0)
    guesses.wrong('10.0.0.9', 1_000)
    expect(guesses.waitMs('10.0.0.9', 1_000)).toBe(1_000)
  })

  test('of one client do not hold up another', () => {
    const guesses = new Guesses()
    for (let n = 0; n < 100; n++) guesses.wrong('10.0.0.9', 0)
    expect(guesses.waitMs('10.0.0.10', 0)).toBe(0)
  })

  test('are remembered of a bounded number of clients, and a clock set back frees and locks out none', () => {
    const guesses = new Guesses()
    for (let n = 0; n < 20; n++) guesses.wrong('first', 5_000)
    expect(guesses.waitMs('first', 0)).toBe(1_000)
    for (let n = 0; n < 2_000; n++) guesses.wrong(`client-${n}`, 5_000)
    expect(guesses.waitMs('first', 5_000)).toBe(0)
  })

  test.each([
    ['10.0.0.9', '10.0.0.9'],
    ['::ffff:10.0.0.9', '10.0.0.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    [undefined, ''],
  ])('of %s count for %s', (address, client) => expect(clientOf(address)).toBe(client))
})
