import type { RunStatus } from '@cachewarmer/core'
import { describe, expect, test } from 'vitest'
import { reportJson } from './json.ts'
import { renderReport } from './render.ts'
import { aJob, anEnded, withCounts } from './testing/index.ts'

const counts = {
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
  withCounts(anEnded('warmed', { job: aJob({ mode: 'estimate' }), estimate: expected, ...given }), counts)

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
  const text = renderReport(withCounts(anEnded('warmed', { job: aJob({ mode: 'metadata' }) }), counts))
  expect(text).toMatch(/^Listed\. 1,201 files found through 2 of 2 addresses, none read\./)
  expect(text).not.toMatch(/Warmed|B\/s/)
})
