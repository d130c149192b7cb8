import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbFailure, arbResult } from '../../test/arbitraries.ts'
import { maxPathBytes } from '../names/paths.ts'
import { aFailurePart, aHeartbeat, aHeldAttempt, aResult, aRunId } from '../testing/index.ts'
import { maxWireBytes, wireBytes } from '../wire/text.ts'
import { emptyCounts } from './counts.ts'
import {
  decodeFailureList,
  decodeResult,
  encodeFailureList,
  encodeResult,
  type Failure,
  type FailureList,
  failureParts,
  fitFailure,
  maxChildren,
  packFailures,
} from './result.ts'

const invalid = (code = 'RESULT_INVALID') => expect.objectContaining({ name: 'CoreError', code })

test('every message of a results queue survives the round trip, in printable ASCII', () => {
  fc.assert(
    fc.property(arbResult, (message) => {
      const text = encodeResult(message)
      expect(text).toMatch(/^[ -~]+$/)
      expect(decodeResult(text)).toEqual(message)
    }),
  )
})

describe('a message is refused', () => {
  test.each<[string, unknown]>([
    ['of an unknown kind', { ...aResult(), kind: 'report' }],
    ['without a kind', { v: 1 }],
    ['with half a file', aResult({ counts: { ...aResult().counts, files: 0.5 } })],
    ['with more bytes than are exact', aResult({ counts: { ...aResult().counts, bytes: 2 ** 53 } })],
    ['with a failure code in lower case', aResult({ counts: { ...aResult().counts, failures: { io: 1 } } })],
    ['with a family that is none', aResult({ children: [{ family: 'A', count: 1 }] })],
    ['with a family without children', aResult({ children: [{ family: 'a', count: 0 }] })],
    ['with an outcome of its own', aResult({ outcome: 'skipped' as never })],
    ['with an attempt that is none', aResult({ attempt: 'a.0' })],
    ['with no failures in a part', aFailurePart({ failures: [] })],
    ['with parts that run backwards', aFailurePart({ part: -1 })],
    ['with a mount half up', aHeartbeat({ limits: [{ address: 'a', state: 'half' as never, inFlight: 0, limit: 1 }] })],
  ])('%s', (_, message) => {
    expect(() => decodeResult(JSON.stringify(message))).toThrow(invalid())
    expect(() => encodeResult(message as never)).toThrow(invalid())
  })

  test('when its children are more than a ledger should ever announce', () => {
    const children = [1, 2].map((family) => ({ family: `${family}`, count: maxChildren }))
    expect(() => encodeResult(aResult({ children }))).toThrow(invalid())
    expect(encodeResult(aResult({ children: children.slice(1) }))).toContain('"children"')
  })

  test('when it does not fit, and another version has a code of its own', () => {
    const children = Array.from({ length: 5_000 }, (_, at) => ({ family: `family-${at}`, count: 1 }))
    expect(() => encodeResult(aResult({ children }))).toThrow(invalid('TOO_LARGE'))
    expect(() => decodeResult('{"v":2,"kind":"result"}')).toThrow(invalid('VERSION_UNKNOWN'))
  })

  test('with NaN, which JSON would turn into null', () => {
    expect(() => encodeResult(aResult({ elapsedMs: Number.NaN }))).toThrow(invalid())
    expect(() => encodeResult(aResult({ elapsedMs: Number.POSITIVE_INFINITY }))).toThrow(invalid())
  })
})

test('what a newer worker says besides is dropped, at any depth, and is not written', () => {
  const newer = { ...aResult(), note: '', counts: { ...aResult().counts, links: 1, failures: { IO: 1 } } }
  expect(decodeResult(JSON.stringify(newer))).toEqual(aResult({ counts: { ...aResult().counts, failures: { IO: 1 } } }))
  expect(() => encodeResult(newer)).toThrow(invalid())
})

test('an error of any length is shortened', () => {
  expect(decodeResult(encodeResult(aResult({ error: 'x'.repeat(100_000) })))).toMatchObject({
    error: `${'x'.repeat(1_021)}...`,
  })
})

/** Characters that take one, two and six bytes on the wire; the last ones are bytes that are no UTF-8. */
const arbUnit = fc.constantFrom('x', '"', '\u0001', '<', 'é', '\udcff')

