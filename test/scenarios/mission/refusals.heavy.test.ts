import { makeJob, type RunStatus } from '@cachewarmer/core'
import { systemClock } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'
import { submitJob, watchJob } from '@cachewarmer/submit'
import { type ArmOptions, hasTool, testSubnetId } from '@cachewarmer/vmss/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Azurite, startAzurite } from '../../support/azurite.ts'
import { Cloud } from '../../support/cloud.ts'
import { Lab } from '../../support/lab.ts'

const openssl = hasTool('openssl', 'refusals are not tested against the resource manager on loopback')

/** What Azure says no to, what the manager was started with, and what people must hear. */
const refusals: [string, Pick<ArmOptions, 'allows'>, string[], string][] = [
  [
    'a role that is missing',
    { allows: (_, { action }) => !action.endsWith('/virtualMachineScaleSets/write') },
    [],
    'not allowed to do Microsoft.Compute/virtualMachineScaleSets/write on',
  ],
  [
    'terms that were not accepted',
    {},
    ['--vmss-image', 'vfxt'],
    'run: az vm image terms accept --publisher microsoft-avere --offer vfxt --plan avere-vfxt-controller',
  ],
  [
    'a size that the region does not have',
    {},
    ['--vmss-sizes', 'Standard_X99'],
    'The valid sizes in the current region are',
  ],
  [
    'a subnet that is not there',
    {},
    ['--vmss-subnet-id', testSubnetId.replace(/workers$/, 'nowhere')],
    'subnets/nowhere referenced by the scale set was not found',
  ],
]

describe.skipIf(!openssl)('what Azure refuses', () => {
  let azurite: Azurite
  beforeAll(async () => {
    azurite = await startAzurite()
  })
  afterAll(() => azurite.stop())

  test.concurrent.each(refusals)(
    '%s is in the log and in the status of the job, and nothing half-made is left',
    async (what, given, args, said) => {
      const prefix = what.replaceAll(' ', '-').slice(0, 20).replace(/-$/, '')
      const environment = { STORAGE_KEY: azurite.accountKey }
      await using cloud = await Cloud.start({ environment, arm: given })
      await using lab = new Lab({ CACHEWARMER_QUEUE: azurite.url, QUEUE_PREFIX: prefix, ...cloud.environment })
      const manager = lab.startManager(...cloud.managerArguments(lab.folder), ...args)
      const service = await openService(azurite.url, { accountKey: azurite.accountKey })
      const { job } = makeJob({ addresses: ['cache-1'], exportPath: '/animation', paths: ['/'] })
      const { messageId } = await submitJob(service, prefix, job)
      const stop = new AbortController()
      let held: RunStatus | undefined
      for await (const status of watchJob(
        service,
        prefix,
        { messageId },
        { clock: systemClock, signal: stop.signal },
      )) {
        held = status
        if (status.problem !== undefined) break
      }
      expect(held).toMatchObject({
        state: 'running',
        problem: expect.stringContaining(said),
        fleet: { kind: 'vmss', running: 0, problem: expect.stringContaining(said) },
      })
      expect(manager.log()).toContain(said)
      manager.process.kill('SIGTERM')
      expect(await manager.finished).toMatchObject({ code: 0 })
      expect(cloud.arm.sets.size).toBe(0)
      await service.close()
    },
  )
})
