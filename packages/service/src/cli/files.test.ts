import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readJob } from '../submit/read-job.ts'
import { isUsageError } from './exit-code.ts'
import { decodeText, looseness, readSecretFile, systemFiles } from './files.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-texts-'))
afterAll(() => rmSync(folder, { recursive: true }))

const aFile = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
const utf16 = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, 'utf16le')
const given = { addresses: ['10.0.1.11'], export: '/animation' }
const job = JSON.stringify({
  WarmTargetMountAddresses: ['10.0.1.11'],
  WarmTargetExportPath: '/animation',
  WarmTargetPath: '/x',
})
const manifest = JSON.stringify({ directories: [{ path: '/animation/x' }] })

test('a byte order mark spoils no text input', async () => {
  const read = (settings: object) => readJob({ ...given, ...settings }, systemFiles)
  const rules = await read({ path: ['/x'], rules: aFile('rules', '\uFEFFcache/\n*.tmp\n') })
  expect(rules.job.ignoreRules).toEqual(['cache/', '*.tmp'])
  expect((await read({ job: aFile('job', `\uFEFF${job}`), addresses: undefined })).job.paths).toEqual(['/x'])
  expect((await read({ manifest: aFile('manifest', `\uFEFF${manifest}`) })).job.paths).toEqual(['/x'])
  const listed = (await read({ filesFrom: aFile('list', '\uFEFFf1\nf2\n') })).listed?.()
  for await (const paths of listed ?? []) expect(paths.map(({ path }) => path)).toEqual(['/f1', '/f2'])
})

test('rules keep bytes that are no UTF-8', async () => {
  const rules = aFile('bytes', Buffer.from('caf\xe9/\n', 'latin1'))
  expect((await readJob({ ...given, path: ['/x'], rules }, systemFiles)).job.ignoreRules).toEqual(['caf\uDCE9/'])
})

test.each([
  ['rules', { path: ['/x'], rules: 'utf16' }],
  ['manifest', { manifest: 'utf16' }],
  ['job', { job: 'utf16' }],
])('a text in UTF-16 is refused as --%s, by name and with what helps', async (option, settings) => {
  const file = aFile('utf16', utf16('cache/\n'))
  const named = Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [key, value === 'utf16' ? file : value]),
  )
  await expect(readJob({ ...given, ...named }, systemFiles)).rejects.toThrow(
    `--${option} ${file}: expected UTF-8, got UTF-16: convert it, as with iconv`,
  )
})

test('a list in UTF-16 is refused by name', async () => {
  const filesFrom = aFile('list16', utf16('f1\n'))
  const { listed } = await readJob({ ...given, filesFrom }, systemFiles)
  await expect(
    (async () => {
      for await (const _ of listed?.() ?? []);
    })(),
  ).rejects.toThrow(`${filesFrom}: expected UTF-8, got UTF-16`)
})

const bytesOf = (...parts: (string | readonly number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))

describe('a text of a person', () => {
  test('loses its byte order mark, and no other', () => {
    expect(decodeText(bytesOf('\uFEFFcache/\n\uFEFFx'))).toBe('cache/\n\uFEFFx')
    expect(decodeText(bytesOf('\uFEFF'))).toBe('')
    expect(decodeText(bytesOf(''))).toBe('')
  })

  test('keeps bytes that are no UTF-8, as names do', () => {
    expect(decodeText(bytesOf([0xe9], '*.tmp'))).toBe('\uDCE9*.tmp')
  })

  test.each([
    ['UTF-16', bytesOf([0xff, 0xfe], Buffer.from('cache/\n', 'utf16le').toJSON().data)],
    ['UTF-16', bytesOf([0xfe, 0xff, 0x00, 0x61])],
    ['UTF-32', bytesOf([0xff, 0xfe, 0x00, 0x00, 0x61, 0x00, 0x00, 0x00])],
    ['UTF-32', bytesOf([0x00, 0x00, 0xfe, 0xff, 0x00, 0x00, 0x00, 0x61])],
    ['a NUL at byte 2', Buffer.from('a', 'utf16le')],
  ])('in %s is refused, and what helps is said', (name, bytes) => {
    const read = () => decodeText(bytes)
    expect(read).toThrow(expect.objectContaining({ message: expect.stringContaining(`got ${name}`) }))
    expect(read).toThrow(/iconv --from-code UTF-16 --to-code UTF-8/)
    expect(read).toThrow(expect.toSatisfy(isUsageError))
  })
})

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
