import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { looseness, readSecretFile } from './secret-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-secret-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileOf(content: string, mode = 0o600): string {
  const file = join(folder, `secret-${mode.toString(8)}-${content.length}`)
  writeFileSync(file, content)
  chmodSync(file, mode)
  return file
}

describe('a file that holds a secret', () => {
  test('is read without the blanks around it', () => {
    expect(readSecretFile('--key-file', fileOf(' secret \n'))).toBe('secret')
    expect(readSecretFile('--key-file', fileOf('secret', 0o400))).toBe('secret')
  })

  test.each([0o644, 0o604, 0o602, 0o620, 0o666, 0o660])(
    'with mode %o is refused, and the secret is not shown',
    (mode) => {
      const file = fileOf('of-nobody-else', mode)
      expect(() => readSecretFile('--key-file', file)).toThrow(
        `--key-file ${file}: other users can read or change this file (mode 0${mode.toString(8)}); expected mode 0600: chmod 600`,
      )
      expect(() => readSecretFile('--key-file', file)).not.toThrow(/of-nobody-else/)
    },
  )

  test('that is missing, a folder, or without end is refused', () => {
    expect(() => readSecretFile('--key-file', join(folder, 'none'))).toThrow(/^--key-file .*none: ENOENT/)
    chmodSync(folder, 0o700)
    expect(() => readSecretFile('--key-file', folder)).toThrow(/EISDIR/)
    expect(() => readSecretFile('--key-file', fileOf('x'.repeat(70_000)))).toThrow(/at most 65536 bytes/)
  })
})

describe('who owns it', () => {
  test.each([
    [{ uid: 1000, mode: 0o100600 }, 1000],
    [{ uid: 0, mode: 0o100640 }, 1000],
    [{ uid: 0, mode: 0o100440 }, 0],
    [{ uid: 1000, mode: 0o100666 }, undefined],
  ])('%j is fine for user %s', (file, user) => expect(looseness(file, user)).toBeUndefined())

  test.each([
    [{ uid: 1001, mode: 0o100600 }, 1000],
    [{ uid: 1001, mode: 0o100600 }, 0],
    [{ uid: 1000, mode: 0o100640 }, 1000],
    [{ uid: 0, mode: 0o100660 }, 1000],
    [{ uid: 0, mode: 0o100644 }, 1000],
  ])('%j is not fine for user %s', (file, user) => expect(looseness(file, user)).toMatch(/expected/))
})
