import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { options } from '../../scripts/options.ts'
import { corpusOf, keep, mutations } from './corpus.ts'
import { targets } from './targets.ts'

/*
 * Fuzzes for longer than CI does: npm run fuzz -- --minutes 10 [--target item] [--seed 1]. What breaks a target is
 * made small and kept in the corpus, and the exit code is 1.
 */
const { values } = options('fuzz', {
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string', multiple: true },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const chosen = Object.entries(targets).filter(([name]) => values.target?.includes(name) ?? true)
const minutes = Number(values.minutes)
const seed = Number(values.seed)
if (chosen.length === 0 || !(minutes > 0) || !Number.isInteger(seed)) {
  console.error(
    `fuzz: expected --minutes above 0, a whole --seed, and --target one of ${Object.keys(targets).join(', ')}`,
  )
  process.exit(2)
}
console.log(`fuzz: ${chosen.length} targets, ${minutes} minutes, seed ${seed}`)
const untilMs = performance.now() + minutes * 60_000
const inputs = new Map<string, number>()
for (let round = 0; performance.now() < untilMs; round += 1) {
  for (const [name, target] of chosen) {
    const check = async (bytes: Buffer): Promise<void> => {
      inputs.set(name, (inputs.get(name) ?? 0) + 1)
      await target(bytes)
    }
    const found = await fc.check(fc.asyncProperty(mutations(corpusOf(name).values()), check), {
      seed: seed + round,
      numRuns: 2_000,
    })
    const bytes = found.counterexample?.[0]
    if (!found.failed || bytes === undefined) continue
    const file = keep(name, `broke-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`, bytes)
    console.error(
      `fuzz: ${name} broke, seed ${seed + round}; the input is kept in ${file}\n${String(found.errorInstance)}`,
    )
    process.exit(1)
  }
}
for (const [name, count] of inputs) console.log(`fuzz: ${name}: ${count} inputs, none broke it`)
