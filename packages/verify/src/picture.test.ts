import { expect, test } from 'vitest'
import { scaleOf } from './estimate/latencies.ts'
import { judge } from './estimate/warmth.ts'
import { picture } from './picture.ts'

const measured = {
  name: '<10.0.0.1>',
  floorMs: [0.5, 0.6],
  firstMs: Array.from({ length: 200 }, (_, at) => (at % 10 === 0 ? 40 + at / 10 : 1)),
  againMs: Array.from({ length: 200 }, (_, at) => 1 + (at % 7) / 20),
  files: Array.from({ length: 200 }, (_, at) => ({ path: `/f${at}` })),
  failures: [],
  gone: 0,
}

test('draws both distributions of each address, and what it takes from outside is text', () => {
  const address = judge(measured, { population: 1_000, scale: scaleOf(measured.firstMs, measured.floorMs) })
  const svg = picture({
    exportPath: '/a&b',
    paths: ['/'],
    addresses: [address],
    whole: { ...address, conclusive: true },
    byDirectory: { directories: [], tooFew: 0 },
    population: 1_000,
    directories: 1,
    complete: true,
    unlisted: [],
    headBytes: 4_096,
  })
  expect(svg).toContain('&#60;10.0.0.1&#62;')
  expect(svg).toContain('/a&#38;b: 90.')
  expect(svg.match(/<rect class="first"/g)?.length).toBeGreaterThan(2)
  expect(svg.match(/<rect class="again"/g)?.length).toBeGreaterThan(1)
  expect(svg).not.toMatch(/NaN|undefined|Infinity/)
})
