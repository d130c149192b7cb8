import type { FleetStatus, RunStatus } from '@cachewarmer/core'
import { describe, expect, test } from 'vitest'
import { reportJson } from './json.ts'
import { aJob, anEnded, aStatus, withCounts } from './testing/index.ts'
import { renderReport } from './text.ts'

const mounts = {
  '10.0.1.11': { files: 20_000, bytes: 683_671_552, failures: 0 },
  '10.0.1.12': { files: 20_000, bytes: 683_671_552, failures: 0 },
}
const counts = { files: 20_000, bytes: 683_671_552, directories: 400, mounts }

const firstLine = (status: RunStatus): string => renderReport(status).split('\n')[0] ?? ''
const lines = (status: RunStatus): string[] => renderReport(status).split('\n')

describe('the report of a run that nothing matched', () => {
  test('says what was looked at, and what left everything out', () => {
    const left = { directories: 12, entriesSkipped: 340, specialSkipped: 1, leftOut: { include: 340 } }
    expect(firstLine(withCounts(anEnded('nothing matched'), left))).toBe(
      'Nothing matched. 12 directories of /animation were looked at; left out: 340 by patterns to include, 1 link or special file.',
    )
  })

  test('asks after the path and the export where there was nothing to leave out', () => {
    expect(firstLine(withCounts(anEnded('nothing matched'), { directories: 1 }))).toBe(
      'Nothing matched. 1 directory of /animation was looked at, without a single file: are the paths right, and is the export mounted?',
    )
  })
})

describe('the report of a run that ended early', () => {
  test('tells what was read, and what workers had read and never reported as "at least"', () => {
    const some = { files: 1_128, bytes: 11_280 }
    const status = withCounts(anEnded('cancelled', { unreported: { files: 33_462, bytes: 1_024 } }), some)
    expect(firstLine(status)).toBe(
      'Cancelled. Before that, at least 34,590 files were read, each through 2 of 2 addresses.',
    )
    expect(lines(status)).toContain('  files        1,128')
    expect(lines(status)).toContain('  unreported   at least 33,462 files, 1 KiB more')
    expect(firstLine(withCounts(anEnded('lost'), some))).toContain('Before that, 1,128 files were read')
  })

  test('says while it ends that it does', () => {
    expect(firstLine(aStatus({ state: 'paused', ending: true }))).toMatch(/^Ending: workers tell what they have read\./)
  })
})

