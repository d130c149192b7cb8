import { describe, expect, test } from 'vitest'
import { aStatus, withCounts } from '../testing/builders.ts'
import { AddressRates, jobLines } from './live-board.ts'

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
    const [own, first, second, ...more] = jobLines({ name: 'night', status: running }, new Map(), 200)
    expect(own).toMatch(/^[█░]{20} {2}night {2}450 files/)
    expect(first).toMatch(/^ {2}█{20} {2}10\.0\.1\.11 {2}900 files {2}8\.58 MiB$/)
    expect(second).toMatch(/^ {2}█{10}░{10} {2}10\.0\.1\.12 {2}450 files {2}3 failures {2}does not answer/)
    expect(second).toContain('p50 40ms  p99 81ms  4 in flight')
    expect(more).toEqual([])
  })

  test('that waits says so, and no line is wider than the terminal', () => {
    expect(jobLines({ name: 'a\u001b[2Jb', status: undefined }, new Map(), 80)).toEqual([
      'a\\x1b[2Jb  waiting for a manager',
    ])
    for (const line of jobLines({ name: 'night', status: running }, new Map(), 30))
      expect(line.length).toBeLessThanOrEqual(30)
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
