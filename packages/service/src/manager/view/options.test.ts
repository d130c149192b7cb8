import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { statusPlace } from './options.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-status-'))
afterAll(() => rmSync(folder, { recursive: true }))
const token = 'a-token-of-16-or-more'
const file = join(folder, 'token')
writeFileSync(file, `${token}\n`, { mode: 0o600 })
const short = join(folder, 'short')
writeFileSync(short, 'short\n', { mode: 0o600 })

describe('where the status page is served', () => {
  test('is loopback, where nobody says otherwise', () => {
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
