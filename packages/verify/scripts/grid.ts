/*
 * How often the interval of `judge` misses the truth, over a grid of simulated caches. Prints the worst cell for each value of each
 * dimension, and whether the cells that must be conclusive are. All of it takes hours; `--every 23` takes each 23rd cell, which is even
 * over all dimensions, as 23 divides none of them.
 *
 *   node_modules/.bin/node packages/verify/scripts/grid.ts --trials 100 --sample 400 --kinds cold,bursts --every 23
 */
import { parseArgs } from 'node:util'
import type { Hiccups, SimulatedCache } from '../src/testing/simulated.ts'
import { type Trials, trialsOf } from '../src/testing/trials.ts'

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '100' },
    sample: { type: 'string', default: '600' },
    kinds: { type: 'string', default: 'cold,heavy,uniform,bursts,reads,re-reads,start' },
    floors: { type: 'string', default: '0.3,0.5,1' },
    addresses: { type: 'string', default: '1,2,3' },
    every: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
  },
})
const numbers = (list: string): number[] => list.split(',').map(Number)
const trials = Number(values.trials)
const sample = Number(values.sample)

interface Cell {
  readonly cache: SimulatedCache
  readonly addresses: number
}

const all: Cell[] = []
for (const addresses of numbers(values.addresses))
  for (const kind of values.kinds.split(',') as Hiccups[])
    for (const floorMs of numbers(values.floors))
      for (const scatter of [0, 0.3, 0.8, 1.5])
        for (const hiccups of [0, 0.02, 0.05, 0.11, 0.2, 0.3, 0.5])
          for (const coldMs of [5, 10, 20, 40, 100, 200])
            for (const warmShare of [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]) {
              // Without hiccups all kinds are the same.
              if (hiccups === 0 && kind !== values.kinds.split(',')[0]) continue
              const cache = { files: sample * 4, sample, warmShare, floorMs, coldMs, scatter, hiccups, kind }
              all.push({ cache, addresses })
            }
const cells = all.filter((_, at) => at % Number(values.every) === 0)

/** Where cold reads stand out: there it has to be conclusive. A share that changes is no hiccup. */
const isClear = ({ cache: { scatter, hiccups = 0, kind, coldMs, floorMs } }: Cell): boolean =>
  kind !== 'start' && scatter <= 0.3 && hiccups < 0.05 && coldMs >= 5 * floorMs

const dimensions: [string, (cell: Cell) => string | number][] = [
  ['addresses', ({ addresses }) => addresses],
  ['hiccups of kind', ({ cache }) => cache.kind ?? ''],
  ['floor, ms', ({ cache }) => cache.floorMs],
  ['scatter', ({ cache }) => cache.scatter],
  ['hiccups', ({ cache }) => cache.hiccups ?? 0],
  ['cold, ms', ({ cache }) => cache.coldMs],
  ['true share', ({ cache }) => cache.warmShare],
]
interface Row {
  cells: number
  conclusive: number
  wrong: number
  worst: number
}
/** Of fewer conclusive trials than this a share says little: they count in the sums alone. */
const FEWEST = Math.min(20, trials)
const rows = new Map<string, Row>()
const unclear: string[] = []
let clear = 0
const bad: string[] = []
const told = ({ cache, addresses }: Cell, result: Trials): string => JSON.stringify({ ...cache, addresses, ...result })
const count = (key: string, { conclusive, wrong }: Trials): void => {
  const row = rows.get(key) ?? { cells: 0, conclusive: 0, wrong: 0, worst: 0 }
  rows.set(key, row)
  row.cells++
  row.conclusive += conclusive
  row.wrong += wrong
  if (conclusive >= FEWEST) row.worst = Math.max(row.worst, wrong / conclusive)
}
const startedAtMs = performance.now()
for (const [at, cell] of cells.entries()) {
  const result = trialsOf(trials, Number(values.seed) + at * trials, cell.cache, cell.addresses)
  count('all', result)
  for (const [name, of] of dimensions) count(`${name} ${of(cell)}`, result)
  if (isClear(cell)) {
    clear++
    if (result.conclusive < trials * 0.99) unclear.push(told(cell, result))
  }
  if (result.conclusive >= FEWEST && result.wrong > result.conclusive * 0.07) bad.push(told(cell, result))
}
console.log(
  `${cells.length} cells of ${trials} trials, ${sample} files per address, ${((performance.now() - startedAtMs) / 1_000).toFixed(0)} s`,
)
console.log(`cells that hold the truth in fewer than 93 %: ${bad.length}`)
for (const line of bad) console.log(`  ${line}`)
console.log(`clear cells: ${clear}, of them not conclusive in 99 % of trials or more: ${unclear.length}`)
for (const line of unclear) console.log(`  ${line}`)
console.log('| dimension | cells | conclusive trials | wrong of them | truth held in the worst cell |')
console.log('|---|---|---|---|---|')
for (const [key, { cells: of, conclusive, wrong, worst }] of rows)
  console.log(
    `| ${key} | ${of} | ${((100 * conclusive) / (of * trials)).toFixed(0)} % | ${((100 * wrong) / Math.max(1, conclusive)).toFixed(2)} % | ${(100 - 100 * worst).toFixed(0)} % |`,
  )
