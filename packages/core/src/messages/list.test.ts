import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbName, arbPart, arbPath } from '../../test/arbitraries.ts'
import { isCoreError } from '../errors.ts'
import { maxWireBytes } from '../wire/text.ts'
import { encodeItem, type Part } from './item.ts'
import {
  decodeListChunk,
  encodeListChunk,
  type ListChunk,
  ListPacker,
  type ListPackerOptions,
  listItem,
} from './list.ts'

const id = 'abcdefgh1234'

interface Listed {
  readonly path: string
  readonly kind: 'file' | 'tree'
}

function pack(listed: readonly Listed[], options?: ListPackerOptions): ListChunk[] {
  const packer = new ListPacker(id, options)
  const chunks = [...listed.map(({ path, kind }) => packer.add(path, kind)), packer.end()].filter(
    (one) => one !== undefined,
  )
  expect([packer.chunks, packer.paths]).toEqual([chunks.length, listed.length])
  return chunks
}

const pathsOf = (parts: readonly Part[]): Listed[] =>
  parts.flatMap((part): Listed[] => {
    if (part.kind === 'tree') return [{ path: part.path, kind: 'tree' }]
    if (part.kind !== 'files') throw new Error(`a list has no ${part.kind}`)
    return part.names.map((name) => ({ path: `${part.directory === '/' ? '' : part.directory}/${name}`, kind: 'file' }))
  })

const byPath = (a: Listed, b: Listed): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.kind < b.kind ? -1 : 1)

const arbListed: fc.Arbitrary<Listed> = fc.oneof(
  fc.tuple(arbPath, arbName).map(([at, name]) => ({ path: `${at === '/' ? '' : at}/${name}`, kind: 'file' as const })),
  arbPath.map((path) => ({ path, kind: 'tree' as const })),
)

describe('a list in chunks', () => {
  test('has every path once, in order from chunk to chunk, and each chunk fits an item', () => {
    fc.assert(
      fc.property(fc.array(arbListed, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (listed, maxPaths) => {
        const chunks = pack(listed, { maxPaths, maxBytes: 600 })
        expect(chunks.map(({ chunk }) => chunk)).toEqual(chunks.map((_, at) => at))
        let at = 0
        for (const { parts } of chunks) {
          const paths = pathsOf(parts)
          expect(paths.length).toBeLessThanOrEqual(maxPaths)
          expect(paths.toSorted(byPath)).toEqual(listed.slice(at, at + paths.length).toSorted(byPath))
          at += paths.length
        }
        expect(at).toBe(listed.length)
      }),
    )
  })

  test('never makes an item that is too large, for all names', () => {
    const names = ['\udcff'.repeat(250), '"\\'.repeat(120), 'é😀'.repeat(60), '<&>'.repeat(80), 'plain'.repeat(50)]
    const listed = Array.from({ length: 3_000 }, (_, at) => ({
      path: `/${names[at % 5]}${at % 7}/${names[(at + 1) % 5]}${at}`,
      kind: at % 11 === 0 ? ('tree' as const) : ('file' as const),
    }))
    for (const { chunk, parts } of pack(listed)) {
      const item = encodeItem({ v: 1, run: 'run000000001', item: listItem(chunk, 1), strikes: 0, parts })
      expect(item.length).toBeLessThanOrEqual(maxWireBytes)
    }
  })

  test('keeps the files of a directory together', () => {
    const listed = ['/a/1', '/b/1', '/a/2', '/b/2'].map((path) => ({ path, kind: 'file' as const }))
    expect(pack(listed)[0]?.parts).toEqual([
      { kind: 'files', directory: '/a', names: ['1', '2'], listed: true },
      { kind: 'files', directory: '/b', names: ['1', '2'], listed: true },
    ])
  })
})

describe('the message of a chunk', () => {
  test('says what was written', () => {
    fc.assert(
      fc.property(fc.array(arbPart, { minLength: 1, maxLength: 5 }), fc.nat(999_999), (parts, number) => {
        const chunk: ListChunk = { v: 1, list: id, chunk: number, parts }
        expect(decodeListChunk(encodeListChunk(chunk))).toEqual(chunk)
      }),
    )
  })

  test.each([
    ['no list', { v: 1, chunk: 0, parts: [{ kind: 'tree', path: '/' }] }, 'LIST_INVALID'],
    ['a path that climbs', { v: 1, list: id, chunk: 0, parts: [{ kind: 'tree', path: '/a/../b' }] }, 'LIST_INVALID'],
    ['nothing in it', { v: 1, list: id, chunk: 0, parts: [] }, 'LIST_INVALID'],
    ['a newer version', { v: 2, list: id, chunk: 0, parts: [] }, 'VERSION_UNKNOWN'],
  ])('with %s is refused', (_, value, code) => {
    try {
      decodeListChunk(JSON.stringify(value))
      expect.unreachable()
    } catch (error) {
      expect(isCoreError(error) && error.code).toBe(code)
    }
  })
})
