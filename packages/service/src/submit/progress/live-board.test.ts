import { describe, expect, test } from 'vitest'
import { aStatus, withCounts } from '../testing/builders.ts'
import { AddressRates, boardLines, jobLines } from './live-board.ts'

const mounts = {
  '10.0.1.11': { files: 900, bytes: 9_000_000, failures: 0 },
  '10.0.1.12': { files: 450, bytes: 4_500_000, failures: 3 },
}
const running = {
  ...withCounts(aStatus(), { files: 450, bytes: 4_500_000, mounts }),
  mounts: [{ address: '10.0.1.12', state: 'down' as const, inFlight: 4, limit: 4, p50Ms: 40.4, p99Ms: 81 }],
}

describe('a job on the board', () => {
  test('has a bar, and one for each address, with what its latency is', () => {
    const [own, first, second, ...more] = jobLines({ name: 'night', status: running }, 200)
    expect(own).toMatch(/^[█░]{20} {2}night {2}450 files/)
    expect(first).toMatch(/^ {2}█{20} {2}10\.0\.1\.11 {2}900 files {2}8\.58 MiB$/)
    expect(second).toMatch(/^ {2}█{10}░{10} {2}10\.0\.1\.12 {2}does not answer {2}450 files {2}3 failures/)
    expect(second).toContain('p50 40ms  p99 81ms  4 in flight')
    expect(more).toEqual([])
    const longReads = { inFlight: 2, limit: 4 }
    const status = { ...running, mounts: running.mounts.map((mount) => ({ ...mount, longReads })) }
    expect(jobLines({ name: 'night', status }, 200)[2]).toMatch(/4 in flight {2}2 long reads in flight$/)
  })

  test('names the largest file under way, with any name, and what its reads wait for', () => {
    const largest = [{ path: `/${'deep/'.repeat(60)}\u001b[2J.img`, bytes: 2 ** 30, size: 2 ** 34 }]
    const status = withCounts(running, {}, { largest, waitsFor: { ceiling: true, addresses: ['10.0.1.12'] } })
    const [own, file, first] = jobLines({ name: 'night', status }, 200)
    expect(own).toContain('/s  waits for its ceiling, 10.0.1.12  ')
    expect(file).toMatch(/^ {2}largest file {2}\/deep.*….*\\x1b\[2J\.img \(1 GiB of 16 GiB\)$/)
    expect(first).toContain('10.0.1.11')
    for (let columns = 0; columns < 130; columns += 1)
      for (const line of jobLines({ name: 'night', status }, columns)) expect(line.length).toBeLessThanOrEqual(columns)
  })

  test('that waits says so, and no line is wider than the terminal', () => {
    expect(jobLines({ name: 'a\u001b[2Jb' }, 80)).toEqual(['a\\x1b[2Jb  waiting for a manager'])
    expect(jobLines({ name: 'night', place: { jobsBefore: 2 } }, 80)).toEqual([
      'night  waiting for a manager, 2 jobs before this one',
    ])
    for (const name of ['night', 'n'.repeat(128)])
      for (let columns = 0; columns < 130; columns += 1)
        for (const line of jobLines({ name, status: running }, columns))
          expect(line.length).toBeLessThanOrEqual(columns)
  })

  test('has figures on a narrow terminal as well, under any name', () => {
    expect(jobLines({ name: 'n'.repeat(128), status: running }, 39)).toEqual([
      '░░░░░░░░  nnnnnn…nnnnnn  450 files',
      '  ████████  10.0.1.11  900 files',
      '  ████░░░░  10.0.1.12  does not answer',
    ])
    expect(jobLines({ name: 'night', status: running }, 39)[0]).toBe('░░░░░░░░  night  450 files  4.29 MiB')
  })
})

describe('a board', () => {
  const jobs = ['a', 'b', 'c'].map((name) => ({ name, status: running }))
  const over = { name: 'over', status: { ...running, state: 'ended' as const } }
  const named = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/^ *[█░]+ +(\S+) .*/, '$1'))

  test('leaves out the addresses where there is no room, and then what has ended, and says so', () => {
    const all = [over, ...jobs]
    expect(boardLines(all, 80, 12)).toHaveLength(12)
    expect(named(boardLines(all, 80, 11))).toEqual(['a', 'b', 'c', 'over'])
    expect(named(boardLines(all, 80, 3))).toEqual(['a', 'b', 'and 2 more jobs'])
    expect(boardLines(all, 80, 1)).toEqual(['and 4 more jobs'])
  })
})

test('rates of an address are what came between two statuses of one run', () => {
  const rates = new AddressRates()
  expect(rates.after(running).size).toBe(0)
  const more = { ...mounts, '10.0.1.11': { files: 1_100, bytes: 9_400_000, failures: 0 } }
  const later = { ...withCounts(running, { mounts: more }), updatedAtMs: running.updatedAtMs + 2_000 }
  expect(rates.after(later).get('10.0.1.11')).toEqual({ files: 100, bytes: 200_000 })
  expect(rates.after({ ...later }).get('10.0.1.12')).toEqual({ files: 0, bytes: 0 })
})
