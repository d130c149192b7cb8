import { expect, test } from 'vitest'
import { type Life, type Sample, verdictOf } from './samples.ts'

const minuteMs = 60_000
const mib = 2 ** 20

/** Half an hour of a process, sampled every ten seconds. */
const aLife = (held: (minute: number) => Partial<Sample>, minutes = 30): Life => ({
  name: 'worker 1',
  samples: Array.from({ length: minutes * 6 + 1 }, (_, at) => ({
    atMs: at * 10_000,
    program: 'worker',
    pid: 1,
    rss: 100 * mib,
    heapUsed: 20 * mib,
    external: 5 * mib,
    handles: 30,
    waiting: 10,
    collected: at % 3 === 0,
    ...held(at / 6),
  })),
})
const grown = (life: Life): string[] => verdictOf([life], 15 * minuteMs).lines.filter((line) => line.includes('GROWS'))

test('peaks, garbage and a slow start are no growth', () => {
  const life = aLife((minute) => ({
    rss: (minute < 5 ? 60 + 8 * minute : minute % 4 === 0 ? 300 : 100) * mib,
    heapUsed: (20 + (minute % 0.5) * 40) * mib,
    handles: minute > 20 && minute % 3 < 1 ? 200 : 30,
  }))
  expect(verdictOf([life], 15 * minuteMs)).toMatchObject({ flat: true })
})

test.each<[string, (minute: number) => Partial<Sample>, string]>([
  ['memory', (minute) => ({ rss: (100 + minute) * mib }), 'Resident memory, MiB: 111.2 -> 126.3 GROWS'],
  ['the heap', (minute) => ({ heapUsed: (20 + minute / 5) * mib }), 'Heap after a collection, MiB: 22.2 -> 25.3 GROWS'],
  ['handles', (minute) => ({ handles: 30 + Math.floor(minute) }), 'Open files and sockets: 41.0 -> 56.0 GROWS'],
])('%s that grow are found', (_, held, said) => {
  const { flat, lines } = verdictOf([aLife(held)], 15 * minuteMs)
  expect(flat).toBe(false)
  expect(lines.filter((line) => line.includes('GROWS'))).toEqual([expect.stringContaining(said)])
})

test('a process that was killed young proves nothing, and a run without an old process is not called flat', () => {
  const young = aLife((minute) => ({ rss: (100 + 50 * minute) * mib }), 5)
  expect(grown(young)).toEqual([])
  expect(verdictOf([young], 15 * minuteMs).flat).toBe(false)
  expect(verdictOf([young, aLife(() => ({}))], 15 * minuteMs).flat).toBe(true)
})