describe('the report of a warmed run', () => {
  test('says all that matters, and nothing else', () => {
    const status = withCounts(anEnded('warmed', { label: 'night' }), counts)
    expect(renderReport(status)).toBe(
      [
        'Warmed. Each of 20,000 files was read through 2 of 2 addresses.',
        '',
        '  job          night (run run000000001)',
        '  export       /animation',
        '  paths        /scene1',
        '  files        20,000',
        '  size         652 MiB',
        '  directories  400',
        '  time         10s',
        '  rate         2,000 files/s, 65.2 MiB/s',
        '',
        '  address     files     read  failures',
        '  10.0.1.11  20,000  652 MiB         0',
        '  10.0.1.12  20,000  652 MiB         0',
      ].join('\n'),
    )
  })

  test('shows what a name stood for', () => {
    const hosts = [{ name: 'cache.example', addresses: ['10.0.1.11', '10.0.1.12'] }]
    expect(lines(withCounts(anEnded('warmed', { hosts }), counts))).toContain(
      '  name         cache.example → 2 addresses: 10.0.1.11, 10.0.1.12',
    )
  })

  test('says why an address is down', () => {
    const down = { address: '10.0.1.12', state: 'down' as const, inFlight: 0, limit: 0, note: 'connection\nrefused' }
    const status = withCounts(anEnded('completed with failures', { mounts: [down] }), counts)
    expect(renderReport(status)).toMatch(/^ {2}10\.0\.1\.12 .* down: connection\\nrefused$/m)
  })

  test('under spread, each file was read through one of the addresses', () => {
    const status = withCounts(anEnded('warmed', { job: aJob({ through: 'spread' }) }), counts)
    expect(firstLine(status)).toBe('Warmed. Each of 20,000 files was read through 1 of 2 addresses.')
  })

  test('one file and one address are spoken of as one', () => {
    const status = withCounts(anEnded('warmed', { job: aJob({ addresses: ['10.0.1.11'] }) }), { files: 1 })
    expect(firstLine(status)).toBe('Warmed. One file was read, through 1 of 1 address.')
  })

  test('that found nothing to read says so', () => {
    expect(firstLine(anEnded('warmed'))).toBe('Warmed. There was no file to read.')
  })

  test('tells which filter left out how much', () => {
    const leftOut = { '.snapshot': 1, '~snapshot': 2, include: 7, modifiedSince: 2_000 }
    const status = withCounts(anEnded('warmed'), { ...counts, entriesSkipped: 2_011, leftOut })
    const told =
      '1 .snapshot directory, 2 ~snapshot directories, 7 by patterns to include, 2,000 unchanged since then, 1 by filters'
    expect(lines(status)).toContain(`  left out     ${told}`)
  })

  test('that took no time has no rate', () => {
    const status = withCounts(anEnded('warmed', { endedAtMs: aStatus().startedAtMs }), counts)
    expect(renderReport(status)).toContain('time         0ms')
    expect(renderReport(status)).not.toContain('rate')
  })

  test('tells what was left out, and that only heads were read', () => {
    const job = aJob({ headBytes: 65_536, paths: ['/scene1', '/scene2'] })
    const some = withCounts(anEnded('warmed', { job }), { ...counts, entriesSkipped: 1_200, specialSkipped: 3 })
    expect(lines(some)).toContain('  read         the first 64 KiB of each file')
    expect(lines(some)).toContain('  paths        /scene1, /scene2')
    const list = { id: 'abcdefgh1234', chunks: 3, paths: 12_000 }
    const listed = anEnded('warmed', { job: aJob({ list, paths: ['/scene1'] }) })
    expect(lines(listed)).toContain('  paths        12,000 paths of a list, /scene1')
    expect(lines(some)).toContain('  left out     1,200 by filters, 3 links and special files')
    const one = withCounts(anEnded('warmed'), { specialSkipped: 1 })
    expect(lines(one)).toContain('  left out     1 link or special file')
  })

  test('a job without label goes by its message', () => {
    expect(lines(anEnded('warmed'))).toContain('  job          m1 (run run000000001)')
  })
})

describe('the report of a run with failures', () => {
  const failures = [
    { path: '/scene1/secret', address: '10.0.1.12', code: 'ACCESS_DENIED', message: 'permission denied' },
    { path: '/scene1/gone', code: 'NOT_FOUND' },
    ...Array.from({ length: 6 }, (_, at) => ({ path: `/scene1/locked-${at}`, code: 'ACCESS_DENIED' })),
  ]
  const status = withCounts(anEnded('completed with failures', { failures }), {
    files: 10,
    failures: { NOT_FOUND: 1, ACCESS_DENIED: 1_200 },
    mounts: { '10.0.1.12': { files: 9, bytes: 90, failures: 1_201 } },
  })

  test('counts them in the first sentence', () => {
    expect(firstLine(status)).toBe('Completed with 1,201 failures. 10 files were read, each through 2 of 2 addresses.')
    const one = withCounts(anEnded('completed with failures'), { files: 1, failures: { IO: 1 } })
    expect(firstLine(one)).toBe('Completed with 1 failure. One file was read, through 2 of 2 addresses.')
  })

  test('lists causes by their number, with some paths, and says where the rest is', () => {
    const all = lines(status)
    expect(all.slice(all.indexOf('Failures'))).toEqual([
      'Failures',
      '  ACCESS_DENIED: 1,200',
      '    /scene1/secret through 10.0.1.12: permission denied',
      '    /scene1/locked-0',
      '    /scene1/locked-1',
      '    /scene1/locked-2',
      '    /scene1/locked-3',
      '  NOT_FOUND: 1',
      '    /scene1/gone',
      '  6 of 1,201 are shown; cachewarmer-submit failures run000000001 has them all.',
    ])
  })

  test('says a path once where the message begins with it', () => {
    const failure = { path: '/gone', code: 'NOT_FOUND', message: '/gone: ENOENT' }
    const gone = withCounts(anEnded('completed with failures', { failures: [failure] }), { failures: { NOT_FOUND: 1 } })
    expect(lines(gone)).toContain('    /gone: ENOENT')
  })

  test('puts the most frequent cause first, and equals in the order of the alphabet', () => {
    const mixed = withCounts(anEnded('completed with failures'), { failures: { A: 1, C: 7, B: 7, D: 2 } })
    const all = lines(mixed)
    const from = all.indexOf('Failures') + 1
    expect(all.slice(from, from + 4)).toEqual(['  B: 7', '  C: 7', '  D: 2', '  A: 1'])
  })

  test('says nothing of a rest where all are shown', () => {
    const all = withCounts(anEnded('completed with failures', { failures: failures.slice(0, 2) }), {
      failures: { NOT_FOUND: 1, ACCESS_DENIED: 1 },
    })
    expect(renderReport(all)).not.toContain('are shown')
  })

  test('shows what each address read, those without any included', () => {
    expect(lines(status)).toContain('  10.0.1.11      0   0 B         0')
    expect(lines(status)).toContain('  10.0.1.12      9  90 B     1,201')
  })
})

