import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { emptyCounts } from '../messages/counts.ts'
import { decodeResult, encodeResult } from '../messages/result.ts'
import { aJob, aResult } from '../testing/index.ts'
import { compileFilter, type FilterRules, snapshotDirectories } from './filter.ts'

const filterOf = (rules: Partial<FilterRules>) => compileFilter({ ...aJob(), ...rules })

/** Asks as a walk does. */
const takes = (rules: Partial<FilterRules>, path: string): boolean =>
  filterOf(rules).file(path, path.slice(path.lastIndexOf('/') + 1))
const enters = (rules: Partial<FilterRules>, path: string): boolean =>
  filterOf(rules).directory(path, path.slice(path.lastIndexOf('/') + 1))

describe('files', () => {
  test.each<[string, Partial<FilterRules>, string, boolean]>([
    ['all where there are no lists', {}, '/a/x.exr', true],
    ['those that an include names', { include: ['*.exr', '*.dat'] }, '/a/x.dat', true],
    ['no others', { include: ['*.exr'] }, '/a/x.dat', false],
    ['none that an exclude names', { exclude: ['*.tmp'] }, '/a/x.tmp', false],
    ['the rest where there are excludes alone', { exclude: ['*.tmp'] }, '/a/x.exr', true],
    ['none that both name', { include: ['x*'], exclude: ['*.tmp'] }, '/a/x.tmp', false],
    ['names with a leading dot too', { include: ['*'] }, '/a/.hidden', true],
    ['by name, in every directory', { include: ['x'] }, '/x/y/x', true],
    ['not by the name of a directory', { include: ['a'] }, '/a/x', false],
    ['by path from the root', { include: ['/a/*'] }, '/a/x', true],
    ['by path from the root alone', { include: ['/a/*'] }, '/b/a/x', false],
    ['by path below any directory', { exclude: ['cache/**'] }, '/b/cache/d/x', false],
  ])('are %s', (_, rules, path, taken) => {
    expect(takes(rules, path)).toBe(taken)
  })

  test('an exclude always wins, and the order of patterns means nothing', () => {
    const pattern = fc.constantFrom('*', 'a*', '*b', '/x/**', '**/a', '?')
    const patterns = fc.array(pattern, { maxLength: 4 })
    fc.assert(
      fc.property(patterns, patterns, fc.constantFrom('/a', '/x/ab', '/x/y/b', '/c'), (include, exclude, path) => {
        const some = (list: string[]): boolean => list.some((one) => takes({ include: [one] }, path))
        const expected = !some(exclude) && (include.length === 0 || some(include))
        expect(takes({ include, exclude }, path)).toBe(expected)
        expect(takes({ include: include.toReversed(), exclude: exclude.toReversed() }, path)).toBe(expected)
      }),
    )
  })
})

describe('what left an entry out', () => {
  const rules: Partial<FilterRules> = {
    include: ['*.exr'],
    exclude: ['tmp*'],
    excludeDirectories: ['cache'],
    ignoreRules: ['old.*'],
    excludeExpressions: ['^bad'],
    maxFileSizeBytes: 100,
    modifiedSince: '2026-01-01T00:00:00Z',
  }

  test.each([
    ['a directory of snapshots', 'directory', '.snapshot', 1, '.snapshot'],
    ['a directory to exclude', 'directory', 'cache', 1, 'excludeDirectories'],
    ['a directory that a rules file names', 'directory', 'old.d', 1, 'ignoreRules'],
    ['a directory that an expression matches', 'directory', 'bad', 1, 'expressions'],
    ['a file to exclude', 'file', 'tmp.exr', 1, 'exclude'],
    ['a file that no pattern includes', 'file', 'a.dat', 1, 'include'],
    ['a file that a rules file names', 'file', 'old.exr', 1, 'ignoreRules'],
    ['a file that an expression matches', 'file', 'bad.exr', 1, 'expressions'],
    ['a file that is too large', 'file', 'a.exr', 101, 'size'],
    ['a file that nothing else leaves out', 'file', 'a.exr', 100, 'modifiedSince'],
    ['an old file that no pattern includes', 'file', 'b.dat', 100, 'include'],
  ] as const)('%s is counted for its rule', (_, kind, name, size, rule) => {
    expect(filterOf(rules).leftOutBy({ path: `/a/${name}`, name, kind, size, modifiedMs: 0 })).toBe(rule)
  })
})

