import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbStatus } from '../../test/arbitraries.ts'
import { encodeJob } from '../job/codec.ts'
import { aJob, aStatus } from '../testing/index.ts'
import { maxWireBytes, toWire } from '../wire/text.ts'
import { without } from '../wire/validate.ts'
import type { MountState } from './heartbeat.ts'
import { bareStatus, decodeStatus, encodeStatus, type FleetStatus, type RunStatus } from './status.ts'

const aFleet = (given: Partial<FleetStatus> = {}): FleetStatus => ({
  kind: 'vmss',
  wanted: 0,
  running: 0,
  notes: [],
  ...given,
})

const invalid = (code = 'STATUS_INVALID') => expect.objectContaining({ name: 'CoreError', code })

test('every status survives the round trip, in printable ASCII', () => {
  fc.assert(
    fc.property(arbStatus, (status) => {
      const text = encodeStatus(status)
      expect(text).toMatch(/^[ -~]+$/)
      expect(decodeStatus(text)).toEqual(status)
    }),
  )
})

describe('a status always fits', () => {
  const failures = (count: number, length: number) =>
    Array.from({ length: count }, (_, at) => ({ path: `/${at}${'\udc80'.repeat(length)}`, code: 'IO' }))
  const address = (at: number): string => `${at}-${'a'.repeat(240)}`
  const mounts: MountState[] = Array.from({ length: 64 }, (_, at) => ({
    address: address(at),
    state: 'up',
    inFlight: 2 ** 50,
    limit: 2 ** 50,
    p50Ms: 1 / 3,
    p99Ms: 1 / 3,
    floorMs: 1 / 3,
  }))
  const largest = aJob({ include: ['x'.repeat(16_000)] })
  const full: RunStatus = aStatus({
    job: largest,
    label: '\ud800'.repeat(128),
    failures: failures(200, 4_000),
    warnings: Array.from({ length: 100 }, () => '\ud800'.repeat(5_000)),
    problem: '\ud800'.repeat(50_000),
    fleet: {
      kind: 'vmss',
      wanted: 2 ** 50,
      running: 2 ** 50,
      size: 'S'.repeat(128),
      priority: 'regular',
      machineHours: 1 / 3,
      cost: { dollars: 1 / 3, basis: 'limit' },
      problem: '\ud800'.repeat(5_000),
      notes: Array.from({ length: 100 }, () => '\ud800'.repeat(5_000)),
    },
    mounts,
    admitted: Array.from({ length: 256 }, () => '<'.repeat(128)),
    estimate: {
      elapsedMs: 1 / 3,
      machineHours: 1 / 3,
      basis: 'sample',
      assumptions: Array.from({ length: 100 }, () => '\ud800'.repeat(5_000)),
    },
    progress: {
      ...aStatus().progress,
      counts: {
        ...aStatus().progress.counts,
        levels: Object.fromEntries(
          Array.from({ length: 100 }, (_, depth) => [depth, { listed: 2 ** 50, directories: 2 ** 50, files: 2 ** 50 }]),
        ),
        failures: Object.fromEntries(Array.from({ length: 256 }, (_, at) => [`E${at}_${'X'.repeat(58)}`, 2 ** 50])),
        mounts: Object.fromEntries(
          mounts.map((mount) => [mount.address, { files: 2 ** 50, bytes: 2 ** 50, failures: 0 }]),
        ),
      },
    },
  })

  test('also with everything as large as it can be, and the job is whole', () => {
    expect(encodeJob(largest).length).toBeGreaterThan(16_000)
    const text = encodeStatus(full)
    expect(text.length).toBeLessThanOrEqual(maxWireBytes)
    expect(decodeStatus(text)).toMatchObject({
      job: largest,
      state: 'running',
      ceilings: {},
      failures: [],
      warnings: [],
    })
  })

  test('when any of its parts are too large', () => {
    const some = <K extends keyof RunStatus>(...keys: K[]) =>
      fc.subarray(keys).map((chosen) => Object.fromEntries(chosen.map((key) => [key, full[key]])))
    fc.assert(
      fc.property(
        some('job', 'failures', 'warnings', 'problem', 'fleet', 'mounts', 'progress', 'label', 'admitted', 'estimate'),
        (large) => {
          const status = aStatus(large)
          const text = encodeStatus(status)
          const read = decodeStatus(text)
          expect(text.length).toBeLessThanOrEqual(maxWireBytes)
          expect([read.job, read.label]).toEqual([status.job, status.label])
        },
      ),
      { numRuns: 30 },
    )
  })

  test('the names of admitted workers go last: without them any worker may help', () => {
    const admitted = Array.from({ length: 256 }, (_, at) => `worker-${at}`)
    const kept = decodeStatus(encodeStatus({ ...without(full, 'estimate'), admitted: admitted.slice(0, 100) }))
    expect(kept).toMatchObject({ admitted: admitted.slice(0, 100), mounts: [] })
    expect(decodeStatus(encodeStatus(full)).admitted).toBeUndefined()
  })

  test('failures go first, from the last one on, and no more than must', () => {
    const status = aStatus({ failures: failures(50, 300), warnings: ['stays'] })
    const text = encodeStatus(status)
    const kept = decodeStatus(text).failures.length
    expect(decodeStatus(text)).toEqual({ ...status, failures: status.failures.slice(0, kept) })
    const another = toWire(status.failures[kept]).length + 1
    expect(text.length + another).toBeGreaterThan(maxWireBytes)
  })

  test('of more than 16 notes of the fleet the newest stay', () => {
    const notes = Array.from({ length: 20 }, (_, at) => `${at}`)
    const read = decodeStatus(encodeStatus(aStatus({ fleet: aFleet({ notes }) })))
    expect(read.fleet?.notes).toEqual(notes.slice(4))
  })

  test('warnings go next, when no failure is left to drop', () => {
    const warnings = Array.from({ length: 40 }, (_, at) => `${at}${'x'.repeat(2_000)}`)
    const read = decodeStatus(
      encodeStatus(aStatus({ failures: failures(1, 10), warnings, fleet: aFleet({ notes: ['stays'] }) })),
    )
    expect(read).toMatchObject({
      failures: [],
      warnings: warnings.slice(0, read.warnings.length),
      fleet: aFleet({ notes: ['stays'] }),
    })
    expect(read.warnings.length).toBeGreaterThan(30)
  })

  test('what long reads do goes before what is known of the addresses', () => {
    const longReads = { inFlight: 2 ** 50, limit: 2 ** 50, p50Ms: 1 / 3, p99Ms: 1 / 3, floorMs: 1 / 3 }
    const crowd = mounts.map((mount) => ({ ...mount, longReads }))
    const status = aStatus({ job: aJob({ include: ['x'.repeat(34_000)] }), mounts: crowd })
    expect(decodeStatus(encodeStatus(status)).mounts).toEqual(mounts)
  })

  test('then notes of the fleet, the oldest first, and what is known in numbers stays', () => {
    const warnings = Array.from({ length: 40 }, () => '\ud800'.repeat(2_000))
    const fleet = aFleet({
      wanted: 12,
      machineHours: 3.5,
      notes: Array.from({ length: 16 }, (_, at) => `${at}${'\ud800'.repeat(1_000)}`),
    })
    const read = decodeStatus(encodeStatus(aStatus({ warnings, fleet })))
    const notes = read.fleet?.notes ?? []
    expect(read.warnings).toEqual([])
    expect(read.fleet).toEqual({ ...fleet, notes: fleet.notes.slice(-notes.length) })
    expect(notes.length).toBeGreaterThan(5)
    expect(notes.length).toBeLessThan(16)
  })

  test.each([-1, 0, 1, 2])('to the byte: %i bytes more than dropping the only failure frees', (more) => {
    const [failure] = failures(1, 10)
    const lost = [failure ?? { path: '/', code: 'IO' }]
    const warnings = [...Array.from({ length: 32 }, () => 'x'.repeat(2_000)), '', 'last']
    const bytes = toWire(lost).length - 2
    const short = maxWireBytes + bytes + more - toWire(aStatus({ failures: lost, warnings })).length
    const status = aStatus({ failures: lost, warnings: warnings.with(-2, 'x'.repeat(short)) })
    expect(toWire(status)).toHaveLength(maxWireBytes + bytes + more)
    const read = decodeStatus(encodeStatus(status))
    expect([read.failures.length, read.warnings.includes('last')]).toEqual([0, more <= 0])
  })

  test('and keeps a sample of 50 failures where there is room', () => {
    expect(decodeStatus(encodeStatus(aStatus({ failures: failures(60, 1) }))).failures).toEqual(
      failures(60, 1).slice(0, 50),
    )
  })

  test('unless its job could never have come from a message', () => {
    const job = aJob({ include: ['x'.repeat(70_000)] })
    expect(() => encodeStatus(aStatus({ job }))).toThrow(invalid('TOO_LARGE'))
  })
})

