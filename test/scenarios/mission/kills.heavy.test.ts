import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeJob, type RunStatus } from '@cachewarmer/core'
import { seededRandom } from '@cachewarmer/core/testing'
import { type QueueService, systemClock } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'
import { submitJob, watchJob } from '@cachewarmer/submit'
import {
  type Arm,
  hasTool,
  type InstanceMetadataServer,
  startArm,
  startInstanceMetadata,
  testSubnetId,
} from '@cachewarmer/vmss/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleForNode, bundlePrograms } from '../../../packaging/src/bundle.ts'
import { type Azurite, startAzurite } from '../../support/azurite.ts'
import { controllerArguments, identityOf, workerIdentity } from '../../support/cloud.ts'
import { Lab, makeTree, pause, type Running } from '../../support/lab.ts'
import { WorkerMachines } from './worker-machines.ts'

const openssl = hasTool('openssl', 'managers are not killed against the resource manager on loopback')

/** `CACHEWARMER_KILLS=500 CACHEWARMER_KILL_SEED=7` looks for longer, and elsewhere. */
const kills = Number(process.env['CACHEWARMER_KILLS'] ?? 50)
const seed = Number(process.env['CACHEWARMER_KILL_SEED'] ?? 1)
const killsEach = 5
const leaseMs = 1_200
/** Lives at the same time: most of each is waiting. */
const atOnce = 5
/** However busy the machine is. */
const soonMs = 120_000

const prefixOf = (job: number): string => `kills-${job}`

/** When a manager was killed, and what there was of its scale set then. */
interface Kill extends Moment {
  readonly job: number
  readonly set: string
}

