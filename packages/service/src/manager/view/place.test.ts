import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { bitsOf, readToken, statusPlace } from './place.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-status-'))
afterAll(() => rmSync(folder, { recursive: true }))
const token = 'a-token-of-16-or-more'
const file = join(folder, 'token')
writeFileSync(file, `${token}\n`, { mode: 0o600 })
const short = join(folder, 'short')
writeFileSync(short, 'short\n', { mode: 0o600 })

describe('where the status page is served', () => {
  test('is loopback by default', () => {
    expect(statusPlace({}, {})).toEqual({
      host: '127.0.0.1',
      port: 9781,
      token: undefined,
      names: [hostname().toLowerCase()],
      secureNames: [],
      asked: false,
    })
  })

  test.each([
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['localhost:8080', 'localhost', 8080],
    ['[::1]:8080', '::1', 8080],
  ])('%s is a place that needs no token', (statusListen, host, port) => {
    expect(statusPlace({ statusListen }, {})).toMatchObject({ host, port, asked: true })
  })

  test('is nowhere for none', () => {
    expect(statusPlace({ statusListen: 'none' }, {})).toBeUndefined()
  })

  test.each(['9781', 'localhost', ':9781', '127.0.0.1:', '127.0.0.1:65536', '::1:9781', 'http://127.0.0.1:9781'])(
    'has to be an address: %s',
    (statusListen) => {
      expect(() => statusPlace({ statusListen }, {})).toThrow(`expected HOST:PORT or none, got "${statusListen}"`)
    },
  )

  test.each(['0.0.0.0:9781', '10.0.0.4:9781', '[::]:9781', 'filer-manager:9781', '127.evil.example:9781'])(
    'that others reach needs a token: %s',
    (statusListen) => {
      expect(() => statusPlace({ statusListen }, {})).toThrow(/others can reach it, so it needs a token/)
      expect(statusPlace({ statusListen }, { CACHEWARMER_STATUS_TOKEN: token })).toMatchObject({ token })
    },
  )

  test('takes the token of a file before that of the environment, and refuses one that is none', () => {
    expect(statusPlace({ statusTokenFile: file }, { CACHEWARMER_STATUS_TOKEN: 'another-token-of-16' })).toMatchObject({
      token,
    })
    expect(() => statusPlace({ statusTokenFile: short }, {})).toThrow(/short: expected at least 16 visible characters/)
    expect(() => statusPlace({ statusTokenFile: join(folder, 'missing') }, {})).toThrow(/missing: ENOENT/)
    expect(() => statusPlace({}, { CACHEWARMER_STATUS_TOKEN: 'with blanks in it, long' })).toThrow(
      /^CACHEWARMER_STATUS_TOKEN: expected/,
    )
  })

  test('may have further names', () => {
    expect(statusPlace({ statusHost: 'Warm.Example, other' }, {})?.names.slice(1)).toEqual(['warm.example', 'other'])
    const place = statusPlace({ statusHost: 'https://Warm.Example, other' }, {})
    expect(place?.names.slice(1)).toEqual(['warm.example', 'other'])
    expect(place?.secureNames).toEqual(['warm.example'])
  })
})

describe('the token of the page', () => {
  test('comes from its file, else from the environment', () => {
    expect(readToken(file, { CACHEWARMER_STATUS_TOKEN: 'another-token-of-16' })).toBe(token)
    expect(readToken(undefined, { CACHEWARMER_STATUS_TOKEN: 'another-token-of-16' })).toBe('another-token-of-16')
    expect(readToken(undefined, { CACHEWARMER_STATUS_TOKEN: '' })).toBeUndefined()
  })

  test.each([
    'aaaaaaaaaaaaaaaaaaaaaaaa',
    '1234567890123456',
    'abcdefghijklmnopqrst',
    'passwordpassword',
    'abababababababababab',
  ])('is refused with a hint where it can be guessed: %s', (CACHEWARMER_STATUS_TOKEN) => {
    const read = () => readToken(undefined, { CACHEWARMER_STATUS_TOKEN })
    expect(read).toThrow(/^CACHEWARMER_STATUS_TOKEN: this token is easy to guess.*openssl rand -hex 32/)
    expect(read).not.toThrow(CACHEWARMER_STATUS_TOKEN)
  })

  test('is refused in a file that others can read', () => {
    const open = join(folder, 'open')
    writeFileSync(open, token)
    chmodSync(open, 0o644)
    expect(() => readToken(open, {})).toThrow(/^--status-token-file .*open: other users can read.*chmod 600/)
  })

  test('is taken if it is random, in any alphabet', () => {
    for (let n = 0; n < 200; n++) {
      for (const bytes of [16, 32]) {
        expect(bitsOf(randomBytes(bytes).toString('hex'))).toBeGreaterThan(60)
        expect(bitsOf(randomBytes(bytes).toString('base64'))).toBeGreaterThan(60)
      }
    }
  })
})
