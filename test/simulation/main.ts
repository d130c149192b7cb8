import type { Logger } from '@cachewarmer/queue'
import { violations } from './invariants.ts'
import { simulate } from './simulate.ts'

/*
 * Runs seeds one after the other and prints those that break an invariant: `node test/simulation/main.ts FIRST [COUNT]`.
 * With one seed and DEBUG set, every log line of the simulated processes is shown.
 */
const [first = 1, count = 1] = process.argv.slice(2).map(Number)

const print =
  (level: string) =>
  (message: string, fields?: Readonly<Record<string, unknown>>): void => {
    const shown = JSON.stringify(fields ?? {}, (_key, value) =>
      value instanceof Error ? value.message : (value as unknown),
    )
    console.log(`${level} ${message} ${shown}`)
  }
const child = (fields: Readonly<Record<string, unknown>>): Logger => {
  const with_ = (level: string) => (message: string, more?: Readonly<Record<string, unknown>>) =>
    print(level)(message, { ...fields, ...more })
  return {
    debug: with_('debug'),
    info: with_('info'),
    warn: with_('warn'),
    error: with_('error'),
    child: (more) => child({ ...fields, ...more }),
  }
}

let broken = 0
const startedAtMs = performance.now()
for (let seed = first; seed < first + count; seed += 1) {
  try {
    const simulated = await simulate(seed, process.env['DEBUG'] === undefined ? {} : { logger: child({}) })
    const wrong = violations(simulated)
    if (wrong.length === 0) continue
    broken += 1
    console.log(`seed ${seed}: ${wrong.join('; ')}`)
  } catch (error) {
    broken += 1
    console.log(`seed ${seed} did not end: ${error instanceof Error ? error.stack : String(error)}`)
  }
}
const seconds = (performance.now() - startedAtMs) / 1_000
console.log(`${count} seeds in ${seconds.toFixed(1)} s, ${broken} with violations`)
process.exitCode = broken === 0 ? 0 : 1
