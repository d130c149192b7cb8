import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { options } from '../../../scripts/options.ts'
import { type Mutation, mutations } from './mutations.ts'
import { Scratch } from './scratch.ts'

const help = `Puts known faults into a copy of the sources, one at a time, and shows how many seeds the simulation takes to find each.

  npm run mutants -- [PATTERN] [--seeds 2000 | --light] [--jobs 2]

PATTERN     only faults whose name matches
--seeds N   how far to look for each
--light     only the seeds that npm test runs: 1 to 100, and the one that mutations.ts names
--jobs N    faults looked for side by side
`

const { values, positionals } = options('mutants', {
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '2000' },
    light: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
    help: { type: 'boolean', short: 'h' },
  },
})
const lightSeeds = 100
const seeds = values.light ? lightSeeds : Number(values.seeds)
const jobs = Number(values.jobs)
if (values.help || !Number.isInteger(seeds) || !Number.isInteger(jobs) || seeds < 1 || jobs < 1) {
  console.log(help)
  process.exit(values.help ? 0 : 2)
}

interface Found {
  readonly mutation: Mutation
  /** The first seed that shows the fault; seeds begin at 1, so it is also how many it took. */
  readonly seed: number | undefined
  readonly how: string
}

async function look(scratch: Scratch, mutation: Mutation): Promise<Found> {
  scratch.apply(mutation)
  try {
    const own = values.light && mutation.seed !== undefined ? ['--also', String(mutation.seed)] : []
    const child = spawn(
      process.execPath,
      [scratch.program, '1', String(seeds), ...own, '--jobs', '1', '--first-only'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    let finished = false
    let found: { seed: number; how: string } | undefined
    for await (const line of createInterface({ input: child.stdout })) {
      const [, seed, how = ''] = /^seed (\d+): (.*)/.exec(line) ?? []
      finished ||= /^\d+ seeds \(\d+ to [\d, ]+\) in /.test(line)
      if (seed !== undefined) found ??= { seed: Number(seed), how }
    }
    if (!finished) throw new Error(`"${mutation.name}": the simulation did not run with it`)
    return { mutation, seed: found?.seed, how: found?.how ?? 'not found' }
  } finally {
    scratch.restore(mutation)
  }
}

const pattern = new RegExp(positionals[0] ?? '', 'i')
const wanted = mutations.filter(({ name }) => pattern.test(name))
const folder = mkdtempSync(join(tmpdir(), 'cw-mutants-'))
const results: Found[] = []
await Promise.all(
  Array.from({ length: Math.min(jobs, wanted.length) }, async (_, at) => {
    const scratch = new Scratch(join(folder, String(at)))
    for (let mutation = wanted.shift(); mutation !== undefined; mutation = wanted.shift()) {
      const found = await look(scratch, mutation)
      results.push(found)
      console.log(`${String(found.seed ?? '-').padStart(5)}  ${found.mutation.name}: ${found.how}`)
    }
    scratch.remove()
  }),
)
for (const { mutation, seed } of results)
  if (seed !== undefined && seed > lightSeeds && seed !== mutation.seed)
    console.log(`"${mutation.name}": npm test does not find it; write seed: ${seed} beside it in mutations.ts`)
const missed = results.filter(({ seed }) => seed === undefined)
console.log(`\n| fault | seeds | how it shows |\n|---|---|---|`)
for (const { mutation, seed, how } of results)
  console.log(`| ${mutation.name} | ${seed ?? `none of ${seeds}`} | ${how.replaceAll('|', '\\|').slice(0, 100)} |`)
console.log(`\n${results.length - missed.length} of ${results.length} faults found within ${seeds} seeds`)
process.exitCode = missed.length === 0 ? 0 : 1