describe('reading', () => {
  test('lets pass what a newer manager says besides', () => {
    const newer = {
      ...aStatus(),
      mood: 'good',
      progress: { ...aStatus().progress, eta: 1 },
      job: { ...aJob(), depth: 3 },
      fleet: { ...aFleet(), region: 'westeurope' },
    }
    expect(decodeStatus(JSON.stringify(newer))).toMatchObject({ run: aStatus().run, job: aJob() })
  })

  test.each<[string, unknown]>([
    ['no state', { ...aStatus(), state: undefined }],
    ['a state that is none', { ...aStatus(), state: 'idle' }],
    ['a job that is none', { ...aStatus(), job: {} }],
    ['a run that is none', { ...aStatus(), run: 'x' }],
    ['a revision that is none', { ...aStatus(), revision: -1 }],
    ['counts that are none', { ...aStatus(), progress: { ...aStatus().progress, counts: {} } }],
    ['a fleet that is none', { ...aStatus(), fleet: [{ note: 'x' }] }],
    ['ceilings of 0', { ...aStatus(), ceilings: { maxWorkers: 0 } }],
  ])('refuses %s', (_, status) => {
    expect(() => decodeStatus(JSON.stringify(status))).toThrow(invalid())
  })

  test('tells another version apart', () => {
    expect(() => decodeStatus('{"v":2,"run":"x"}')).toThrow(invalid('VERSION_UNKNOWN'))
  })
})

