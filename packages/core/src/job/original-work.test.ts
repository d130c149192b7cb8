import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbName, arbPath } from '../../test/arbitraries.ts'
import { decodeLegacyWork, encodeLegacyWork, type LegacyWork, legacyHolds } from './original-work.ts'

const sample = (name: string): string => readFileSync(new URL(`../../fixtures/${name}.json`, import.meta.url), 'utf8')

const base: LegacyWork = {
  addresses: ['10.0.1.11', '10.0.1.12', '10.0.1.13'],
  exportPath: '/exp',
  path: '/few',
  shape: 'directory',
  include: [],
  exclude: [],
  maxFileSizeBytes: 0,
}
const wire = (fields: Record<string, unknown>): string =>
  JSON.stringify({
    WarmTargetMountAddresses: ['10.0.1.11'],
    WarmTargetExportPath: '/exp',
    WarmTargetPath: '/a',
    ...fields,
  })

describe('messages of the original manager, as they were seen', () => {
  test.each<[string, LegacyWork]>([
    ['work-01', { ...base, path: '/wide450', shape: 'slice', start: 'f000.dat', stop: 'f200.dat' }],
    ['work-05', { ...base, path: '/large/one.vdb', shape: 'chunk', from: 0, to: 120_000_000 }],
    ['work-09', base],
  ])('%s', (name, work) => {
    expect(decodeLegacyWork(sample(name))).toEqual(work)
    expect(encodeLegacyWork(work)).toBe(sample(name).trim())
  })
})

test('every shape survives the round trip', () => {
  const shape = fc.oneof(
    fc.record({ shape: fc.constantFrom('directory' as const, 'file' as const) }),
    fc.record({ shape: fc.constant('slice' as const), start: arbName, stop: arbName }),
    fc
      .nat({ max: 2 ** 30 })
      .chain((from) =>
        fc.record({ shape: fc.constant('chunk' as const), from: fc.constant(from), to: fc.integer({ min: from + 1 }) }),
      ),
  )
  fc.assert(
    fc.property(arbPath, arbPath, shape, fc.nat(), (exportPath, path, fields, maxFileSizeBytes) => {
      const work: LegacyWork = {
        ...base,
        exportPath,
        path,
        include: ['*.exr'],
        exclude: ['*'],
        maxFileSizeBytes,
        ...fields,
      }
      expect(decodeLegacyWork(encodeLegacyWork(work))).toEqual(work)
    }),
  )
})

test.each<[string, Record<string, unknown>, Partial<LegacyWork>]>([
  ['no byte numbers mean all of it', {}, { shape: 'directory' }],
  [
    'null is as good as absent',
    { StartByte: null, ApplyFilter: null, InclusionList: null },
    { shape: 'directory', include: [] },
  ],
  ['one byte number is none', { StartByte: 5, StopByte: -1 }, { shape: 'file' }],
  ['the other one alone is none either', { StopByte: 5 }, { shape: 'file' }],
  ['a filter without names holds the empty name', { ApplyFilter: true }, { shape: 'slice', start: '', stop: '' }],
  ['bytes go before names', { ApplyFilter: true, StartByte: 1, StopByte: 2 }, { shape: 'chunk', from: 1, to: 2 }],
  ['keys in any case', { startbyte: 1, STOPBYTE: 2 }, { shape: 'chunk', from: 1, to: 2 }],
  ['unknown keys are nothing to worry about', { Priority: 1 }, { shape: 'directory' }],
])('%s', (_, fields, expected) => {
  expect(decodeLegacyWork(wire(fields))).toMatchObject(expected)
})

test.each<[string, Record<string, unknown>, string]>([
  ['an empty chunk', { StartByte: 0, StopByte: 0 }, 'StopByte'],
  ['a chunk that runs backwards', { StartByte: 2, StopByte: 1 }, 'StopByte'],
  ['a byte number below -1', { StartByte: -2 }, 'StartByte'],
  ['a path that climbs', { WarmTargetPath: '../../etc' }, 'WarmTargetPath'],
  ['no addresses', { WarmTargetMountAddresses: [] }, 'WarmTargetMountAddresses'],
  ['a shell where an address belongs', { WarmTargetMountAddresses: ['a; reboot'] }, 'WarmTargetMountAddresses[0]'],
  ['a bad pattern', { ExclusionList: ['[a'] }, 'ExclusionList[0]'],
  ['a flag that is none', { ApplyFilter: 'yes' }, 'ApplyFilter'],
  ['no path', { WarmTargetPath: '' }, 'WarmTargetPath'],
])('%s is refused', (_, fields, field) => {
  expect(() => decodeLegacyWork(wire(fields))).toThrow(
    expect.objectContaining({
      code: 'ITEM_INVALID',
      problems: expect.arrayContaining([expect.objectContaining({ field })]),
    }),
  )
})

describe('a slice', () => {
  const slice: LegacyWork = { ...base, shape: 'slice', start: 'b', stop: 'd' }

  test.each([
    ['a', false],
    ['b', true],
    ['bb', true],
    ['d', true],
    ['d ', false],
    ['C', false],
    ['', false],
  ])('holds %j: %j', (name, held) => {
    expect(legacyHolds(slice, name)).toBe(held)
  })

  test('is in the order of bytes', () => {
    expect(legacyHolds({ ...slice, start: '\uff5e', stop: '\u{10ffff}' }, '😀')).toBe(true)
  })

  test('is the only shape that leaves names out', () => {
    expect(legacyHolds(base, 'anything')).toBe(true)
  })
})
