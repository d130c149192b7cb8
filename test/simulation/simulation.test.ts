import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { extraKinds } from './extras.ts'
import { faultKinds } from './scenario.ts'
import { simulate } from './simulate.ts'

const last = Number(process.env['CACHEWARMER_SEEDS'] ?? 1_000)

// As a program of its own, which uses all cores.
test(`seeds 1 to ${last}: every file is read before "done", counts are exact, every job ends, nothing is left`, {
  timeout: 900_000,
}, async () => {
  const program = join(import.meta.dirname, 'main.ts')
  const run = promisify(execFile)(process.execPath, [program, '1', String(last)], { maxBuffer: 64 * 1024 * 1024 })
  const { stdout } = await run.catch((error: { stdout: string; message: string }) => {
    throw new Error(error.stdout === '' ? error.message : error.stdout)
  })
  expect(stdout).toContain(`${last} seeds (1 to ${last})`)
  expect(stdout).toContain(' 0 with violations')
  const unseen = [
    ...faultKinds.filter((kind) => !new RegExp(`^ +[1-9][0-9]* ${kind}`, 'm').test(stdout)),
    ...extraKinds.filter((kind) => !new RegExp(`^ +[1-9][0-9]* seeds with: ${kind}`, 'm').test(stdout)),
  ]
  expect(unseen).toEqual([])
})

test.each([2, 7, 11, 23, 101])('seed %i replays exactly', { timeout: 120_000 }, async (seed) => {
  const [once, again] = [await simulate(seed), await simulate(seed)]
  expect(again.outcome).toBe(once.outcome)
})
