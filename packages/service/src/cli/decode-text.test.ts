import { describe, expect, test } from 'vitest'
import { decodeText } from './decode-text.ts'
import { isUsageError } from './errors.ts'

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
