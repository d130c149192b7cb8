import { describe, expect, test } from 'vitest'
import { type Asked, refuse } from './access.ts'

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
  ])('of somebody else is refused, for the page too: %s', (host) => {
    expect(refuse(asked({ host }), open)).toMatchObject({ status: 403 })
    expect(refuse(asked({ host }, '/'), open)).toMatchObject({ status: 403 })
  })

  test('has to be there', () => {
    expect(refuse(asked({ host: undefined }), open)).toMatchObject({ status: 403 })
  })

  test('may not be there twice, in whatever order', () => {
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

  test('is told by its Origin where the browser says no more', () => {
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
