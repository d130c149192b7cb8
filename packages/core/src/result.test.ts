import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbFailure, arbResult } from '../test/arbitraries.ts'
import { MAX_PATH_BYTES } from './paths.ts'
import { decodeResult, encodeResult, type Failure, failureParts, MAX_CHILDREN } from './result.ts'
import { A_RUN, aBeat, aFailurePart, aResult } from './testing/index.ts'
import { wireBytes } from './text.ts'

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
    ['with an unknown key', { ...aResult(), note: '' }],
    ['with an unknown key in its counts', aResult({ counts: { ...aResult().counts, links: 1 } as never })],
    ['with half a file', aResult({ counts: { ...aResult().counts, files: 0.5 } })],
    ['with more bytes than are exact', aResult({ counts: { ...aResult().counts, bytes: 2 ** 53 } })],
    ['with a failure code in lower case', aResult({ counts: { ...aResult().counts, failures: { io: 1 } } })],
    ['with a family that is none', aResult({ children: [{ family: 'A', count: 1 }] })],
    ['with a family of nobody', aResult({ children: [{ family: 'a', count: 0 }] })],
    ['with an outcome of its own', aResult({ outcome: 'skipped' as never })],
    ['with an attempt that is none', aResult({ attempt: 'a.0' })],
    ['with no failures in a part', aFailurePart({ failures: [] })],
    ['with parts that run backwards', aFailurePart({ part: -1 })],
    ['with a mount half up', aBeat({ mounts: [{ address: 'a', state: 'half' as never, inFlight: 0, limit: 1 }] })],
  ])('%s', (_, message) => {
    expect(() => decodeResult(JSON.stringify(message))).toThrow(invalid())
    expect(() => encodeResult(message as never)).toThrow(invalid())
  })

  test('when its children are more than a ledger should ever announce', () => {
    const children = [1, 2].map((family) => ({ family: `${family}`, count: MAX_CHILDREN }))
    expect(() => encodeResult(aResult({ children }))).toThrow(invalid())
    expect(encodeResult(aResult({ children: children.slice(1) }))).toContain('"children"')
  })

  test('when it does not fit, and another version is told apart', () => {
    const children = Array.from({ length: 5_000 }, (_, at) => ({ family: `family-${at}`, count: 1 }))
    expect(() => encodeResult(aResult({ children }))).toThrow(invalid('TOO_LARGE'))
    expect(() => decodeResult('{"v":2,"kind":"result"}')).toThrow(invalid('VERSION_UNKNOWN'))
  })

  test('with NaN, which JSON would turn into null', () => {
    expect(() => encodeResult(aResult({ elapsedMs: Number.NaN }))).toThrow(invalid())
    expect(() => encodeResult(aResult({ elapsedMs: Number.POSITIVE_INFINITY }))).toThrow(invalid())
  })
})

test('an error of any length is shortened', () => {
  expect(decodeResult(encodeResult(aResult({ error: 'x'.repeat(100_000) })))).toMatchObject({
    error: `${'x'.repeat(1_021)}...`,
  })
})

describe('failureParts', () => {
  const pack = (failures: Failure[], maxBytes?: number) => failureParts(A_RUN, 'root', 'attempt-1', failures, maxBytes)

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
    expect([failure?.path.length, failure?.message?.length]).toEqual([MAX_PATH_BYTES, 1_024])
    expect(encodeResult(part ?? aFailurePart()).length).toBeLessThan(60_000)
  })
})