describe('the report of a run that ended otherwise', () => {
  test('a refused job says why, and claims no counts', () => {
    const status = anEnded('refused', {
      job: null,
      label: 'night',
      problem: 'WarmTargetPath: expected a path without ".."',
    })
    expect(renderReport(status)).toBe(
      'Refused: WarmTargetPath: expected a path without ".."\n\n  job  night (run run000000001)',
    )
  })

  test('a cancelled run says what was read before', () => {
    expect(firstLine(withCounts(anEnded('cancelled'), { files: 12 }))).toBe(
      'Cancelled. Before that, 12 files were read, each through 2 of 2 addresses.',
    )
    expect(firstLine(anEnded('cancelled', { problem: 'it was cancelled before it started' }))).toBe(
      'Cancelled: it was cancelled before it started. Before that, no file was read.',
    )
  })

  test('a lost run says why', () => {
    const status = anEnded('lost', { problem: 'nothing was read for 30 minutes' })
    expect(firstLine(status)).toBe('Lost: nothing was read for 30 minutes. Before that, no file was read.')
  })
})

describe('the report of a running run', () => {
  const running = withCounts(aStatus(), counts, {
    items: { announced: 20, done: 12 },
    workers: 4,
    elapsedMs: 3_600_000,
    ratesPerSecond: { files: 1_626.4, bytes: 55_574_528 },
  })

  test('says so far, how fast it is now, and who works', () => {
    expect(firstLine(running)).toBe('Running. So far, 20,000 files were read, each through 2 of 2 addresses.')
    expect(lines(running)).toContain('  time         1h')
    expect(lines(running)).toContain('  rate         1,626 files/s, 53 MiB/s')
    expect(lines(running)).toContain('  workers      4')
    expect(lines(running)).toContain('  items        12 of 20 done')
  })

  test('says that a run is paused', () => {
    expect(firstLine(aStatus({ state: 'paused' }))).toBe('Paused. So far, no file was read.')
  })

  test('marks an address that is down', () => {
    const status = aStatus({ mounts: [{ address: '10.0.1.12', state: 'down', inFlight: 0, limit: 1 }] })
    expect(lines(status)).toContain('  10.0.1.12      0   0 B         0  down')
    expect(lines(status)).toContain('  10.0.1.11      0   0 B         0')
  })

  test('tells what brought the files of each address, and a line per reason why reads may not have reached it', () => {
    const { '10.0.1.11': one, '10.0.1.12': other } = mounts
    const status = withCounts(aStatus(), {
      ...counts,
      mounts: {
        '10.0.1.11': { ...one, readBy: { 'NFSv4.0 kernel mount': 20_000 } },
        '10.0.1.12': { ...other, readBy: { 'cifs folder': 20_000 }, doubts: { buffered: 20_000, 'of-tomorrow': 1 } },
      },
    })
    const all = lines(status)
    const at = all.findIndex((line) => line.startsWith('  address'))
    expect(all.slice(at, at + 9)).toEqual([
      '  address     files     read  failures  read by',
      '  10.0.1.11  20,000  652 MiB         0  NFSv4.0 kernel mount',
      '  10.0.1.12  20,000  652 MiB         0  cifs folder',
      '',
      'May not have reached the cache',
      "  the file system does not read past the worker's page cache, which may have answered:",
      '    10.0.1.12 (20,000 files)',
      '  of-tomorrow:',
      '    10.0.1.12 (1 file)',
    ])
  })

  test('tells how each address does, where its readers found out', () => {
    const seen = { state: 'up' as const, inFlight: 598, limit: 640, p50Ms: 41.3, p99Ms: 64.8, floorMs: 0.204 }
    const status = aStatus({ mounts: [{ address: '10.0.1.11', ...seen }] })
    const all = lines(status)
    const at = all.findIndex((line) => line.startsWith('  address'))
    expect(all.slice(at, at + 3)).toEqual([
      '  address    files  read  failures  in flight  allowed  median   99 %  at rest',
      '  10.0.1.11      0   0 B         0        598      640   41 ms  65 ms  0.20 ms',
      '  10.0.1.12      0   0 B         0',
    ])
  })

  test('tells of long reads apart, once there were some to measure', () => {
    const seen = { state: 'up' as const, inFlight: 598, limit: 640, p50Ms: 41 }
    const begun = { inFlight: 2, limit: 2 }
    const measured = { inFlight: 3, limit: 4, p50Ms: 120, p99Ms: 250, floorMs: 9.5 }
    const of = (longReads: typeof begun) =>
      aStatus({
        mounts: [
          { address: '10.0.1.11', ...seen, longReads },
          { address: '10.0.1.12', ...seen },
        ],
      })
    expect(renderReport(of(begun))).not.toContain('long reads')
    const all = lines(of(measured))
    const at = all.findIndex((line) => line.startsWith('  long reads'))
    expect(all.slice(at - 1, at + 3)).toEqual([
      '',
      '  long reads  in flight  allowed  median    99 %  at rest',
      '  10.0.1.11           3        4  120 ms  250 ms  9.50 ms',
    ])
  })

  test('tells of a manager that is silent, once the time is known', () => {
    const { updatedAtMs } = running
    const silence = 'Its manager has said nothing for 5m.'
    expect(renderReport(running, { nowMs: updatedAtMs + 300_000 }).split('\n')[1]).toBe(silence)
    expect(renderReport(running, { nowMs: updatedAtMs + 29_000 })).not.toContain('said nothing')
    expect(renderReport(running)).not.toContain('said nothing')
    const ended = anEnded('warmed')
    expect(renderReport(ended, { nowMs: ended.updatedAtMs + 300_000 })).not.toContain('said nothing')
  })
})

