import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbName, arbPart, arbPath } from '../../test/arbitraries.ts'
import { encodeItem, type Part, partBytes } from '../messages/item.ts'
import { maxPathBytes } from '../names/paths.ts'
import { anItem } from '../testing/index.ts'
import { maxWireBytes, toWire } from '../wire/text.ts'
import { decideSplit, divide, minSplitUnits, type SplitSituation } from './split.ts'

describe('decideSplit', () => {
  const calm: SplitSituation = {
    depth: 20,
    capacity: 10,
    pending: 1_000,
    elapsedMs: 10_000,
    budgetMs: 90_000,
    progressed: true,
    takeable: false,
  }
  const over = { elapsedMs: 90_000 }
  const goOn = { action: 'go-on' }

  test.each<[string, Partial<SplitSituation>]>([
    ['others have enough', {}],
    ['a quarter more is queued than they can hold', { depth: 13 }],
    ['the rest is small', { depth: 0, pending: minSplitUnits - 1 }],
    ['it has hardly begun', { depth: 0, elapsedMs: 99 }],
    ['nothing is left before its time', { elapsedMs: 89_999, pending: 0, depth: 0 }],
    [
      'it is time, and a small rest is all that it was given',
      { ...over, progressed: false, pending: minSplitUnits - 1 },
    ],
    ['others have enough and parts could be taken', { takeable: true }],
  ])('an attempt continues when %s', (_, change) => {
    expect(decideSplit({ ...calm, ...change })).toEqual(goOn)
  })

  test.each<[string, Partial<SplitSituation>, number]>([
    ['others run dry', { depth: 12 }, 2],
    ['others run dry, and it does its share of half', { depth: 5 }, 3],
    ['it is the only one, and its rest is just worth it', { depth: 1, pending: minSplitUnits, elapsedMs: 100 }, 15],
    ['no other worker exists', { depth: 1, capacity: 1 }, 2],
    ['no worker is known', { depth: 0, capacity: 0 }, 2],
    ['there are more workers than one split serves', { depth: 1, capacity: 1_000 }, 128],
  ])('an attempt hands its rest away when %s', (_, change, ways) => {
    expect(decideSplit({ ...calm, ...change })).toEqual({ action: 'stop', ways })
    expect(decideSplit({ ...calm, ...change, takeable: true })).toEqual({ action: 'take', ways })
  })

  test.each<[string, Partial<SplitSituation>, number]>([
    ['it is time', over, 2],
    ['it is time and one unit is left', { ...over, pending: 1 }, 2],
    ['it is time and what is left is under way', { ...over, pending: 0 }, 2],
    [
      'it is time, nothing is finished and the rest is large',
      { ...over, progressed: false, pending: minSplitUnits },
      2,
    ],
  ])('an attempt ends when %s, but not while it can hand away in passing and others have enough', (_, change, ways) => {
    expect(decideSplit({ ...calm, ...change })).toEqual({ action: 'stop', ways })
    expect(decideSplit({ ...calm, ...change, takeable: true })).toEqual(goOn)
  })

  test('attempts that all decide at the same moment make no more items than there are places and a reserve', () => {
    const crowd = fc.record({ capacity: fc.integer({ min: 1, max: 4_000 }), depth: fc.integer({ min: 1, max: 6_000 }) })
    fc.assert(
      fc.property(crowd, ({ capacity, depth }) => {
        const decision = decideSplit({ ...calm, capacity, depth })
        if (decision.action === 'go-on') return
        const { ways } = decision
        const attempts = Math.min(depth, capacity)
        // Each that splits is gone afterwards, and hands away two parts at least.
        expect(depth + attempts * (ways - 1)).toBeLessThanOrEqual(capacity * 1.5 + 1 + attempts)
      }),
    )
  })

  test('less queued, more pending or more time never turns a split into going on', () => {
    const situation = fc.record({
      depth: fc.nat({ max: 128 }),
      capacity: fc.nat({ max: 64 }),
      pending: fc.nat({ max: 200 }),
      elapsedMs: fc.nat({ max: 200_000 }),
      budgetMs: fc.constant(90_000),
      progressed: fc.boolean(),
      takeable: fc.boolean(),
    })
    fc.assert(
      fc.property(situation, fc.nat({ max: 64 }), (now, more) => {
        fc.pre(decideSplit(now).action !== 'go-on')
        const pressing = {
          ...now,
          depth: Math.max(0, now.depth - more),
          pending: now.pending + more,
          elapsedMs: now.elapsedMs + more,
        }
        expect(decideSplit(pressing)).not.toEqual(goOn)
      }),
    )
  })
})

/** Parts taken to pieces: each part that stays whole, and each name with its directory. Sorted. */
const unitsOf = (parts: readonly Part[]): string[] =>
  parts
    .flatMap((part) =>
      part.kind === 'files' ? part.names.map((name) => toWire([part.directory, name])) : toWire(part),
    )
    .sort()

const files = (directory: string, count: number): Part => ({
  kind: 'files',
  directory,
  names: Array.from({ length: count }, (_, at) => `file-${at}`),
})
const trees = (count: number): Part[] =>
  Array.from({ length: count }, (_, at) => ({ kind: 'tree', path: `/tree-${at}` }))

