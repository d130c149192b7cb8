import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { written } from '../testing/bytes.ts'
import { XdrReader } from '../xdr/reader.ts'
import {
  type CallHeader,
  type Credential,
  decodeCall,
  decodeReply,
  encodeCall,
  encodeReply,
  flavorName,
  type RpcRefusal,
} from './message.ts'

const protocol = expect.objectContaining({ code: 'PROTOCOL' })
const sys: Credential = { flavor: 'sys', machineName: 'warm-1', uid: 1000, gid: 100, gids: [4, 0xffff_fffe] }
const call = (credential: Credential): CallHeader => ({
  xid: 0xfedcba98,
  program: 100003,
  version: 3,
  procedure: 6,
  credential,
})

describe('calls', () => {
  test('a call with AUTH_SYS has the bytes of RFC 5531', () => {
    const bytes = written((w) => encodeCall(w, call(sys)))
    expect(bytes.toString('hex')).toBe(
      ['fedcba98', '00000000', '00000002', '000186a3', '00000003', '00000006'].join('') +
        ['00000001', '00000024', '00000000', '00000006', '7761726d2d310000'].join('') +
        ['000003e8', '00000064', '00000002', '00000004', 'fffffffe', '00000000', '00000000'].join(''),
    )
  })

  test.each([sys, { flavor: 'none' } as const, { ...sys, gids: [], machineName: '' }])(
    'a call with $flavor comes back',
    (credential) => {
      const r = new XdrReader(written((w) => encodeCall(w, call(credential))))
      expect(decodeCall(r)).toEqual(call(credential))
      expect(r.remaining).toBe(0)
    },
  )

  test('a credential of another flavor is read over', () => {
    const bytes = written((w) => encodeCall(w, call({ flavor: 'none' })))
    const gss = Buffer.concat([
      bytes.subarray(0, 24),
      Buffer.from('00000006000000040badcafe', 'hex'),
      bytes.subarray(32),
    ])
    expect(decodeCall(new XdrReader(gss))).toEqual({ ...call(sys), credential: undefined })
  })

  test('a call cut anywhere is refused', () => {
    const bytes = written((w) => encodeCall(w, call(sys)))
    for (let end = 0; end < bytes.length; end++)
      expect(() => decodeCall(new XdrReader(bytes, 0, end))).toThrow(protocol)
  })

  test('a credential that is not as long as it says is refused', () => {
    const bytes = written((w) => encodeCall(w, call(sys)))
    bytes.writeUInt32BE(0x28, 28)
    expect(() => decodeCall(new XdrReader(bytes))).toThrow(/credential/)
  })
})

describe('replies', () => {
  const refusals: readonly RpcRefusal[] = [
    { kind: 'PROG_UNAVAIL' },
    { kind: 'PROG_MISMATCH', low: 4, high: 4 },
    { kind: 'PROC_UNAVAIL' },
    { kind: 'GARBAGE_ARGS' },
    { kind: 'SYSTEM_ERR' },
    { kind: 'RPC_MISMATCH', low: 2, high: 3 },
    { kind: 'AUTH_ERROR', status: 'AUTH_TOOWEAK' },
    { kind: 'AUTH_ERROR', status: 13 },
  ]
  const replies = [undefined, ...refusals].map((refusal) => [refusal?.kind ?? 'SUCCESS', refusal] as const)
  /** From behind the xid, as the decoder wants it. */
  const bytesOf = (refusal?: RpcRefusal) => written((w) => encodeReply(w, 7, refusal)).subarray(4)

  test.each(replies)('%s comes back', (_kind, refusal) => {
    const r = new XdrReader(bytesOf(refusal))
    expect(decodeReply(r)).toEqual(refusal)
    expect(r.remaining).toBe(0)
  })

  test.each(replies)('%s cut anywhere is refused', (_kind, refusal) => {
    const bytes = bytesOf(refusal)
    for (let end = 0; end < bytes.length; end++)
      expect(() => decodeReply(new XdrReader(bytes, 0, end))).toThrow(protocol)
  })

  test('a verifier of up to 400 bytes is read over, a longer one refused', () => {
    const reply = (length: number) => {
      const head = Buffer.from('00000001000000000000000600000000', 'hex')
      head.writeUInt32BE(length, 12)
      return new XdrReader(Buffer.concat([head, Buffer.alloc((length + 3) & ~3, 0xff), Buffer.alloc(4)]))
    }
    expect(decodeReply(reply(399))).toBeUndefined()
    expect(decodeReply(reply(400))).toBeUndefined()
    expect(() => decodeReply(reply(401))).toThrow(protocol)
  })

  test.each([
    ['a call', '00000000'],
    ['neither accepted nor denied', '0000000100000002'],
    ['accepted with an unknown status', '0000000100000000000000000000000000000006'],
    ['denied for an unknown reason', '000000010000000100000002'],
  ])('%s is refused', (_what, hex) => {
    expect(() => decodeReply(new XdrReader(Buffer.from(hex, 'hex')))).toThrow(protocol)
  })

  test('no garbage makes it do anything but refuse or answer', () => {
    const words = fc.array(fc.oneof(fc.nat(8), fc.nat(0xffff_ffff)), { maxLength: 12 })
    fc.assert(
      fc.property(words, (given) => {
        const bytes = written((w) => {
          for (const word of given) w.u32(word)
        })
        const r = new XdrReader(bytes)
        try {
          decodeReply(r)
        } catch (error) {
          expect(error).toMatchObject({ code: 'PROTOCOL' })
        }
        expect(r.at).toBeLessThanOrEqual(bytes.length)
      }),
    )
  })
})

test('flavors have names that people know', () => {
  expect([0, 1, 390_003, 390_005, 99].map(flavorName)).toEqual(['none', 'sys', 'krb5', 'krb5p', 'flavor 99'])
})
