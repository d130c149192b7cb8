import { describe, expect, test } from 'vitest'
import { aHeartbeat, aHeldAttempt, aRunId } from '../testing/index.ts'
import { maxWireBytes, wireBytes } from '../wire/text.ts'
import { emptyCounts } from './counts.ts'
import type { Heartbeat } from './heartbeat.ts'
import { decodeResult, encodeResult } from './result.ts'

const counts = { ...emptyCounts(), files: 3, bytes: 300, failures: { IO: 1 } }
const mounts = { 'cache-1': { files: 3, bytes: 300, failures: 1 } }
const sent = (heartbeat: Heartbeat): Heartbeat => {
  const text = encodeResult(heartbeat)
  expect(wireBytes(text)).toBeLessThanOrEqual(maxWireBytes)
  return decodeResult(text) as Heartbeat
}

describe('a heartbeat', () => {
  test('names every item with details where there is room, as a worker with a few slots has it', () => {
    const attempts = Array.from({ length: 16 }, (_, at) =>
      aHeldAttempt({ item: `a.${at}`, path: `/scene${at}`, counts: { ...counts, mounts } }),
    )
    expect(sent(aHeartbeat({ attempts }))).toEqual(aHeartbeat({ attempts }))
  })

  test('of a worker with 512 slots, 64 long addresses and long paths fits one message, and no sum is lost', () => {
    const addresses = Array.from({ length: 64 }, (_, at) => `/mnt/${'ü'.repeat(900)}${at}`)
    const attempts = Array.from({ length: 512 }, (_, at) =>
      aHeldAttempt({
        item: `${'f'.repeat(64)}.${at}`,
        attempt: 'a'.repeat(64),
        path: `/${'ä'.repeat(4_000)}`,
        counts: { ...counts, mounts: Object.fromEntries(addresses.map((address) => [address, mounts['cache-1']])) },
        bytesArrived: 1_000_000_000_000 + at,
        bytesInFlight: 7,
        frontier: 10_000,
      }),
    )
    const read = sent(
      aHeartbeat({
        attempts,
        limits: addresses.map((address) => ({ address, state: 'up', inFlight: 1, limit: 1 })),
        largest: [1, 2, 3].map((size) => ({ path: `/${'\udc80'.repeat(4_000)}/disk.img`, bytes: 1, size })),
        waitsFor: { ceiling: true, addresses },
      }),
    )
    const { others } = read
    expect(read.attempts.length).toBeGreaterThan(50)
    expect(read.attempts.length + (others?.items ?? 0)).toBe(512)
    const sum = (of: (one: { bytesArrived: number; frontier: number }) => number): number =>
      read.attempts.reduce((total, attempt) => total + of(attempt), others === undefined ? 0 : of(others))
    expect(sum(({ frontier }) => frontier)).toBe(5_120_000)
    expect(sum(({ bytesArrived }) => bytesArrived)).toBe(512 * 1_000_000_000_000 + (511 * 512) / 2)
    expect(read.largest?.map(({ path }) => path.slice(-9))).toEqual(['/disk.img', '/disk.img', '/disk.img'])
    expect(read.waitsFor?.ceiling).toBe(true)
  })

  test('of 512 items with ids as they are names half of them at least, the oldest', () => {
    const attempts = Array.from({ length: 512 }, (_, at) =>
      aHeldAttempt({ item: `abcdefghijkl.${at}`, attempt: 'abcdefghijkl', counts, bytesArrived: 123_456_789 }),
    )
    const read = sent(aHeartbeat({ attempts }))
    expect(read.attempts.length).toBeGreaterThanOrEqual(200)
    expect(read.attempts.map(({ item }) => item)).toEqual(
      attempts.slice(0, read.attempts.length).map(({ item }) => item),
    )
    expect(read.others?.counts.files).toBe(3 * (512 - read.attempts.length))
  })

  test('of a newer worker is read without what this version does not know', () => {
    const newer = {
      ...aHeartbeat({ waitsFor: { ceiling: true } }),
      battery: 3,
      attempts: [{ ...aHeldAttempt(), mood: 'good', counts: { ...emptyCounts(), links: 1 } }],
      limits: [{ address: 'cache-1', state: 'up', inFlight: 0, limit: 1, jitterMs: 4 }],
      waitsFor: { ceiling: true, moon: { phase: 'full' } },
    }
    expect(decodeResult(JSON.stringify(newer))).toEqual(
      aHeartbeat({
        limits: [{ address: 'cache-1', state: 'up', inFlight: 0, limit: 1 }],
        waitsFor: { ceiling: true },
      }),
    )
  })

  test('is what the `beat` of an older worker is read as, letter by letter as that worker wrote it', () => {
    const beat =
      '{"v":1,"kind":"beat","run":"run000000001","worker":"worker-1","item":"root","attempt":"attempt-1","path":"/scene1",' +
      '"counts":{"directories":1,"files":3,"bytes":300,"entriesSkipped":0,"specialSkipped":0,"failures":{"IO":1},' +
      '"mounts":{"cache-1":{"files":3,"bytes":300,"failures":1}},"levels":{"0":{"listed":1,"directories":0,"files":3}}},' +
      '"frontier":7,"mounts":[{"address":"cache-1","state":"down","inFlight":2,"limit":4,' +
      '"longReads":{"inFlight":1,"limit":2}}],"revision":5}'
    const levels = { 0: { listed: 1, directories: 0, files: 3 } }
    expect(decodeResult(beat)).toEqual({
      v: 1,
      kind: 'heartbeat',
      run: aRunId,
      worker: 'worker-1',
      revision: 5,
      attempts: [
        {
          item: 'root',
          attempt: 'attempt-1',
          path: '/scene1',
          counts: { ...counts, directories: 1, mounts, levels },
          bytesArrived: 300,
          bytesInFlight: 0,
          frontier: 7,
        },
      ],
      limits: [{ address: 'cache-1', state: 'down', inFlight: 2, limit: 4, longReads: { inFlight: 1, limit: 2 } }],
    })
    expect(() => encodeResult(JSON.parse(beat))).toThrow(expect.objectContaining({ code: 'RESULT_INVALID' }))
  })
})