test('no path is too long to be handed away', () => {
  const longest = (unit: string): string => `/${unit.repeat(maxPathBytes - 1)}`
  const name = '\udcff'.repeat(255)
  const directory = `/${'\udcff'.repeat(maxPathBytes - 257)}`
  for (const unit of ['\u0001', '"', '\udcff']) {
    const path = longest(unit)
    const parts: Part[] = [
      { kind: 'tree', path },
      { kind: 'listing', path, resume: 'x'.repeat(4_096) },
      { kind: 'range', path, offset: 2 ** 50, length: 2 ** 50, ordinal: 2 ** 50 },
      { kind: 'files', directory, names: Array.from({ length: 5 }, () => name) },
    ]
    const groups = divide(parts, 1)
    expect(unitsOf(groups.flat())).toEqual(unitsOf(parts))
    for (const group of groups) expect(encodeItem(anItem({ parts: group })).length).toBeLessThanOrEqual(maxWireBytes)
  }
})

describe('divide', () => {
  const parts = fc.array(
    fc.oneof(
      arbPart,
      fc.record({
        kind: fc.constant('files' as const),
        directory: arbPath,
        names: fc.array(arbName, { minLength: 1, maxLength: 60 }),
      }),
    ),
    { maxLength: 12 },
  )
  const limits = fc.record({
    maxBytes: fc.integer({ min: 700, max: 4_000 }),
    maxNames: fc.integer({ min: 1, max: 40 }),
  })

  test('every part and every name is in exactly one group', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 20 }), limits, (given, ways, options) => {
        expect(unitsOf(divide(given, ways, options).flat())).toEqual(unitsOf(given))
      }),
    )
  })

  test('groups are not empty, fit, and are as many as asked for where there are as many units', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 20 }), limits, (given, ways, options) => {
        const groups = divide(given, ways, options)
        expect(groups.length).toBeGreaterThanOrEqual(Math.min(ways, unitsOf(given).length))
        for (const group of groups) {
          expect(group.length).toBeGreaterThan(0)
          expect(toWire(group).length - 2).toBeLessThanOrEqual(options.maxBytes)
          const names = group.flatMap((part) => (part.kind === 'files' ? part.names : []))
          expect(names.length).toBeLessThanOrEqual(options.maxNames)
        }
      }),
    )
  })

  test('each group makes an item that fits a message', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 4 }), (given, ways) => {
        for (const group of divide(given, ways)) {
          const item = `${'a'.repeat(64)}.999999999`
          expect(encodeItem(anItem({ item, parts: group })).length).toBeLessThanOrEqual(maxWireBytes)
        }
      }),
    )
  })

  test('what was given is left alone', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const before = structuredClone(given)
        divide(given, 3)
        expect(given).toEqual(before)
      }),
    )
  })

  test.each([1, 3, 7])('neighbours go to different groups: %i ways', (ways) => {
    const groups = divide(trees(21), ways)
    expect(groups.map((group) => group.length)).toEqual(Array.from({ length: ways }, () => 21 / ways))
    expect(groups[0]?.map(partBytes)).toEqual(
      trees(21)
        .filter((_, at) => at % ways === 0)
        .map(partBytes),
    )
  })

  test('each kind is spread evenly beside other kinds', () => {
    const groups = divide([...trees(8), files('/a', 400), ...trees(8)], 4)
    expect(groups).toHaveLength(4)
    for (const group of groups) {
      expect(group.filter(({ kind }) => kind === 'tree')).toHaveLength(4)
      expect(group.flatMap((part) => (part.kind === 'files' ? part.names : []))).toHaveLength(100)
    }
  })

  test('a directory of 10,000 names becomes ten items, one part each', () => {
    const groups = divide([files('/a', 10_000)], 2)
    expect(groups.map((group) => group.map((part) => (part.kind === 'files' ? part.names.length : 0)))).toEqual(
      Array.from({ length: 10 }, () => [1_000]),
    )
  })

  test('names are cut by size too', () => {
    const names = Array.from({ length: 20 }, (_, at) => `${'\udc80'.repeat(1_000)}${at}`)
    const groups = divide([{ kind: 'files', directory: '/a', names }], 1)
    expect(groups.length).toBeGreaterThanOrEqual(3)
    for (const group of groups) expect(toWire(group).length - 2).toBeLessThanOrEqual(56_000)
  })

  test('nothing makes no groups', () => {
    expect(divide([], 5)).toEqual([])
    expect(divide([{ kind: 'files', directory: '/a', names: [] }], 5)).toEqual([])
  })

  test('fewer units than ways make a group each', () => {
    expect(divide([...trees(1), files('/a', 2)], 9)).toHaveLength(3)
  })

  test('the dearest path and name still fit', () => {
    const directory = `/${'\udc80'.repeat(maxPathBytes - 2_002)}`
    const names = ['\udcff'.repeat(2_000), '\udcfe'.repeat(2_000)]
    expect(divide([{ kind: 'files', directory, names }], 1)).toHaveLength(2)
  })

  test('a part that no message can carry is refused', () => {
    const huge: Part = { kind: 'tree', path: `/${'a'.repeat(60_000)}` }
    expect(() => divide([huge], 1)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
    expect(() => divide([files('/a', 2)], 1, { maxBytes: 10 })).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
  })

  test.each<[string, number, { maxBytes?: number; maxNames?: number }]>([
    ['ways', 0, {}],
    ['ways', 1.5, {}],
    ['ways', Number.NaN, {}],
    ['maxBytes', 1, { maxBytes: 0 }],
    ['maxNames', 1, { maxNames: -1 }],
  ])('nonsense in %s is refused', (field, ways, options) => {
    expect(() => divide(trees(1), ways, options)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', problems: [expect.objectContaining({ field })] }),
    )
  })
})
