import { describe, expect, test } from 'vitest'
import { type Counts, emptyCounts } from '../messages/counts.ts'
import { type EstimateFacts, estimate } from './estimate.ts'

const found: Counts = {
  ...emptyCounts(),
  files: 1_100,
  bytes: 1_000 * 1_024 + 100 * 2 ** 20,
  sizes: { 11: { files: 1_000, bytes: 1_000 * 1_024 }, 21: { files: 100, bytes: 100 * 2 ** 20 } },
}
const sample = { files: 16, filesMs: 16 * 40, bytes: 4 * 2 ** 20, bytesMs: 400 }
const facts: EstimateFacts = { counts: { ...found, sample }, workers: 2, readsAtOnce: 8 }
const earlier = { run: 'run000000001', files: 500, bytes: 2 ** 20, elapsedMs: 10_000, endedAtMs: 1_700_000_000_000 }

describe('an estimate', () => {
  test('by a sample takes the round trips of all files and the bytes of the large ones, many at a time', () => {
    // 1,100 files of 40 ms, and 100 MiB at 100 ms a MiB, 16 at a time.
    expect(estimate(facts)).toMatchObject({ basis: 'sample', elapsedMs: (1_100 * 40 + 100 * 100) / 16 })
  })

  test('prefers an earlier run to the sample, and in it the longer of both times', () => {
    expect(estimate({ ...facts, earlier })).toMatchObject({
      basis: 'earlier run',
      elapsedMs: (found.bytes / 2 ** 20) * 10_000,
    })
    expect(estimate({ ...facts, earlier: { ...earlier, bytes: 2 ** 40 } })).toMatchObject({ elapsedMs: 2.2 * 10_000 })
  })

  test('has the hours of all machines, and a cost where a price is known', () => {
    const hour = { ...earlier, files: 1_100, bytes: found.bytes, elapsedMs: 3_600_000 }
    const free = estimate({ ...facts, earlier: hour })
    expect(free).toMatchObject({ machineHours: 2 })
    expect(free).not.toHaveProperty('dollars')
    expect(free?.assumptions.join(' ')).toContain('No price')
    expect(estimate({ ...facts, earlier: hour, dollarsAnHour: 0.25 })).toMatchObject({ machineHours: 2, dollars: 0.5 })
  })

  test('says what it rests on', () => {
    const text = estimate(facts)?.assumptions.join(' ')
    for (const said of ['16 small files', '4 MiB', '8 at a time', '2 workers']) expect(text).toContain(said)
    expect(estimate({ ...facts, earlier, workers: 1 })?.assumptions.join(' ')).toContain('run000000001')
  })

  test('of nothing is nothing', () => {
    expect(estimate({ ...facts, counts: emptyCounts() })).toMatchObject({ elapsedMs: 0, machineHours: 0 })
  })

  test('is none where nothing was measured', () => {
    expect(estimate({ ...facts, counts: found })).toBeUndefined()
    expect(
      estimate({ ...facts, counts: { ...found, sample: { files: 0, filesMs: 0, bytes: 0, bytesMs: 0 } } }),
    ).toBeUndefined()
  })

  test('is none where no large file of the sample could be read, or no small one', () => {
    expect(estimate({ ...facts, counts: { ...found, sample: { ...sample, bytes: 0, bytesMs: 0 } } })).toBeUndefined()
    expect(estimate({ ...facts, counts: { ...found, sample: { ...sample, files: 0, filesMs: 0 } } })).toBeUndefined()
  })

  test('needs no sample of what is not there', () => {
    const [small, large] = [
      { ...found, files: 1_000, bytes: 1_000 * 1_024, sizes: { 11: { files: 1_000, bytes: 1_000 * 1_024 } } },
      { ...found, files: 100, bytes: 100 * 2 ** 20, sizes: { 21: { files: 100, bytes: 100 * 2 ** 20 } } },
    ]
    const ofSmall = { ...sample, bytes: 0, bytesMs: 0 }
    expect(estimate({ ...facts, counts: { ...small, sample: ofSmall } })).toMatchObject({ elapsedMs: 2_500 })
    const ofLarge = { ...sample, files: 0, filesMs: 0 }
    expect(estimate({ ...facts, counts: { ...large, sample: ofLarge } })).toMatchObject({ elapsedMs: 625 })
  })
})