test('jobs that read nothing speak of what they found', () => {
  const status = withCounts(anEnded('warmed', { job: aJob({ mode: 'estimate' }) }), { files: 12 })
  expect(firstLine(status)).toBe('Estimated. 12 files found.')
})

test('warnings and notes of the fleet come last', () => {
  const status = anEnded('warmed', {
    warnings: ['unknown key "X" is ignored'],
    fleet: { kind: 'local', wanted: 4, running: 4, notes: ['worker process 7 ended: SIGKILL'] },
  })
  expect(lines(status).slice(-5)).toEqual([
    '',
    'Warnings',
    '  unknown key "X" is ignored',
    'Fleet',
    '  worker process 7 ended: SIGKILL',
  ])
})

describe('the machines of a scale set', () => {
  const machines = (given: Partial<FleetStatus>) =>
    lines(anEnded('warmed', { fleet: { kind: 'vmss', wanted: 12, running: 11, notes: [], ...given } }))

  test('are shown with their cost', () => {
    const known = {
      size: 'Standard_D2s_v3',
      priority: 'spot' as const,
      machineHours: 3.456,
      problem: 'AllocationFailed',
      notes: ['create: AllocationFailed'],
    }
    expect(machines({ ...known, cost: { dollars: 0.0725, basis: 'price' } }).slice(-6)).toEqual([
      'Fleet',
      '  machines       11 of 12 wanted run, Standard_D2s_v3, spot',
      '  machine hours  3.46',
      '  cost           $0.07 at the price that was given',
      '  in the way: AllocationFailed',
      '  create: AllocationFailed',
    ])
  })

  test('with a limit of the price alone, they cost that at most', () => {
    expect(machines({ cost: { dollars: 1.5, basis: 'limit' } }).at(-1)).toBe(
      '  cost      at most $1.50, by the price limit',
    )
  })

  test('of unknown price have no cost', () => {
    expect(machines({ machineHours: 2 }).slice(-2)).toEqual([
      '  machines       11 of 12 wanted run',
      '  machine hours  2.00',
    ])
  })
})

