import { systemClock } from '@cachewarmer/nfs'
import { expect, test } from 'vitest'
import { defaultFilter, settingsOf, type WalkOptions } from './options.ts'

test('nothing said means: the head of every file of the export, through each mount', () => {
  const { signal, filter, ...settings } = settingsOf({})
  expect(signal.aborted).toBe(false)
  expect(filter).toBe(defaultFilter)
  expect(settings).toEqual({
    parts: [{ kind: 'tree', path: '/' }],
    order: 'given',
    headBytes: 65_536,
    read: true,
    attributes: false,
    sorted: false,
    sampleFiles: 0,
    through: 'each',
    listThrough: 'one',
    symlinks: 'none',
    concurrency: 64,
    chunkBytes: 67_108_864,
    rangeBytes: 1_073_741_824,
    maxPending: 10_000,
    entries: 'all',
    graceMs: 30_000,
    progressMs: 1_000,
    clock: systemClock,
  })
})

test('an option that is undefined counts as not said', () => {
  const options = { headBytes: undefined, signal: undefined } as unknown as WalkOptions
  expect(settingsOf(options).headBytes).toBe(65_536)
})

test('a head of no bytes means that nothing is read, and files then bring their sizes', () => {
  const { read, headBytes } = settingsOf({ headBytes: 0 })
  expect({ read, headBytes }).toEqual({ read: false, headBytes: Infinity })
  expect(settingsOf({ read: false })).toMatchObject({ read: false, headBytes: Infinity })
  expect(settingsOf({ read: false, headBytes: 10 })).toMatchObject({ read: false, headBytes: 10 })
})

test('whole files are an option', () => {
  expect(settingsOf({ headBytes: Number.POSITIVE_INFINITY }).headBytes).toBe(Number.POSITIVE_INFINITY)
})

test('the default filter leaves out the views that filers give of their past, and nothing else', () => {
  const kept = (name: string): boolean => defaultFilter.directory(`/a/${name}`, name)
  expect(['.snapshot', '~snapshot', '.zfs', '.ckpt', 'snapshot', '.zfs2'].filter(kept)).toEqual(['snapshot', '.zfs2'])
  expect(defaultFilter.file('/a/.snapshot', '.snapshot')).toBe(true)
  expect([defaultFilter.size(0), defaultFilter.modified(0), defaultFilter.needsAttributes]).toEqual([true, true, false])
})

const bad: [string, object][] = [
  ['graceMs is -1, expected a whole number of at least 0', { graceMs: -1 }],
  ['headBytes is 0, expected a whole number of at least 1', { headBytes: 0, read: true }],
  ['headBytes is -1, expected a whole number of at least 1', { headBytes: -1 }],
  ['headBytes is NaN, expected a whole number of at least 1', { headBytes: Number.NaN }],
  ['concurrency is 0, expected a whole number of at least 1', { concurrency: 0 }],
  ['concurrency is Infinity, expected a whole number of at least 1', { concurrency: Number.POSITIVE_INFINITY }],
  ['listings is 1.5, expected a whole number of at least 1', { listings: 1.5 }],
  ['chunkBytes is "1", expected a whole number of at least 1', { chunkBytes: '1' }],
  ['rangeBytes is 0, expected a whole number of at least 1', { rangeBytes: 0 }],
  ['maxPending is 0, expected a whole number of at least 1', { maxPending: 0 }],
  ['through is "all", expected "each" or "spread"', { through: 'all' }],
  ['sampleFiles is -1', { sampleFiles: -1 }],
  ['listThrough is "two", expected "one" or "each"', { listThrough: 'two' }],
  ['symlinks is "some", expected "none" or "files" or "all"', { symlinks: 'some' }],
  ['entries is "some", expected "all" or "none"', { entries: 'some' }],
  [
    'parts[1].path is "a"',
    {
      parts: [
        { kind: 'tree', path: '/' },
        { kind: 'tree', path: 'a' },
      ],
    },
  ],
  ['parts[0].path is "/a/.."', { parts: [{ kind: 'listing', path: '/a/..', resume: 'x' }] }],
  ['parts[0].resume is 7, expected', { parts: [{ kind: 'listing', path: '/a', resume: 7 }] }],
  ['parts[0].directory is "a"', { parts: [{ kind: 'files', directory: 'a', names: [] }] }],
  ['parts[0].names is "../x"', { parts: [{ kind: 'files', directory: '/a', names: ['x', '../x'] }] }],
  ['parts[0].offset is -1', { parts: [{ kind: 'range', path: '/a', offset: -1, ordinal: 0 }] }],
  ['parts[0].length is 0', { parts: [{ kind: 'range', path: '/a', offset: 0, length: 0, ordinal: 0 }] }],
  ['parts[0].ordinal is 0.5', { parts: [{ kind: 'range', path: '/a', offset: 0, ordinal: 0.5 }] }],
  ['parts[0].kind is "branch", expected "tree" or', { parts: [{ kind: 'branch', path: '/a' }] }],
]

test.for(bad)('%s', ([message, options]) => {
  expect(() => settingsOf(options as WalkOptions)).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringContaining(message) }),
  )
})
