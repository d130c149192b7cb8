import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Azurite, startAzurite } from '@cachewarmer/queue/testing'
import { hasTool } from '@cachewarmer/vmss/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Lab, pause, type Running } from '../end-to-end/lab.ts'
import { makeTree } from '../end-to-end/tree.ts'
import { Cloud } from './cloud.ts'

const openssl = hasTool('openssl', 'the mission is not tested against the resource manager on loopback')
const set = 'cachewarmer-lab'

interface Report {
  readonly outcome: string
  readonly files: number
}

const reportOf = (stdout: string): Report => JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report

describe.skipIf(!openssl)('jobs in Azurite, machines of a scale set', () => {
  let azurite: Azurite
  beforeAll(async () => {
    azurite = await startAzurite()
  })
  afterAll(() => azurite.stop())

  async function begin(prefix: string) {
    const cloud = await Cloud.start({ STORAGE_KEY: azurite.accountKey })
    const lab = new Lab({
      CACHEWARMER_QUEUE: azurite.url,
      STORAGE_KEY: azurite.accountKey,
      QUEUE_PREFIX: prefix,
      ...cloud.environment,
    })
    const startManager = (): Running =>
      lab.startManager(
        ...cloud.managerArguments(lab.folder),
        '--workers',
        '3',
        '--idle-ms',
        '1500',
        '--concurrency',
        '2',
      )
    return { cloud, lab, startManager, name: `cachewarmer-${prefix}` }
  }

  test('every file is counted once although machines are taken away, and then the set is gone', {
    timeout: 120_000,
  }, async () => {
    const { cloud, lab, startManager } = await begin('lab')
    await using _cloud = cloud
    await using _lab = lab
    const made = makeTree(lab.exportFolder, 100, 40, 4_000)
    const manager = startManager()
    // Slow enough for machines to go in the middle of it, however fast the disk is.
    writeFileSync(join(lab.folder, 'job.json'), JSON.stringify({ MaxRequestsPerSecond: 4_000 }))
    const submitted = lab.submitAndWait('--job', join(lab.folder, 'job.json'), '--path', '/')
    let ended = false
    void submitted.then(() => {
      ended = true
    })
    await lab.eventually(
      async () => cloud.booted.filter((one) => one.log().includes('on a machine of Azure')).length >= 3,
    )
    await pause(1_000)
    const [first, second] = cloud.booted
    await cloud.arm.evict(set, first?.machine.id ?? '', { notice: true })
    await cloud.arm.evict(set, second?.machine.id ?? '')
    expect(ended).toBe(false)
    // The one that was told has handed back and ended by itself.
    expect(await first?.exited).toBe(0)
    expect(await second?.exited).not.toBe(0)
    const { code, stdout, stderr } = await submitted
    expect({ code, stderr }).toEqual({ code: 0, stderr })
    expect(reportOf(stdout)).toMatchObject({ outcome: 'warmed', ...made })
    await lab.eventually(async () => cloud.arm.sets.size === 0)
    manager.process.kill('SIGTERM')
    expect(await manager.finished).toMatchObject({ code: 0 })
    expect(cloud.arm.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1)
  })

  test('a manager that is killed at any moment and started again leaves no set behind', {
    timeout: 120_000,
  }, async () => {
    const { cloud, lab, startManager } = await begin('kills')
    await using _cloud = cloud
    await using _lab = lab
    const made = makeTree(lab.exportFolder, 60, 40)
    const submitted = lab.submitAndWait('--path', '/')
    let manager = startManager()
    const moments: number[] = []
    for (let kill = 0; kill < 6; kill += 1) {
      const ms = 300 + Math.random() * 2_000
      moments.push(ms)
      await pause(ms)
      manager.process.kill('SIGKILL')
      await manager.finished
      manager = startManager()
    }
    const { stdout } = await submitted
    expect(reportOf(stdout)).toMatchObject({ outcome: 'warmed', ...made })
    await lab.eventually(async () => cloud.arm.sets.size === 0 && cloud.booted.length > 0)
    manager.process.kill('SIGTERM')
    await manager.finished
    expect({ moments, sets: cloud.arm.sets.size }).toEqual({ moments, sets: 0 })
  })
})
