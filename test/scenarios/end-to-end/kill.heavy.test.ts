import { between, seededRandom, shuffled } from '@cachewarmer/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Azurite, startAzurite } from '../../support/azurite.ts'
import { chaosSeed } from '../../support/chaos.ts'
import { Lab, makeTree, pause, type Running, workersBelow } from '../../support/lab.ts'

/**
 * Kills with SIGKILL, again and again, while the job runs: workers mostly, now and then the manager, which is started
 * again. When and whom is drawn from the seed; `CHAOS_SEED` brings a failing run's choices back.
 */
async function killUntil(
  done: Promise<unknown>,
  lab: Lab,
  random: () => number,
  startManager: () => Running,
): Promise<{ workers: number; managers: number }> {
  const kills = { workers: 0, managers: 0 }
  let over = false
  void done.then(() => {
    over = true
  })
  let manager = startManager()
  for (let round = 0; !over && round < 14; round += 1) {
    await pause(between(random, 200, 1_200))
    if (over) break
    if (round >= 2 && random() < 0.25) {
      manager.process.kill('SIGKILL')
      kills.managers += 1
      await manager.finished
      await pause(between(random, 0, 500))
      manager = startManager()
    } else {
      const [victim] = shuffled(random, workersBelow(lab.folder))
      if (victim === undefined) continue
      try {
        process.kill(victim, 'SIGKILL')
        kills.workers += 1
      } catch {
        // It ended by itself in between.
      }
    }
  }
  return kills
}

async function expectExactCounts(lab: Lab, seed: number): Promise<void> {
  const made = makeTree(lab.exportFolder, 150, 60, 6_000)
  const submitted = lab.submitAndWait('--path', '/')
  const kills = await killUntil(submitted, lab, seededRandom(seed), () => lab.startManager('--concurrency', '4'))
  const { code, stdout, stderr } = await submitted
  expect({ seed, code, stderr }).toEqual({ seed, code: 0, stderr })
  const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
    outcome: string
    files: number
    bytes: number
    directories: number
  }
  expect(report).toMatchObject({ outcome: 'warmed', ...made })
  expect(kills.workers + kills.managers).toBeGreaterThan(2)
}

describe('workers and the manager are killed with SIGKILL in mid-item', () => {
  test('on sqlite: the report has every file once', { timeout: 180_000 }, async () => {
    await using lab = new Lab()
    await expectExactCounts(lab, chaosSeed(1))
  })

  describe('on Azurite', () => {
    let azurite: Azurite
    beforeAll(async () => {
      azurite = await startAzurite()
    })
    afterAll(() => azurite.stop())

    test('the report has every file once', { timeout: 240_000 }, async () => {
      await using lab = new Lab({ CACHEWARMER_QUEUE: azurite.url, STORAGE_KEY: azurite.accountKey })
      await expectExactCounts(lab, chaosSeed(2))
    })
  })
})
