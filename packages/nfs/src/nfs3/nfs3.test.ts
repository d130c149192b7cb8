import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EXPORT, MNT, UMNT } from '../mount/mount3.ts'
import { GETPORT } from '../mount/ports.ts'
import { NULL, type Procedure } from '../rpc/call.ts'
import { written } from '../testing/bytes.ts'
import { encodeAttributes, encodeName3, encodeNamePlus3, encodeOptionalAttributes } from '../testing/results.ts'
import { XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'
import { nfsStatus } from './constants.ts'
import { LOOKUP, READDIR, READDIRPLUS } from './directories.ts'
import { FSINFO, FSSTAT } from './file-system.ts'
import { READ, READLINK } from './files.ts'
import { ACCESS, type Attributes, type FileHandle, GETATTR } from './objects.ts'

const handle = '\x01\xff\x00h5' as FileHandle
const attributes: Attributes = {
  type: 'file',
  mode: 0o640,
  nlink: 2,
  uid: 1000,
  gid: 0xffff_fffe,
  size: 5n * 2n ** 40n + 1n,
  used: 4096n,
  fsid: 2n ** 64n - 1n,
  fileid: 2n ** 63n + 5n,
  accessedMs: 1_700_000_000_000.25,
  modifiedMs: 4_294_967_295_999.75,
  changedMs: 0,
}
const position = { directory: handle, cookie: 2n ** 64n - 2n, cookieVerifier: 7n, count: 65_536 }

/** A procedure with its bytes: arguments in hex as RFC 1813 has them, results as the server writes them. */
interface Row {
  readonly procedure: Procedure<unknown, unknown>
  readonly args: unknown
  readonly call: string
  readonly reply: (w: XdrWriter) => void
  readonly result: unknown
  /** NFS and MNT begin with a status. */
  readonly status?: false
}
const row = <A, R>(
  procedure: Procedure<A, R>,
  args: A,
  call: string,
  reply: Row['reply'],
  result: R,
  more: Pick<Row, 'status'> = {},
): Row => ({
  procedure: procedure as Procedure<unknown, unknown>,
  args,
  call: call.replaceAll(' ', ''),
  reply,
  result,
  ...more,
})

const h = '00000005 01ff006835000000'
const entry = { name: 'naïve', fileid: 9n, cookie: 2n ** 63n, attributes: undefined, handle: undefined }
const dot = (w: XdrWriter, name: string, cookie: bigint) => encodeName3(w, { fileid: 1n, cookie }, Buffer.from(name))

const rows: readonly Row[] = [
  row(NULL, undefined, '', () => {}, undefined, { status: false }),
  row(GETATTR, handle, h, (w) => encodeAttributes(w, attributes), attributes),
  row(
    LOOKUP,
    { directory: handle, name: 'é\udcff' },
    `${h} 00000003 c3a9ff00`,
    (w) => {
      w.latin1('new!')
      encodeOptionalAttributes(w, attributes)
      encodeOptionalAttributes(w, undefined)
    },
    { handle: 'new!' as FileHandle, attributes },
  ),
  row(
    ACCESS,
    { handle, mask: 0x23 },
    `${h} 00000023`,
    (w) => {
      encodeOptionalAttributes(w, undefined)
      w.u32(0xff01)
    },
    { attributes: undefined, granted: 1 },
  ),
  row(
    READLINK,
    handle,
    h,
    (w) => {
      encodeOptionalAttributes(w, attributes)
      w.opaque(Buffer.from('../target'))
    },
    '../target',
  ),
  row(
    READ,
    { handle, offset: 5n * 2n ** 40n, count: 10 },
    `${h} 0000050000000000 0000000a`,
    (w) => {
      encodeOptionalAttributes(w, attributes)
      w.u32(7)
      w.bool(true)
      w.opaque(Buffer.from('7 bytes'))
    },
    { count: 7, eof: true, size: attributes.size },
  ),
  row(
    READDIR,
    position,
    `${h} fffffffffffffffe 0000000000000007 00010000`,
    (w) => {
      encodeOptionalAttributes(w, attributes)
      w.u64(11n)
      w.bool(true)
      dot(w, '.', 1n)
      w.bool(true)
      encodeName3(w, entry, Buffer.from('naïve'))
      w.bool(true)
      dot(w, '..', 2n ** 63n + 1n)
      w.bool(false)
      w.bool(false)
    },
    { attributes, cookieVerifier: 11n, entries: [entry], refused: [], cookie: 2n ** 63n + 1n, eof: false },
  ),
  row(
    READDIRPLUS,
    position,
    `${h} fffffffffffffffe 0000000000000007 00010000 00010000`,
    (w) => {
      encodeOptionalAttributes(w, undefined)
      w.u64(11n)
      w.bool(true)
      encodeNamePlus3(w, { ...entry, attributes, handle }, Buffer.from('naïve'))
      w.bool(true)
      encodeNamePlus3(w, entry, Buffer.of(0xff, 0x0a))
      w.bool(false)
      w.bool(true)
    },
    {
      attributes: undefined,
      cookieVerifier: 11n,
      entries: [
        { ...entry, attributes, handle },
        { ...entry, name: '\udcff\n' },
      ],
      refused: [],
      cookie: 2n ** 63n,
      eof: true,
    },
  ),
  row(
    FSSTAT,
    handle,
    h,
    (w) => {
      encodeOptionalAttributes(w, attributes)
      for (const number of [6n, 5n, 4n, 3n, 2n, 2n ** 64n - 1n]) w.u64(number)
      w.u32(0)
    },
    {
      totalBytes: 6n,
      freeBytes: 5n,
      availableBytes: 4n,
      totalFiles: 3n,
      freeFiles: 2n,
      availableFiles: 2n ** 64n - 1n,
    },
  ),
  row(
    FSINFO,
    handle,
    h,
    (w) => {
      encodeOptionalAttributes(w, attributes)
      for (const number of [1_048_576, 65_536, 512, 1, 2, 3, 32_768]) w.u32(number)
      w.u64(2n ** 63n - 1n)
      for (const number of [0, 1, 27]) w.u32(number)
    },
    { info: { rtmax: 1_048_576, rtpref: 65_536, dtpref: 32_768, maxFileSize: 2n ** 63n - 1n }, attributes },
  ),
  row(GETPORT, { program: 100_003, version: 3 }, '000186a3 00000003 00000006 00000000', (w) => w.u32(2049), 2049, {
    status: false,
  }),
  row(
    MNT,
    '/a\udcff',
    '00000003 2f61ff00',
    (w) => {
      w.latin1(handle)
      w.u32(2)
      w.u32(390_003)
      w.u32(1)
    },
    { handle, flavors: [390_003, 1] },
  ),
  row(UMNT, '/a', '00000002 2f610000', () => {}, undefined, { status: false }),
  row(
    EXPORT,
    undefined,
    '',
    (w) => {
      w.bool(true)
      w.opaque(Buffer.from('/a'))
      w.bool(false)
      w.bool(true)
      w.opaque(Buffer.from('/b'))
      w.bool(true)
      w.opaque(Buffer.from('10.0.0.0/8'))
      w.bool(true)
      w.opaque(Buffer.from('@all'))
      w.bool(false)
      w.bool(false)
    },
    [
      { path: '/a', groups: [] },
      { path: '/b', groups: ['10.0.0.0/8', '@all'] },
    ],
    { status: false },
  ),
]

const replyOf = ({ reply, status }: Row): Buffer =>
  written((w) => {
    if (status !== false) w.u32(nfsStatus.OK)
    reply(w)
  })
const protocol = expect.objectContaining({ code: 'PROTOCOL' })

describe.each(rows.map((r) => [r.procedure.name, r] as const))('%s', (name, r) => {
  test('writes its arguments as RFC 1813 has them', () => {
    expect(written((w) => r.procedure.encode(w, r.args)).toString('hex')).toBe(r.call)
  })

  test('reads its results, all of them', () => {
    const reader = new XdrReader(replyOf(r))
    expect(r.procedure.decode(reader, r.args)).toEqual(r.result)
    expect(reader.remaining).toBe(name === 'READ' ? 8 : 0) // Data to be dropped is left where it is.
  })

  test('refuses a reply cut at any byte', () => {
    const bytes = replyOf(r)
    for (let end = 0; end < bytes.length; end++) {
      expect(() => r.procedure.decode(new XdrReader(bytes, 0, end), r.args), `cut at ${end}`).toThrow(protocol)
    }
  })

  test('answers or refuses any bytes, and reads nothing beyond their end', () => {
    const bytes = replyOf(r)
    const word = fc.oneof(fc.constantFrom(0, 1, 2, 5, 0x7fff_ffff, 0xffff_fffc, 0xffff_ffff), fc.nat(300))
    const edits = fc.array(fc.tuple(fc.nat(Math.max(0, bytes.length / 4 - 1)), word), { maxLength: 6 })
    fc.assert(
      fc.property(edits, fc.nat(bytes.length), (changes, end) => {
        const broken = Buffer.concat([bytes, Buffer.alloc(64, 0xee)])
        for (const [index, value] of changes) broken.writeUInt32BE(value, index * 4)
        const reader = new XdrReader(broken, 0, end)
        try {
          r.procedure.decode(reader, r.args)
        } catch (error) {
          expect(error).toMatchObject({ name: 'NfsError' })
        }
        expect(reader.at).toBeLessThanOrEqual(end)
      }),
    )
  })
})

test.each(rows.filter((r) => r.status !== false).map((r) => [r.procedure.name, r] as const))(
  '%s says what a status means, and refuses one that RFC 1813 does not know',
  (name, r) => {
    const answer = (status: number) => r.procedure.decode(new XdrReader(written((w) => w.u32(status))), r.args)
    for (const [code, status] of Object.entries(nfsStatus)) {
      if (code !== 'OK')
        expect(() => answer(status)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(name) }))
    }
    expect(() => answer(3)).toThrow(protocol)
  },
)

