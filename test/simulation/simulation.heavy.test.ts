import { expect, test } from 'vitest'
import { extraKinds } from './extras.ts'
import { runSeeds } from './run-seeds.ts'
import { faultKinds } from './scenario.ts'

const last = Number(process.env['CACHEWARMER_SEEDS'] ?? 1_000)

test(`seeds 101 to ${last}: as the first hundred, and each kind of fault is among them`, {
  timeout: 900_000,
}, async () => {
  const stdout = await runSeeds({ first: 101, last })
  const unseen = [
    ...faultKinds.filter((kind) => !new RegExp(`^ +[1-9][0-9]* ${kind}`, 'm').test(stdout)),
    ...extraKinds.filter((kind) => !new RegExp(`^ +[1-9][0-9]* seeds with: ${kind}`, 'm').test(stdout)),
  ]
  expect(unseen).toEqual([])
})
