import { expect, test } from 'vitest'
import { picture } from './picture.ts'
import { scaleOf } from './statistics.ts'
import { type AddressWarmth, judge, wholeOf } from './warmth.ts'

const measured = {
  name: '<10.0.0.1>',
  floorMs: Array.from({ length: 200 }, (_, at) => 0.5 + (at % 3) / 20),
  firstMs: Array.from({ length: 200 }, (_, at) => (at % 10 === 0 ? 40 + at / 10 : 1)),
  againMs: Array.from({ length: 200 }, (_, at) => 1 + (at % 7) / 20),
  files: Array.from({ length: 200 }, (_, at) => ({ path: `/f${at}` })),
  failures: [],
  gone: 0,
}

/** A hundred reads from 10 to 20 ms. */
const warmUp = { edgesMs: [10, 12.59, 15.85, 19.95], counts: [60, 0, 40] }

const pictureOf = (address: AddressWarmth): string =>
  picture({
    exportPath: '/a&b',
    paths: ['/'],
    addresses: [address],
    whole: wholeOf([address]),
    byDirectory: { directories: [], tooFew: 0 },
    population: 1_000,
    directories: 1,
    complete: true,
    unlisted: [],
    headBytes: 4_096,
  })

test('draws both distributions of each address, and what it takes from outside is text', () => {
  const address = judge(measured, { population: 1_000, scale: scaleOf(measured.firstMs, measured.floorMs) })
  const svg = pictureOf(address)
  expect(svg).toContain('&#60;10.0.0.1&#62;')
  expect(svg).toContain('/a&#38;b: 90.')
  expect(svg.match(/<rect class="first"/g)?.length).toBeGreaterThan(2)
  expect(svg.match(/<rect class="again"/g)?.length).toBeGreaterThan(1)
  expect(svg).not.toMatch(/NaN|undefined|Infinity/)
})

test('draws what the cold reads of the warm-up took below, and nothing where that is unknown', () => {
  const scale = scaleOf(measured.firstMs, measured.floorMs)
  const without = judge(measured, { population: 1_000, scale })
  expect([pictureOf(without).includes('class="cold"'), without.warmUpMs]).toEqual([false, undefined])
  const address = judge(measured, { population: 1_000, scale, coldReads: warmUp })
  expect(address.warmUpMs).toBeCloseTo(11.2, 1)
  expect(address.histograms.warmUp?.counts.reduce((sum, count) => sum + count, 0)).toBe(100)
  const svg = pictureOf(address)
  expect(svg.match(/<rect class="cold"/g)).toHaveLength(3)
  expect(svg).not.toMatch(/NaN|undefined|Infinity/)
})

test('an address that can not be told has no share in the picture, and no line where none was found', () => {
  const scale = scaleOf(measured.firstMs, measured.floorMs)
  const address = judge({ ...measured, againMs: measured.againMs.map((ms) => ms + 300) }, { population: 1_000, scale })
  const svg = pictureOf(address)
  expect(svg).toContain('/a&#38;b: can&#39;t tell how warm')
  expect(svg).toContain('&#60;10.0.0.1&#62;: can&#39;t tell, 200 files')
  expect(svg).not.toContain('% warm')
  expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  const nothing = { ...measured, firstMs: [], againMs: [], floorMs: [], files: [] }
  expect(pictureOf(judge(nothing, { population: 1_000, scale }))).not.toContain('<line class="line"')
})

test('a warm-up whose own reads were as fast as warm ones proves nothing', () => {
  const scale = scaleOf(measured.firstMs, measured.floorMs)
  const { conclusive, doubt } = judge(measured, {
    population: 1_000,
    scale,
    coldReads: { edgesMs: [1, 1.259, 1.585], counts: [9, 1] },
  })
  expect({ conclusive, doubt }).toMatchObject({ conclusive: false, doubt: expect.stringContaining('took 1.12 ms') })
})
