import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { options } from '../../scripts/options.ts'
import { plot } from './plot.ts'
import { type Life, readLives, toCsv, verdictOf } from './samples.ts'
import { soak } from './soak.ts'

/*
 * Half an hour (or any time) of jobs over a tree that changes, with faults, and what the programs held meanwhile:
 * npm run soak -- --minutes 30 --seed 1 --out soak-report
 */
const { values } = options('soak', {
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'soak-report' },
  },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed)
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('soak: expected --minutes above 0 and a whole --seed')
  process.exit(2)
}
const out = resolve(process.env['INIT_CWD'] ?? '.', values.out)
mkdirSync(out, { recursive: true })
const samplesFile = join(out, 'samples.jsonl')
writeFileSync(samplesFile, '')

console.log(`soak: ${minutes} minutes, seed ${seed}; the report goes to ${out}`)
const seen = await soak({ minutes, seed, samplesFile, log: (line) => console.log(line) })
const lives = readLives(samplesFile)
const livedMs = ({ samples }: Life): number => (samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0)
// Those that were killed young are drawn, and tell nothing about growth.
const leastMs = minutes * 30_000
const lasting = lives.filter((life) => livedMs(life) >= leastMs)
const { flat, lines } = verdictOf(lasting, leastMs)
const wrong = seen.problems.length
const headline = `${flat ? 'flat' : 'GROWS'}; ${seen.jobs} jobs, ${seen.files} files, ${wrong} wrong`
const title = `${minutes} minutes, seed ${seed}, ${lives.length} processes: ${headline}`
const others = lives.filter((life) => livedMs(life) < leastMs)
writeFileSync(join(out, 'memory.svg'), plot({ lasting, others }, seen.marks, title))
writeFileSync(join(out, 'memory.csv'), toCsv(lives, seen.beganAtMs))
const verdict = [
  `verdict: ${title}`,
  `faults: ${seen.faults}`,
  ...lines,
  ...seen.problems.map((problem) => `wrong: ${problem}`),
]
writeFileSync(join(out, 'verdict.txt'), `${verdict.join('\n')}\n`)
for (const line of verdict) console.log(line)
process.exitCode = flat && wrong === 0 ? 0 : 1