describe.skipIf(!openssl)('a manager that is killed with SIGKILL at random moments and started again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cachewarmer-kills-'))
  const machines = new WorkerMachines()
  const managerFile = join(folder, 'cachewarmer-manager.mjs')
  let azurite: Azurite
  let arm: Arm
  let controller: InstanceMetadataServer
  let service: QueueService
  beforeAll(async () => {
    azurite = await startAzurite()
    // Long enough for a manager to die while Azure is at it.
    arm = await startArm({ operationMs: 400, resources: [testSubnetId, workerIdentity], ...machines.hooks })
    controller = await startInstanceMetadata()
    service = await openService(azurite.url, { accountKey: azurite.accountKey })
    machines.open(service)
    writeFileSync(join(folder, 'ca.pem'), arm.ca)
    // As one file, as it is released, it starts in a third of the time.
    writeFileSync(managerFile, (await bundleForNode(await bundlePrograms())).text)
  })
  afterAll(async () => {
    await machines.stop()
    await service?.close()
    await arm?.close()
    await controller?.close()
    await azurite?.stop()
    rmSync(folder, { recursive: true })
  })

  /** The life of one job and its scale set, with a manager that is killed at each of the moments. */
  async function life(job: number, moments: readonly Moment[], log: Kill[]): Promise<void> {
    const prefix = prefixOf(job)
    const set = `cachewarmer-${prefix}`
    await using lab = new Lab(
      {
        CACHEWARMER_QUEUE: azurite.url,
        STORAGE_KEY: azurite.accountKey,
        QUEUE_PREFIX: prefix,
        ...identityOf(controller),
      },
      { manager: managerFile },
    )
    machines.purposes.set(set, { prefix, template: lab.folderTemplate, leaseMs })
    const made = makeTree(lab.exportFolder, 20, 10)
    const times = ['--workers', '2', '--idle-ms', '1000', '--lease-ms', String(leaseMs)]
    const start = (): Running =>
      lab.startManager(
        ...controllerArguments(arm, controller, join(folder, 'ca.pem')),
        '--status-listen',
        'none',
        ...times,
      )
    const asked = (method: string): boolean =>
      arm.requests.some((request) => request.method === method && request.path.endsWith(`/${set}`))

    // Slow enough for managers to go in the middle of it.
    const { job: specification } = makeJob({
      addresses: [...lab.addresses],
      exportPath: '/animation',
      paths: ['/'],
      maxRequestsPerSecond: 300,
    })
    const { messageId } = await submitJob(service, prefix, specification)
    let last: RunStatus | undefined
    const watching = (async () => {
      for await (const status of watchJob(service, prefix, { messageId }, { clock: systemClock, reached: true }))
        last = status
    })()
    // Its error is thrown at the await.
    watching.catch(() => undefined)

    let manager = start()
    for (const moment of moments) {
      const reached: Readonly<Record<Stage, () => boolean>> = {
        starting: () => true,
        leading: () => manager.log().includes('"leading"'),
        creating: () => asked('PUT'),
        working: () => arm.machines(set).some(({ power }) => power === 'running') || last?.outcome !== undefined,
        ended: () => last?.outcome !== undefined,
        deleting: () => asked('DELETE'),
      }
      // One that waits for its predecessor's lease does nothing yet.
      if (moment.stage !== 'starting') await lab.eventually(async () => reached.leading(), soonMs)
      await lab.eventually(async () => reached[moment.stage](), soonMs)
      await pause(moment.afterMs)
      manager.process.kill('SIGKILL')
      log.push({ job, ...moment, set: arm.sets.get(set)?.state ?? 'none' })
      await manager.finished
      // When its predecessor's lease is over, so that it does not look for it too early, and again after seconds.
      await pause(leaseMs)
      manager = start()
    }
    await watching
    expect(last).toMatchObject({ outcome: 'warmed', progress: { counts: made } })
    await lab.eventually(async () => asked('PUT') && !arm.sets.has(set), soonMs)
    // One that has just been started ends by a signal.
    await lab.eventually(async () => manager.log().includes('"leading"'), soonMs)
    manager.process.kill('SIGTERM')
    expect(await manager.finished).toMatchObject({ code: 0 })
    expect(arm.sets.has(set)).toBe(false)
  }

  test(`loses no job and leaves no scale set behind, ${kills} times`, {
    timeout: 60_000 + kills * 10_000,
  }, async () => {
    const log: Kill[] = []
    const failed: string[] = []
    let next = 0
    const lane = async (): Promise<void> => {
      for (let job = next++; job * killsEach < kills; job = next++) {
        const count = Math.min(killsEach, kills - job * killsEach)
        const moments = drawMoments(seededRandom(seed * 1_000 + job), count)
        await life(job, moments, log).catch((error: unknown) => failed.push(`${prefixOf(job)}: ${String(error)}`))
      }
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
    expect({ failed, seed, log }).toEqual({ failed: [], seed, log })
    expect(log).toHaveLength(kills)
    expect(machines.running).toBe(0)
    const tally = Object.groupBy(log, ({ set }) => set)
    if (process.env['CACHEWARMER_KILLS'])
      console.log(Object.entries(tally).map(([state, found = []]) => `${state}: ${found.length}`))
    // Before there is a set, while Azure makes it, while it is there, while Azure takes it away.
    expect(Object.keys(tally)).toEqual(expect.arrayContaining(['none', 'Creating', 'Succeeded', 'Deleting']))
  })
})

/** The stages of a job and its scale set, in this order. */
const stages = ['starting', 'leading', 'creating', 'working', 'ended', 'deleting'] as const
export type Stage = (typeof stages)[number]

/** When a manager is killed: this long after it, or Azure, has reached a stage. */
export interface Moment {
  readonly stage: Stage
  readonly afterMs: number
}

/** A little longer than each lasts, so that now and then the next one has begun. */
const lastsMs: Readonly<Record<Stage, number>> = {
  starting: 800,
  leading: 600,
  creating: 500,
  working: 1_500,
  ended: 1_200,
  deleting: 500,
}

/**
 * Moments of one life in their order. Where there are two or more, Azure is making the set in one and deleting it in another.
 */
export function drawMoments(random: () => number, count: number): Moment[] {
  const draw = (): Stage => stages[Math.floor(random() * stages.length)] ?? 'starting'
  const sure: Stage[] = count < 2 ? [] : ['creating', 'deleting']
  return [...sure, ...Array.from({ length: count - sure.length }, draw)]
    .sort((a, b) => stages.indexOf(a) - stages.indexOf(b))
    .map((stage) => ({ stage, afterMs: Math.round(random() * lastsMs[stage]) }))
}