describe('what a worker reports fits a message for all names of files and addresses', () => {
  /** 64 addresses that take up all the room that a job has for them. */
  const addresses = Array.from({ length: 64 }, (_, at) => `${at}.${'a'.repeat(245)}`)
  const largest = {
    ...emptyCounts(),
    failures: Object.fromEntries(Array.from({ length: 64 }, (_, at) => [`E${at}_${'X'.repeat(40)}`, 2 ** 50])),
    mounts: Object.fromEntries(
      addresses.map((address) => [
        address,
        {
          files: 2 ** 50,
          bytes: 2 ** 50,
          failures: 2 ** 50,
          latencies: Object.fromEntries(Array.from({ length: 31 }, (_, bin) => [`${bin}`, 2 ** 50])),
        },
      ]),
    ),
    levels: Object.fromEntries(
      Array.from({ length: 100 }, (_, depth) => [
        `${depth}`,
        { listed: 2 ** 50, directories: 2 ** 50, files: 2 ** 50 },
      ]),
    ),
    sizes: Object.fromEntries(Array.from({ length: 54 }, (_, at) => [`${at}`, { files: 2 ** 50, bytes: 2 ** 50 }])),
  }

  test('as a result, with its counts and children whole', () => {
    fc.assert(
      fc.property(arbUnit, fc.nat({ max: 3_000 }), fc.nat({ max: 128 }), (unit, length, families) => {
        const children = Array.from({ length: families }, (_, at) => ({
          family: `${'a'.repeat(12)}-s${at}`,
          count: 7_000,
        }))
        const text = encodeResult(aResult({ counts: largest, error: unit.repeat(length), children }))
        expect(wireBytes(text)).toBeLessThanOrEqual(maxWireBytes)
        const read = decodeResult(text)
        expect(read).toMatchObject({ children, counts: { failures: largest.failures, sizes: largest.sizes } })
        const mounts = read.kind === 'result' ? Object.values(read.counts.mounts) : []
        expect(mounts).toHaveLength(64)
        expect(mounts[0]).toMatchObject({ files: 2 ** 50, bytes: 2 ** 50, failures: 2 ** 50 })
      }),
      { numRuns: 20 },
    )
  })

  test('as a heartbeat, which leaves out what is only shown', () => {
    const limits = { inFlight: 2 ** 50, limit: 2 ** 50, p50Ms: 1 / 3, p99Ms: 1 / 3, floorMs: 1 / 3 }
    const mounts = addresses.map((address) => ({ address, state: 'up' as const, ...limits, longReads: limits }))
    fc.assert(
      fc.property(arbUnit, fc.integer({ min: 0, max: maxPathBytes - 1 }), fc.boolean(), (unit, length, crowded) => {
        const path = `/${unit.repeat(length)}`
        const held = aHeldAttempt({ path, ...(crowded ? { counts: largest } : {}) })
        const text = encodeResult(aHeartbeat({ attempts: [held], ...(crowded ? { limits: mounts } : {}) }))
        expect(wireBytes(text)).toBeLessThanOrEqual(maxWireBytes)
        expect(decodeResult(text)).toMatchObject({
          kind: 'heartbeat',
          attempts: [{ frontier: 0, counts: { failures: held.counts.failures } }],
          limits: crowded ? mounts.map(({ address }) => ({ address })) : [],
        })
      }),
      { numRuns: 20 },
    )
  })

  test('as failures of paths, addresses and causes of any length', () => {
    const arbLong = fc.tuple(arbUnit, fc.nat({ max: 9_000 })).map(([unit, length]) => unit.repeat(length))
    const arbLarge = fc.record({
      path: arbLong.map((name) => `/${name}`),
      address: arbUnit.map((unit) => unit.repeat(1_024)),
      code: fc.constant('NAME_TOO_LONG'),
      message: arbLong,
    })
    fc.assert(
      fc.property(fc.array(arbLarge, { minLength: 1, maxLength: 5 }), (failures) => {
        const parts = failureParts(aRunId, `${'a'.repeat(64)}.999999999`, 'b'.repeat(64), failures)
        for (const part of parts)
          expect(wireBytes(encodeResult({ ...part, part: 999_999 }))).toBeLessThanOrEqual(maxWireBytes)
        const told = parts.flatMap((part) => part.failures)
        expect(told.map(({ path }) => path.slice(0, 100))).toEqual(failures.map(({ path }) => path.slice(0, 100)))
        expect([...packFailures(failures)].flat()).toEqual(told)
      }),
      { numRuns: 40 },
    )
  })

  test('as a failure whose path is as long as one can be, which is whole', () => {
    const path = `/${'\udcff'.repeat(maxPathBytes - 1)}`
    const [part] = failureParts(aRunId, 'root', 'a', [{ path, code: 'IO', message: '\u0001'.repeat(9_000) }])
    expect(part?.failures).toMatchObject([{ path }])
    expect(encodeResult(part ?? aFailurePart()).length).toBeLessThanOrEqual(maxWireBytes)
  })
})

