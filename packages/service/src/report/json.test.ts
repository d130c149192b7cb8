import { expect, test } from 'vitest'
import { reportJson } from './json.ts'
import { aJob, anEnded, aStatus, withCounts } from './testing/index.ts'

test('a report for programs has every key, in words that stay', () => {
  const status = withCounts(
    anEnded('completed with failures', {
      label: 'night',
      failures: [{ path: '/scene1/\udcff', code: 'ACCESS_DENIED' }],
      warnings: ['odd'],
      fleet: {
        kind: 'vmss',
        wanted: 12,
        running: 11,
        machineHours: 3.5,
        cost: { dollars: 0.07, basis: 'price' },
        notes: ['evicted'],
      },
      mounts: [
        {
          address: '10.0.1.11',
          state: 'up',
          inFlight: 0,
          limit: 8,
          p50Ms: 41,
          p99Ms: 60,
          floorMs: 40,
          longReads: { inFlight: 0, limit: 3, p50Ms: 90 },
        },
      ],
    }),
    {
      files: 10,
      bytes: 100,
      directories: 2,
      entriesSkipped: 3,
      specialSkipped: 4,
      failures: { ACCESS_DENIED: 2, IO: 1 },
      mounts: {
        '10.0.1.11': {
          files: 10,
          bytes: 100,
          failures: 3,
          latencies: { '20': 6, '21': 4 },
          readBy: { 'cifs folder': 3, NFSv3: 7 },
          doubts: { buffered: 3 },
        },
      },
    },
    { items: { announced: 5, done: 5 }, workers: 2 },
  )
  expect(reportJson(status)).toEqual({
    format: 1,
    run: 'run000000001',
    label: 'night',
    messageId: 'm1',
    state: 'ended',
    outcome: 'completed with failures',
    problem: null,
    job: aJob(),
    names: [],
    files: 10,
    bytes: 100,
    bytesInFlight: 0,
    largest: [],
    waitsFor: { ceiling: false, addresses: [] },
    directories: 2,
    sizes: null,
    estimate: null,
    readThrough: { addresses: 2, of: 2 },
    unreported: null,
    skipped: { filtered: 3, special: 4, byRule: {} },
    failures: {
      total: 3,
      byCode: { ACCESS_DENIED: 2, IO: 1 },
      sample: [{ path: '/scene1/\udcff', code: 'ACCESS_DENIED' }],
    },
    addresses: [
      {
        address: '10.0.1.11',
        files: 10,
        bytes: 100,
        failures: 3,
        readBy: [
          { by: 'NFSv3', files: 7 },
          { by: 'cifs folder', files: 3 },
        ],
        doubts: [{ reason: 'buffered', files: 3, text: expect.stringContaining('page cache') }],
        coldReads: { edgesMs: [1, 1.25893, 1.58489].map((edge) => expect.closeTo(edge, 4)), counts: [6, 4] },
        state: 'up',
        note: null,
        inFlight: 0,
        limit: 8,
        p50Ms: 41,
        p99Ms: 60,
        floorMs: 40,
        longReads: { inFlight: 0, limit: 3, p50Ms: 90, p99Ms: null, floorMs: null },
      },
      {
        address: '10.0.1.12',
        files: 0,
        bytes: 0,
        failures: 0,
        readBy: [],
        doubts: [],
        coldReads: null,
        state: null,
        note: null,
        inFlight: null,
        limit: null,
        p50Ms: null,
        p99Ms: null,
        floorMs: null,
        longReads: null,
      },
    ],
    items: { announced: 5, done: 5 },
    workers: 2,
    ratesPerSecond: { files: 1, bytes: 10 },
    elapsedMs: 10_000,
    share: null,
    timeLeftMs: null,
    submittedAt: '2026-01-01T00:00:00.000Z',
    startedAt: '2026-01-01T00:00:01.000Z',
    updatedAt: '2026-01-01T00:00:11.000Z',
    endedAt: '2026-01-01T00:00:11.000Z',
    warnings: ['odd'],
    fleet: {
      kind: 'vmss',
      wanted: 12,
      running: 11,
      size: null,
      priority: null,
      machineHours: 3.5,
      cost: { dollars: 0.07, basis: 'price' },
      problem: null,
      notes: ['evicted'],
    },
  })
})

test('what is not known yet is null, and rates are those of the moment', () => {
  const status = withCounts(aStatus({ state: 'running' }), {}, { ratesPerSecond: { files: 7, bytes: 8 }, elapsedMs: 9 })
  expect(reportJson(status)).toMatchObject({
    label: null,
    state: 'running',
    outcome: null,
    endedAt: null,
    ratesPerSecond: { files: 7, bytes: 8 },
    elapsedMs: 9,
    fleet: null,
  })
})

test('under spread a file is read through one address, and a refused job has none', () => {
  expect(reportJson(anEnded('warmed', { job: aJob({ through: 'spread' }) })).readThrough).toEqual({
    addresses: 1,
    of: 2,
  })
  expect(reportJson(anEnded('refused', { job: null, problem: 'why' }))).toMatchObject({
    job: null,
    problem: 'why',
    readThrough: { addresses: 0, of: 0 },
    addresses: [],
  })
})

test('a clock that was set back makes no negative times', () => {
  const status = anEnded('warmed', { endedAtMs: 1 })
  expect(reportJson(status)).toMatchObject({ elapsedMs: 0, ratesPerSecond: { files: 0, bytes: 0 } })
})

test('a running run says how much is done and when it will end, while known', () => {
  const expected = { files: 100, bytes: 1_000, share: 0.25, from: 'walk' as const }
  const known = withCounts(aStatus(), {}, { expected, timeLeftMs: 30_449 })
  expect(reportJson(known)).toMatchObject({ share: 0.25, timeLeftMs: 30_000 })
  expect(reportJson(aStatus())).toMatchObject({ share: null, timeLeftMs: null })
  expect(reportJson({ ...known, state: 'ended', outcome: 'cancelled' })).toMatchObject({
    share: null,
    timeLeftMs: null,
  })
})

test('a name and the addresses that it stood for are both there, and the job is as it was submitted', () => {
  const named = { name: 'cache.example', addresses: ['10.0.1.11', '10.0.1.12'] }
  const hosts = [named, { name: '10.0.1.13', addresses: ['10.0.1.13'] }]
  const job = aJob({ addresses: ['10.0.1.11', '10.0.1.12', '10.0.1.13'] })
  const report = reportJson(anEnded('warmed', { job, hosts }))
  expect(report.job?.addresses).toEqual(['cache.example', '10.0.1.13'])
  expect(report.names).toEqual([named])
  expect(report.readThrough).toEqual({ addresses: 3, of: 3 })
  expect(report.addresses.map(({ address }) => address)).toEqual(job.addresses)
})