test('writing is strict, so that a mistake of ours does not pass for news', () => {
  expect(() => encodeStatus({ ...aStatus(), mood: 'good' } as RunStatus)).toThrow(invalid())
})

test('a refused job has no specification, but a reason', () => {
  const status = aStatus({ job: null, state: 'ended', outcome: 'refused', problem: 'WarmTargetPath: expected a path' })
  expect(decodeStatus(encodeStatus(status))).toEqual(status)
})

test('a status that cannot be written has a bare form, for every defect', () => {
  const status = aStatus({ label: 'night', state: 'ended', outcome: 'cancelled', endedAtMs: 5 })
  const wrong: Partial<RunStatus>[] = [
    { revision: -1 },
    { startedAtMs: Number.NaN, updatedAtMs: -5, jobInsertedAtMs: Number.POSITIVE_INFINITY },
    { label: 'x'.repeat(129) },
    { jobMessageId: 'm'.repeat(300) },
    { job: { ...aJob(), weight: 0 } },
    { progress: { ...status.progress, workers: 0.5 } },
  ]
  for (const change of wrong) {
    expect(() => encodeStatus({ ...status, ...change })).toThrow()
    const told = decodeStatus(encodeStatus(bareStatus({ ...status, ...change }, 'it is odd')))
    expect(told).toMatchObject({ run: status.run, state: 'ended', outcome: 'cancelled', endedAtMs: 5 })
    expect(told.problem).toBe("its status can't be written: it is odd")
  }
  const known = decodeStatus(encodeStatus(bareStatus({ ...status, revision: -1 }, 'it is odd')))
  expect([known.label, known.job]).toEqual([status.label, status.job])
})
