import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { bitsOf, readToken } from './token.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-token-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'token')
const token = 'a-token-of-16-or-more'
writeFileSync(file, `${token}\n`, { mode: 0o600 })

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

  test('is taken where it is random, whatever alphabet it is written in', () => {
    for (let n = 0; n < 200; n++) {
      for (const bytes of [16, 32]) {
        expect(bitsOf(randomBytes(bytes).toString('hex'))).toBeGreaterThan(60)
        expect(bitsOf(randomBytes(bytes).toString('base64'))).toBeGreaterThan(60)
      }
    }
  })
})