test('no text that users choose reaches the terminal unescaped', () => {
  const evil = '\u001b]0;owned\u0007\r\n\u202e\udcff'
  const status = withCounts(
    anEnded('completed with failures', {
      label: evil,
      job: { ...aJob(), exportPath: `/${evil}`, paths: [`/${evil}`], addresses: [evil] },
      problem: evil,
      failures: [{ path: evil, address: evil, code: 'IO', message: evil }],
      warnings: [evil],
      fleet: { kind: 'vmss', wanted: 1, running: 0, size: evil, problem: evil, notes: [evil] },
    }),
    { failures: { IO: 1 }, mounts: { [`x${evil}`]: { files: 0, bytes: 0, failures: 1 } } },
  )
  const shown = renderReport(status)
  expect(shown).not.toMatch(/[\p{Cf}\p{Cs}]/u)
  expect(shown.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  expect(shown.match(/owned/g)).toHaveLength(13)
})

const sizedCounts = {
  files: 1_201,
  bytes: 3_000_000,
  directories: 4,
  sizes: { 0: { files: 1, bytes: 0 }, 11: { files: 1_000, bytes: 1_500_000 }, 13: { files: 200, bytes: 1_500_000 } },
}
const expected = {
  elapsedMs: 90_000,
  machineHours: 0.05,
  dollars: 0.02,
  basis: 'sample' as const,
  assumptions: ['A sample says so.', 'Two workers \u001b[31mread.'],
}
const estimated = (given: Partial<RunStatus> = {}): RunStatus =>
  withCounts(anEnded('warmed', { job: aJob({ mode: 'estimate' }), estimate: expected, ...given }), sizedCounts)

describe('the report of an estimate', () => {
  test('says how much there is, how large the files are, and what warming would take', () => {
    const text = renderReport(estimated())
    expect(text).toMatch(/^Estimated\. 1,201 files found\./)
    expect(text).toContain('1,201 files, 2.86 MiB, through 2 addresses each')
    expect(text).toMatch(/time +about 1m 30s/)
    expect(text).toMatch(/cost +about 0\.02 dollars/)
    expect(text).toContain('A sample says so.')
    expect(text).not.toContain('\u001b')
    expect(text).not.toContain('10.0.1.11 ')
  })

  test('has a line for every power of two between the smallest and the largest', () => {
    const lines = renderReport(estimated()).split('\n')
    const at = lines.findIndex((line) => line.includes('size below'))
    const shown = lines.slice(at + 1, at + 15).map((line) => line.trim().split(/ {2,}/))
    expect(shown.map(([label]) => label)).toEqual([
      'empty',
      '2 B',
      '4 B',
      '8 B',
      '16 B',
      '32 B',
      '64 B',
      '128 B',
      '256 B',
      '512 B',
      '1 KiB',
      '2 KiB',
      '4 KiB',
      '8 KiB',
    ])
    expect(shown[11]).toEqual(['2 KiB', '1,000', '1.43 MiB', '█'.repeat(30)])
    expect(shown[12]).toEqual(['4 KiB', '0', '0 B'])
    expect(shown[13]).toEqual(['8 KiB', '200', '1.43 MiB', '█'.repeat(6)])
  })

  test('has no cost where no price is known, and no time where nothing was measured', () => {
    const { dollars: _, ...free } = expected
    expect(renderReport(estimated({ estimate: free }))).not.toContain('dollars')
    const { estimate: __, ...unknown } = estimated()
    expect(renderReport(unknown)).toContain('No time is expected')
  })

  test('for programs has both as numbers', () => {
    expect(reportJson(estimated())).toMatchObject({
      estimate: expected,
      sizes: [
        { belowBytes: 1, files: 1, bytes: 0 },
        { belowBytes: 2_048, files: 1_000, bytes: 1_500_000 },
        { belowBytes: 8_192, files: 200, bytes: 1_500_000 },
      ],
    })
    const { dollars: _, ...free } = expected
    expect(reportJson(estimated({ estimate: free })).estimate?.dollars).toBeNull()
  })
})

test('the report of a metadata job says that nothing was read', () => {
  const text = renderReport(withCounts(anEnded('warmed', { job: aJob({ mode: 'metadata' }) }), sizedCounts))
  expect(text).toMatch(/^Listed\. 1,201 files found through 2 of 2 addresses, none read\./)
  expect(text).not.toMatch(/Warmed|B\/s/)
})
