import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { Logger } from '@cachewarmer/queue'
import { dice } from './seeded.ts'
import { simulate } from './simulate.ts'
import { listDiceOf } from './wanted.ts'

const help = `Runs seeds of the simulation and prints those that break an invariant.

  node test/simulation/main.ts FIRST [LAST] [--also SEED,...] [--jobs N] [--lists] [--first-only]

FIRST, LAST   the seeds, both included; one seed alone with DEBUG set shows every log line of the simulated processes
--also SEED   more seeds, separated by commas
--jobs N      processes side by side (default: as many as there are cores, for more than 50 seeds)
--lists       only the seeds among them that have jobs over lists, one in six
--first-only  ends at the first seed that breaks something
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    also: { type: 'string', default: '' },
    jobs: { type: 'string' },
    lists: { type: 'boolean' },
    'first-only': { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
    part: { type: 'string' },
  },
})
const [first = Number.NaN, last = first] = positionals.map(Number)
if (values.help || !Number.isInteger(first) || !Number.isInteger(last) || last < first) {
  console.log(help)
  process.exit(values.help ? 0 : 2)
}
const also = values.also.split(',').filter(Boolean).map(Number)
const seeds = [...Array.from({ length: last - first + 1 }, (_, at) => first + at), ...also]
const jobs = Number(values.jobs ?? (seeds.length <= 50 ? 1 : availableParallelism()))

const print =
  (level: string, given: Readonly<Record<string, unknown>>) =>
  (message: string, fields?: Readonly<Record<string, unknown>>): void => {
    const shown = JSON.stringify({ ...given, ...fields }, (_key, value: unknown) =>
      value instanceof Error ? value.message : value,
    )
    console.log(`${level} ${message} ${shown}`)
  }
const child = (fields: Readonly<Record<string, unknown>>): Logger => ({
  debug: print('debug', fields),
  info: print('info', fields),
  warn: print('warn', fields),
  error: print('error', fields),
  child: (more) => child({ ...fields, ...more }),
})

interface Sums {
  seeds: number
  broken: number[]
  counts: Record<string, number>
  slowest: { seed: number; ms: number }
  virtualMs: number
}

/**
 * One process: every `step`th of the seeds from the one at `from` on. It prints its sums as the last line, for the process that
 * started it.
 */
async function part(from: number, step: number): Promise<Sums> {
  const sums: Sums = { seeds: 0, broken: [], counts: {}, slowest: { seed: 0, ms: 0 }, virtualMs: 0 }
  for (let at = from; at < seeds.length; at += step) {
    const seed = seeds[at] ?? Number.NaN
    if (values.lists && listDiceOf(seed, dice) === undefined) continue
    const startedAtMs = performance.now()
    const problems: string[] = []
    try {
      const simulated = await simulate(seed, process.env['DEBUG'] === undefined ? {} : { logger: child({}) })
      problems.push(...simulated.violations)
      sums.virtualMs += simulated.virtualMs
      add(sums.counts, simulated.counts)
      for (const kind of [...simulated.scenario.faults, ...simulated.extras])
        add(sums.counts, { [`seeds with: ${kind}`]: 1 })
    } catch (error) {
      problems.push(`the simulation failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    }
    const ms = performance.now() - startedAtMs
    if (ms > sums.slowest.ms) sums.slowest = { seed, ms }
    sums.seeds += 1
    if (problems.length === 0) continue
    sums.broken.push(seed)
    console.log(`seed ${seed}: ${problems.join('\n    ')}`)
    if (values['first-only']) break
  }
  return sums
}

function add(into: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(more))
    into[name] = name.startsWith('most ') ? Math.max(into[name] ?? 0, value) : (into[name] ?? 0) + value
}

/** Starts the parts as processes of their own, shows what they say, and adds up their sums. */
async function all(): Promise<Sums> {
  const sums: Sums = { seeds: 0, broken: [], counts: {}, slowest: { seed: 0, ms: 0 }, virtualMs: 0 }
  const running = Array.from({ length: jobs }, async (_, at) => {
    const args = [import.meta.filename, String(first), String(last), '--also', values.also, '--part', `${at}/${jobs}`]
    const flags = [...(values.lists ? ['--lists'] : []), ...(values['first-only'] ? ['--first-only'] : [])]
    const process_ = spawn(process.execPath, [...args, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    for await (const line of createInterface({ input: process_.stdout })) {
      if (!line.startsWith('{"seeds"')) {
        console.log(line)
        continue
      }
      const its = JSON.parse(line) as Sums
      sums.seeds += its.seeds
      sums.broken.push(...its.broken)
      sums.virtualMs += its.virtualMs
      add(sums.counts, its.counts)
      if (its.slowest.ms > sums.slowest.ms) sums.slowest = its.slowest
    }
  })
  await Promise.all(running)
  return sums
}

const startedAtMs = performance.now()
if (values.part !== undefined) {
  const [from = 0, step = 1] = values.part.split('/').map(Number)
  console.log(JSON.stringify(await part(from, step)))
} else {
  const sums = jobs === 1 ? await part(0, 1) : await all()
  const seconds = (performance.now() - startedAtMs) / 1_000
  for (const name of Object.keys(sums.counts).toSorted()) console.log(`  ${Math.round(sums.counts[name] ?? 0)} ${name}`)
  console.log(
    `${sums.seeds} seeds (${first} to ${last}${also.length > 0 ? `, ${also.join(', ')}` : ''}) in ${seconds.toFixed(1)} s, ${Math.round(sums.virtualMs / 3_600_000)} hours of simulated time, slowest ${sums.slowest.seed} with ${Math.round(sums.slowest.ms)} ms, ${sums.broken.length} with violations${sums.broken.length > 0 ? `: ${sums.broken.toSorted((a, b) => a - b).join(' ')}` : ''}`,
  )
  process.exitCode = sums.broken.length === 0 && sums.seeds > 0 ? 0 : 1
}
