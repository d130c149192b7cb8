import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbItem, arbPart } from '../../test/arbitraries.ts'
import { CoreError } from '../errors.ts'
import { childItem, rootItem, rootItemId } from '../names/names.ts'
import { maxPathBytes } from '../names/paths.ts'
import { anItem, aRunId } from '../testing/index.ts'
import { maxWireBytes, toWire } from '../wire/text.ts'
import { decodeItem, encodeItem, type Item, type Part, partBytes } from './item.ts'

const failure = (act: () => unknown): CoreError => {
  try {
    act()
  } catch (error) {
    if (error instanceof CoreError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

test('every item survives the round trip, in printable ASCII', () => {
  fc.assert(
    fc.property(arbItem, (item) => {
      const text = encodeItem(item)
      expect(text).toMatch(/^[ -~]+$/)
      expect(decodeItem(text)).toEqual(item)
      expect(decodeItem(Buffer.from(JSON.stringify(item)).toString('base64')).run).toBe(item.run)
    }),
  )
})

test('partBytes is what a part adds to a message', () => {
  fc.assert(
    fc.property(fc.array(arbPart, { minLength: 1, maxLength: 5 }), (parts) => {
      const commas = parts.length - 1
      const bytes = parts.reduce((sum, part) => sum + partBytes(part), 0)
      expect(toWire(parts)).toHaveLength(bytes + commas + 2)
    }),
  )
})

describe('ids', () => {
  test.each([rootItem(0), rootItem(1), rootItem(99), childItem('attempt-1', 0), childItem('a', 999_999_999)])(
    '%s is one of an item',
    (item) => {
      expect(decodeItem(encodeItem(anItem({ item }))).item).toBe(item)
    },
  )

  test('the first root is the root', () => {
    expect([rootItem(0), rootItem(1)]).toEqual([rootItemId, 'root-2'])
  })

  test.each(['', 'root-0', 'root-', 'Root', 'a', '.0', 'a.', 'a.01', 'a.-1', 'a.b', 'a.0.0', `${'a'.repeat(65)}.0`])(
    '%j is none',
    (item) => {
      expect(failure(() => encodeItem(anItem({ item }))).code).toBe('ITEM_INVALID')
    },
  )

  test.each(['', 'short', 'ABCDEFGHIJKL', 'abcdefghijklm', '../../../etc'])('%j is no run', (run) => {
    expect(failure(() => encodeItem(anItem({ run }))).problems).toMatchObject([{ field: 'run' }])
  })
})

describe('an item is refused', () => {
  const withPart = (part: unknown): string => JSON.stringify({ ...anItem(), parts: [part] })

  test.each<[string, unknown, string]>([
    ['that climbs', { kind: 'tree', path: '/a/../../etc' }, 'parts.0.path'],
    ['that is relative', { kind: 'tree', path: 'a' }, 'parts.0.path'],
    ['that is not normalised', { kind: 'tree', path: '/a//b' }, 'parts.0.path'],
    ['with NUL', { kind: 'listing', path: '/a\0', resume: '' }, 'parts.0.path'],
    ['with a path that is no bytes', { kind: 'range', path: '/\ud800', offset: 0, ordinal: 0 }, 'parts.0.path'],
    ['with a directory that climbs', { kind: 'files', directory: '/..', names: ['a'] }, 'parts.0.directory'],
    ['with a name that climbs', { kind: 'files', directory: '/a', names: ['b', '..'] }, 'parts.0.names.1'],
    ['with a name that is a path', { kind: 'files', directory: '/a', names: ['b/c'] }, 'parts.0.names.0'],
    ['with an empty name', { kind: 'files', directory: '/a', names: [''] }, 'parts.0.names.0'],
    ['without names', { kind: 'files', directory: '/a', names: [] }, 'parts.0.names'],
    ['with an empty range', { kind: 'range', path: '/a', offset: 0, length: 0, ordinal: 0 }, 'parts.0.length'],
    ['with an unknown key', { kind: 'tree', path: '/a', depth: 1 }, 'parts.0.depth'],
    ['of an unknown kind', { kind: 'device', path: '/a' }, 'parts.0.kind'],
  ])('with a part %s', (_, part, field) => {
    const error = failure(() => decodeItem(withPart(part)))
    expect([error.code, error.problems.map((problem) => problem.field)]).toEqual(['ITEM_INVALID', [field]])
  })

  test.each<[string, string]>([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['null', 'null'],
    ['no version', '{}'],
    ['a version that is none', '{"v":"1"}'],
    ['half a version', '{"v":1.5}'],
    ['no parts', JSON.stringify({ ...anItem(), parts: [] })],
    ['an unknown key', JSON.stringify({ ...anItem(), priority: 1 })],
    ['negative strikes', JSON.stringify({ ...anItem(), strikes: -1 })],
  ])('that has %s', (_, text) => {
    expect(failure(() => decodeItem(text)).code).toBe('ITEM_INVALID')
  })

  test('when it is made, too, so that no worker has to poison it', () => {
    const bad = anItem({ parts: [{ kind: 'tree', path: '/a/..' }] })
    expect(failure(() => encodeItem(bad)).code).toBe('ITEM_INVALID')
  })

  test('beyond the size of a message, when made and when read', () => {
    const names = Array.from({ length: 10_000 }, (_, at) => `name-${at}`)
    const item = anItem({ parts: [{ kind: 'files', directory: '/a', names }] })
    const error = failure(() => encodeItem(item))
    expect([error.code, error.problems[0]?.expected]).toEqual(['TOO_LARGE', `at most ${maxWireBytes} bytes`])
    expect(failure(() => decodeItem(JSON.stringify(item))).code).toBe('TOO_LARGE')
  })
})

test('the version is looked at before anything else, so a newer item is not called broken', () => {
  const newer = JSON.stringify({ v: 2, run: aRunId, item: 'root', tasks: [] })
  expect(failure(() => decodeItem(newer)).code).toBe('VERSION_UNKNOWN')
  expect(failure(() => decodeItem('{"v":0}')).code).toBe('VERSION_UNKNOWN')
})

test('the longest path with the dearest bytes still fits a message', () => {
  const directory = `/${'\udc80'.repeat(maxPathBytes - 257)}`
  const part: Part = { kind: 'files', directory, names: ['\udcff'.repeat(255)] }
  const item: Item = anItem({ parts: [part] })
  expect(partBytes(part)).toBeLessThan(56_000)
  expect(decodeItem(encodeItem(item))).toEqual(item)
})

test.each([
  ['/', maxPathBytes - 1],
  [`/${'d'.repeat(1_000)}`, maxPathBytes - 1_002],
])('a name below %s may have as many bytes as its path has room for', (directory, most) => {
  const naming = (bytes: number): Item => anItem({ parts: [{ kind: 'files', directory, names: ['n'.repeat(bytes)] }] })
  expect(decodeItem(encodeItem(naming(most)))).toEqual(naming(most))
  const { code, message } = failure(() => encodeItem(naming(most + 1)))
  expect([code, message]).toEqual(['ITEM_INVALID', expect.stringContaining('a name whose path has at most 8192 bytes')])
})
