import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJob } from './codec.ts'
import { parseAddress } from './reader.ts'

test.each([
  ['10.0.1.11', '10.0.1.11'],
  [' 10.0.1.11 ', '10.0.1.11'],
  ['255.255.255.255', '255.255.255.255'],
  ['::1', '::1'],
  ['[FD00::1]', 'fd00::1'],
  ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ['cache', 'cache'],
  ['Cache-1.Example.COM', 'cache-1.example.com'],
  ['cache-1.example.com.', 'cache-1.example.com'],
  ['3com', '3com'],
  ['10.0.0.cache', '10.0.0.cache'],
  [`${'a'.repeat(63)}.b`, `${'a'.repeat(63)}.b`],
])('%j is the address %j', (given, address) => {
  expect(parseAddress(given)).toBe(address)
})

test.each([
  '',
  ' ',
  '.',
  'a..b',
  '-a',
  'a-',
  'a_b',
  'a b',
  'a/b',
  'a;reboot',
  '$(reboot)',
  'é',
  '10.0.0',
  '10.0.0.256',
  '10.0.0.01',
  '1.2.3.4.5',
  '12345',
  'cache.1',
  '10.0.0.1.',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8',
  '12345::',
  'fe80::1%eth0',
  '::10.0.0.256',
  '10.0.0.1::',
  '[::1',
  '10.0.0.1:2049',
  `${'a'.repeat(64)}.b`,
  `${'a.'.repeat(127)}b`,
])('%j is no address', (given) => {
  expect(parseAddress(given)).toBeUndefined()
})

test('IPv6 is recognised as Node does it, for all groups', () => {
  const group = fc.oneof(fc.constantFrom('', '0', 'ff', 'abcd', '12345', 'g', '1.2.3.4', '1.2.3'), fc.ipV6())
  fc.assert(
    fc.property(fc.array(group, { minLength: 2, maxLength: 9 }), (groups) => {
      const text = groups.join(':')
      // Node also takes a '::' between eight groups; RFC 4291 has it stand for one group or more.
      fc.pre(!text.includes('::') || groups.length < 9)
      expect(parseAddress(text) !== undefined).toBe(isIPv6(text))
    }),
    { numRuns: 1_000 },
  )
})

test('any text gives an address or nothing, and an address stays what it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const address = parseAddress(text)
      if (address !== undefined) expect(parseAddress(address)).toBe(address)
    }),
  )
})

test.each(['10.0.1.11-13', '10.0.1.11-10.0.1.13', '10.0.1.0/28', '10.0.1.*', '10.0.1.[11-13]', '10.0.1.{11..13}'])(
  'a range of addresses is refused with a hint: %s',
  (given) => {
    expect(parseAddress(given)).toBeUndefined()
    const job = { WarmTargetMountAddresses: [given], WarmTargetExportPath: '/data', WarmTargetPath: '/' }
    expect(() => parseJob(job)).toThrow('each address of a range by itself, as 10.0.1.11,10.0.1.12')
  },
)

test('a host name may look a little like a range', () => {
  for (const name of ['10-13.example', 'cache-11-13', '10.0.1.node-3']) expect(parseAddress(name)).toBe(name)
})
