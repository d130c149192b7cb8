import { expectTypeOf, test } from 'vitest'
import {
  type adaptiveLimit,
  type FileEntry,
  folderMount,
  type Mount,
  nfsMount,
  type OpenMount,
  openReadLane,
  type rateLimit,
  throttledMount,
  type WalkEntry,
  type WalkFailure,
  type WalkOptions,
  type Warmed,
  type WarmOptions,
  walk,
  warm,
  watchedMount,
} from './index.ts'

/*
 * What a caller need not write down. The functions are never called: the compiler checks them, with
 * exactOptionalPropertyTypes.
 */
declare const mounts: readonly Mount[]

test('warm takes paths, and tells failures and counters', () => {
  const run = () => warm(mounts, ['/a'], { concurrency: 3 })
  expectTypeOf(run).returns.resolves.toEqualTypeOf<Warmed>()
  expectTypeOf<Warmed['failures']>().toEqualTypeOf<readonly WalkFailure[]>()
  expectTypeOf<WarmOptions>().not.toHaveProperty('headBytes')
  expectTypeOf<WarmOptions>().not.toHaveProperty('parts')
  // @ts-expect-error whole files are read
  void (() => warm(mounts, ['/a'], { headBytes: 1 }))
  // @ts-expect-error a list of paths
  void (() => warm(mounts, '/a'))
})

test('iterating gives entries, which their kind tells apart', () => {
  const run = async function* () {
    for await (const entry of walk(mounts)) {
      expectTypeOf(entry).toEqualTypeOf<WalkEntry>()
      if (entry.kind === 'file') {
        expectTypeOf(entry).toEqualTypeOf<FileEntry>()
        expectTypeOf(entry.size).toEqualTypeOf<number | undefined>()
        expectTypeOf(entry.modifiedMs).toEqualTypeOf<number | undefined>()
        expectTypeOf(entry.complete).toEqualTypeOf<boolean>()
        expectTypeOf(entry.reads[0]?.firstMs).toEqualTypeOf<number | undefined>()
      }
      if (entry.kind === 'failed') expectTypeOf(entry.error.code).toExtend<string>()
      yield entry
    }
  }
  expectTypeOf(run).returns.toExtend<AsyncIterable<WalkEntry>>()
})

test('every option may be undefined', () => {
  type Defined<T> = { [Name in keyof T]-?: undefined extends T[Name] ? never : Name }[keyof T]
  const all: { [Name in keyof WalkOptions]-?: undefined } = {
    parts: undefined,
    order: undefined,
    headBytes: undefined,
    read: undefined,
    attributes: undefined,
    sorted: undefined,
    sampleFiles: undefined,
    through: undefined,
    listThrough: undefined,
    filter: undefined,
    symlinks: undefined,
    concurrency: undefined,
    listings: undefined,
    chunkBytes: undefined,
    rangeBytes: undefined,
    maxPending: undefined,
    entries: undefined,
    limiterFor: undefined,
    graceMs: undefined,
    observer: undefined,
    progressMs: undefined,
    clock: undefined,
    signal: undefined,
  }
  void (() => walk(mounts, all))
  expectTypeOf<Defined<WalkOptions>>().toEqualTypeOf<never>()
  expectTypeOf<Defined<WarmOptions>>().toEqualTypeOf<never>()
  expectTypeOf<Defined<Parameters<typeof adaptiveLimit>[0] & object>>().toEqualTypeOf<never>()
  expectTypeOf<Defined<Parameters<typeof rateLimit>[0] & object>>().toEqualTypeOf<never>()
  expectTypeOf<Defined<Omit<Parameters<typeof folderMount>[0], 'folder'>>>().toEqualTypeOf<never>()
  expectTypeOf<Defined<Omit<Parameters<typeof nfsMount>[0], 'export'>>>().toEqualTypeOf<never>()
})

test('what is opened is disposable', () => {
  expectTypeOf(folderMount).returns.toEqualTypeOf<OpenMount>()
  expectTypeOf(nfsMount).returns.resolves.toEqualTypeOf<OpenMount>()
  expectTypeOf(watchedMount).returns.toExtend<AsyncDisposable>()
  expectTypeOf(throttledMount).returns.toExtend<AsyncDisposable>()
  expectTypeOf(openReadLane).returns.toExtend<AsyncDisposable>()
  expectTypeOf(walk).returns.toExtend<AsyncDisposable>()
  expectTypeOf(walk).returns.toExtend<AsyncIterable<WalkEntry>>()
})