describe('size', () => {
  test('a limit alone leaves out the larger files and no others', () => {
    const filter = filterOf({ maxFileSizeBytes: 1_000 })
    expect([0, 1_000, 1_001].map((bytes) => filter.size(bytes))).toEqual([true, true, false])
    expect(filter.file('/a/x', 'x')).toBe(true)
  })

  test('0 is no limit', () => {
    expect([0, 2 ** 52].map((bytes) => filterOf({}).size(bytes))).toEqual([true, true])
  })

  test('both ends are included', () => {
    const filter = filterOf({ minFileSizeBytes: 10, maxFileSizeBytes: 20 })
    expect([9, 10, 20, 21].map((bytes) => filter.size(bytes))).toEqual([false, true, true, false])
  })
})

test('time: the moment is the same in every time zone', () => {
  const filter = filterOf({ modifiedSince: '2026-01-31T10:00:00+02:00' })
  const moment = Date.UTC(2026, 0, 31, 8)
  expect([moment - 1, moment, moment + 1].map((ms) => filter.modified(ms))).toEqual([false, true, true])
  expect(filterOf({}).modified(0)).toBe(true)
})

test.each<[Partial<FilterRules>, boolean]>([
  [{}, false],
  [{ include: ['*'], exclude: ['/a/**'], excludeDirectories: ['b'] }, false],
  [{ minFileSizeBytes: 1 }, true],
  [{ maxFileSizeBytes: 1 }, true],
  [{ modifiedSince: '2026-01-31T10:00:00Z' }, true],
])('%j needs attributes: %j', (rules, needed) => {
  expect(filterOf(rules).needsAttributes).toBe(needed)
})

describe('directories', () => {
  test.each<[string, Partial<FilterRules>, string, boolean]>([
    ['any', {}, '/a', true],
    ['no snapshots', {}, '/a/.snapshot', false],
    ['no snapshots', {}, '/~snapshot', false],
    ['no snapshots', {}, '/.zfs', false],
    ['no snapshots', {}, '/.snapshots', false],
    ['no snapshots', {}, '/#snapshot', false],
    ['what only looks like snapshots', {}, '/a/snapshot', true],
    ['what only looks like snapshots', {}, '/a/.snapshot2', true],
    ['snapshots, where the job says so', { readSnapshots: true }, '/a/.snapshot', true],
    ['none excluded by name', { excludeDirectories: ['tmp*'] }, '/a/tmp1', false],
    ['none excluded by path', { excludeDirectories: ['/a/tmp'] }, '/a/tmp', false],
    ['those that lie elsewhere', { excludeDirectories: ['/a/tmp'] }, '/b/tmp', true],
    ['none excluded with a "/" at the end', { excludeDirectories: ['tmp/'] }, '/a/tmp', false],
    ['those that an exclude of files names', { exclude: ['tmp'] }, '/a/tmp', true],
    ['those that no include of files names', { include: ['*.exr'] }, '/a/tmp', true],
  ])('entered are %s', (_, rules, path, entered) => {
    expect(enters(rules, path)).toBe(entered)
  })

  test('names each directory of snapshots as counts may have it', () => {
    for (const name of snapshotDirectories) {
      const rule = filterOf({}).leftOutBy({ path: `/a/${name}`, name, kind: 'directory' })
      expect(rule).toBe(name)
      const result = aResult({ counts: { ...emptyCounts(), entriesSkipped: 1, leftOut: { [rule]: 1 } } })
      expect(decodeResult(encodeResult(result))).toEqual(result)
    }
  })
})

test.each<keyof Pick<FilterRules, 'include' | 'exclude' | 'excludeDirectories'>>([
  'include',
  'exclude',
  'excludeDirectories',
])('a bad pattern in %s is refused', (list) => {
  expect(() => filterOf({ [list]: ['[a'] })).toThrow(expect.objectContaining({ code: 'PATTERN_INVALID' }))
})

test('a filter is frozen and keeps nothing of the lists that it was made of', () => {
  const include = ['*.exr']
  const filter = compileFilter(aJob({ include }))
  include.push('*')
  expect([filter.file('/a.dat', 'a.dat'), Object.isFrozen(filter)]).toEqual([false, true])
})