describe('READ', () => {
  const reply = (count: number, data: number) =>
    written((w) => {
      w.u32(0)
      encodeOptionalAttributes(w, undefined)
      w.u32(count)
      w.bool(false)
      w.opaque(Buffer.alloc(data, 'd'))
    })
  const args = { handle, offset: 0, count: 1000 }

  test('counts data that was dropped as it arrived', () => {
    const bytes = reply(1000, 1000)
    const reader = new XdrReader().reset(bytes, 0, 20, 1000)
    expect(READ.decode(reader, args)).toEqual({ count: 1000, eof: false, size: undefined })
  })

  test('refuses a reply whose dropped bytes are fewer than it says', () => {
    expect(() => READ.decode(new XdrReader().reset(reply(1000, 1000), 0, 20, 999), args)).toThrow(protocol)
  })

  test('puts data where the caller wants it', () => {
    const into = Buffer.alloc(1002, 'x')
    READ.decode(new XdrReader(reply(999, 999)), { ...args, into })
    expect(into.toString()).toBe(`${'d'.repeat(999)}xxx`)
  })

  test('refuses more data than was asked for, and a count that is not its length', () => {
    expect(() => READ.decode(new XdrReader(reply(1001, 1001)), args)).toThrow(protocol)
    expect(() => READ.decode(new XdrReader(reply(5, 6)), args)).toThrow(protocol)
  })

  test('keeps a reply whole only for a caller who wants the data', () => {
    expect(READ.keep?.(args)).toBeLessThan(1000)
    expect(READ.keep?.({ ...args, into: Buffer.alloc(1000) })).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('a page', () => {
  const page = (name: string, cookie: bigint, eof: boolean) =>
    written((w) => {
      w.u32(0)
      encodeOptionalAttributes(w, undefined)
      w.u64(1n)
      if (name !== '') {
        w.bool(true)
        encodeName3(w, { fileid: 1n, cookie }, Buffer.from(name === 'EMPTY' ? '' : name))
      }
      w.bool(false)
      w.bool(eof)
    })

  test.each(['a/b', '/', 'nul\0', 'EMPTY', 'x'.repeat(5_000)])(
    'with the name %j in it sets that apart: it would lead a walk astray',
    (name) => {
      const { entries, refused } = READDIR.decode(new XdrReader(page(name, 5n, true)), position)
      expect(entries).toEqual([])
      expect(refused).toEqual([{ name: name === 'EMPTY' ? '' : name, reason: expect.stringContaining('the name') }])
    },
  )

  test('takes an entry of no known type for one without attributes', () => {
    const bytes = written((w) => {
      w.u32(0)
      encodeOptionalAttributes(w, undefined)
      w.u64(1n)
      for (const [name, type] of [
        ['a', 'file'],
        ['odd', 0],
        ['odder', 8],
        ['z', 'directory'],
      ] as const) {
        w.bool(true)
        encodeNamePlus3(w, { fileid: 1n, cookie: 1n, attributes: { ...attributes, type }, handle }, Buffer.from(name))
      }
      w.bool(false)
      w.bool(true)
    })
    const { entries } = READDIRPLUS.decode(new XdrReader(bytes), position)
    expect(entries.map((entry) => [entry.name, entry.attributes?.type])).toEqual([
      ['a', 'file'],
      ['odd', undefined],
      ['odder', undefined],
      ['z', 'directory'],
    ])
  })

  test('keeps names like dots that are none', () => {
    expect(READDIR.decode(new XdrReader(page('...', 5n, true)), position).entries.map((e) => e.name)).toEqual(['...'])
  })
})

test('no procedure writes: all numbers are of those that read', () => {
  const nfs = [GETATTR, LOOKUP, ACCESS, READLINK, READ, READDIR, READDIRPLUS, FSSTAT, FSINFO]
  expect(nfs.map((p) => p.number)).toEqual([1, 3, 4, 5, 6, 16, 17, 18, 19])
})