describe('failureParts', () => {
  const pack = (failures: Failure[], maxBytes?: number) => failureParts(aRunId, 'root', 'attempt-1', failures, maxBytes)

  test('no failures make no parts', () => {
    expect(pack([])).toEqual([])
  })

  test('every failure is in one part, in order, and every part is numbered, not empty, and fits', () => {
    fc.assert(
      fc.property(
        fc.array(arbFailure, { maxLength: 30 }),
        fc.integer({ min: 700, max: 5_000 }),
        (failures, maxBytes) => {
          const parts = pack(failures, maxBytes)
          expect(parts.flatMap((part) => part.failures)).toEqual(failures)
          expect(parts.map(({ part }) => part)).toEqual(parts.map((_, at) => at))
          for (const part of parts) {
            const text = encodeResult(part)
            expect(decodeResult(text)).toEqual(part)
            if (part.failures.length > 1) expect(wireBytes(text)).toBeLessThanOrEqual(maxBytes)
          }
        },
      ),
    )
  })

  test('a hundred thousand failures fill their parts well', () => {
    const failures = Array.from({ length: 100_000 }, (_, at) => ({ path: `/a/file-${at}`, code: 'IO' }))
    const parts = pack(failures)
    const bytes = parts.slice(0, -1).map((part) => wireBytes(encodeResult(part)))
    expect(Math.min(...bytes)).toBeGreaterThan(59_900)
    expect(Math.max(...bytes)).toBeLessThanOrEqual(60_000)
  })

  test('a path or message that no message could carry is cut rather than lost', () => {
    const [part] = pack([
      { path: `/${'\udc80'.repeat(9_000)}`, code: 'NAME_TOO_LONG', message: '\ud800'.repeat(9_000) },
    ])
    const [failure] = part?.failures ?? []
    expect([failure?.path.length, failure?.message?.length]).toEqual([maxPathBytes, 1_024])
    expect(encodeResult(part ?? aFailurePart()).length).toBeLessThan(60_000)
  })
})

const list = (failures: FailureList['failures']): FailureList => ({
  v: 1,
  run: 'abcdefghijkl',
  part: 0,
  last: false,
  failures,
})

test('failures are packed into messages that fit, none lost, in their order', () => {
  fc.assert(
    fc.property(fc.array(arbFailure, { maxLength: 50 }), (failures) => {
      const read = [...packFailures(failures)].flatMap((group) => {
        const text = encodeFailureList(list([...group]))
        expect(text.length).toBeLessThanOrEqual(maxWireBytes)
        return decodeFailureList(text).failures
      })
      expect(read).toEqual(failures.map(fitFailure))
    }),
  )
})

test('many long ones take several messages', () => {
  const failures = Array.from({ length: 60 }, (_, at) => ({ path: `/${at}${'\udc80'.repeat(4_000)}`, code: 'IO' }))
  const groups = [...packFailures(failures)]
  expect(groups.length).toBeGreaterThan(10)
  expect(groups.flat()).toHaveLength(60)
})

test.each([
  { ...list([]), part: -1 },
  { ...list([]), mood: 'good' },
  { ...list([]), run: 'x' },
])('%j is refused', (value) => {
  expect(() => decodeFailureList(JSON.stringify(value))).toThrow(
    expect.objectContaining({ name: 'CoreError', code: 'RESULT_INVALID' }),
  )
})
