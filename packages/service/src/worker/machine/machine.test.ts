import { encodeStatus, Prefix, type RunStatus } from '@cachewarmer/core'
import { aRunId, aStatus } from '@cachewarmer/core/testing'
import { type Logger, memoryService, type QueueService, systemClock } from '@cachewarmer/queue'
import { type Fetch, instanceMetadata, ownerTag } from '@cachewarmer/vmss'
import {
  type FakeClock,
  fakeClock,
  type InstanceMetadataServer,
  startInstanceMetadata,
  testSubscription,
} from '@cachewarmer/vmss/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Machine, managerWantsWorkers } from './machine.ts'

const quiet = (): void => undefined
const logger: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => logger }
const names = new Prefix('studio')
const resourceId = `/subscriptions/${testSubscription}/resourceGroups/render/providers/Microsoft.Compute/virtualMachineScaleSets/set/virtualMachines/1`
const worker = { name: 'set_1', resourceId, scaleSet: 'set', tags: { [ownerTag]: 'studio' } }
const abandonedAfterMs = 60_000

let metadata: InstanceMetadataServer
let clock: FakeClock
let service: QueueService
let machine: Machine
let stops: string[]
let asked: string[]
let poweredOff: number
let azureSays: number
afterEach(() => metadata.close())

/** A worker's machine that has just booted. */
async function boot(described: Parameters<typeof startInstanceMetadata>[0] = { machine: worker }): Promise<void> {
  metadata = await startInstanceMetadata(described)
  clock = fakeClock()
  service = memoryService({ clock })
  stops = []
  asked = []
  poweredOff = 0
  azureSays = 202
  const stopTaking = new AbortController()
  const fetch: Fetch = async (url, { method }) => {
    asked.push(`${method} ${url}`)
    return new Response(azureSays === 202 ? null : 'no', { status: azureSays })
  }
  const powerOff = async (): Promise<void> => {
    poweredOff += 1
  }
  machine = new Machine(
    {
      metadata: instanceMetadata({ clock: systemClock, baseUrl: metadata.url }),
      service,
      clock,
      logger,
      fetch,
      powerOff,
    },
    { prefix: 'studio', abandonedAfterMs, armEndpoint: 'https://arm.example' },
    {
      stopTaking: stopTaking.signal,
      stop: (reason) => {
        stops.push(reason)
        stopTaking.abort()
      },
    },
  )
}

/** Moves time on until something has happened, and gives how much passed. */
async function until(happened: () => boolean, mostMs: number): Promise<number> {
  const startMs = clock.now()
  while (!happened()) {
    if (clock.now() - startMs > mostMs) throw new Error(`it has not happened within ${mostMs} ms: ${String(happened)}`)
    await clock.advance(500)
  }
  return clock.now() - startMs
}

/** As a manager that leads does: the token is leased. */
async function lead(): Promise<void> {
  await service.create(names.leader)
  await service.queue(names.leader).send('leader')
  await service.queue(names.leader).receive({ max: 1, leaseMs: 7 * 86_400_000 })
}

async function beginRun(state: RunStatus['state']): Promise<void> {
  await service.create(names.runWork(aRunId))
  await service.create(names.runStatus(aRunId))
  await service.queue(names.runStatus(aRunId)).send(encodeStatus(aStatus({ state })))
}

describe('a machine that Azure takes away', () => {
  test.each(['Preempt', 'Terminate'] as const)(
    'has its worker hand back on %s, and says so after it did',
    async (kind) => {
      await boot()
      let acknowledged = false
      metadata.announce('Reboot', [worker.name])
      metadata.announce(kind, ['set_7'])
      await clock.advance(5_000)
      expect(stops).toEqual([])
      const { acknowledged: told } = metadata.announce(kind, [worker.name])
      void told.then(() => {
        acknowledged = true
      })
      await until(() => stops.length > 0, 20_000)
      expect(stops).toEqual([kind])
      expect(acknowledged).toBe(false)
      await machine.finish()
      await told
      expect(asked).toEqual([])
    },
  )

  test('drops what is not handed back within 6 seconds', async () => {
    await boot()
    metadata.announce('Preempt', [worker.name])
    await until(() => stops.length > 0, 20_000)
    await clock.advance(5_000)
    expect(stops).toEqual(['Preempt'])
    await until(() => stops.length > 1, 3_000)
    await machine.finish()
  })
})

describe('a machine that no manager wants', () => {
  test('stops its worker after a while, and deletes itself and nothing else', async () => {
    await boot()
    expect(await until(() => stops.length > 0, 90_000)).toBeGreaterThanOrEqual(abandonedAfterMs)
    expect(stops).toEqual(['abandonment'])
    expect(asked).toEqual([])
    await machine.finish()
    expect(asked).toEqual([`DELETE https://arm.example${resourceId}?api-version=2026-04-01`])
    expect(poweredOff).toBe(0)
  })

  test('is powered off where Azure does not delete it', async () => {
    await boot()
    azureSays = 403
    await until(() => stops.length > 0, 90_000)
    await clock.run(machine.finish())
    expect(poweredOff).toBe(1)
  })

  test('is kept while there is work of any sender', async () => {
    await boot()
    await service.create(names.work)
    for (let minute = 0; minute < 5; minute += 1) {
      await service.queue(names.work).send('work')
      await machine.service.queue(names.work).receive({ max: 1, leaseMs: 1_000 })
      await clock.advance(abandonedAfterMs - 10_000)
    }
    expect(stops).toEqual([])
    await until(() => stops.length > 0, 90_000)
    await machine.finish()
  })

  test('is kept while a manager wants workers, and goes after that', async () => {
    await boot()
    await lead()
    await beginRun('running')
    await clock.advance(3 * abandonedAfterMs)
    expect(stops).toEqual([])
    await service.delete(names.runWork(aRunId))
    await until(() => stops.length > 0, 90_000)
    await machine.finish()
  })

  test('is left alone where it is no worker of ours, such as the controller', async () => {
    await boot({})
    await clock.advance(3 * abandonedAfterMs)
    expect(stops).toEqual([])
    await machine.finish()
    expect(asked).toEqual([])
  })

  test('is not deleted when its worker was stopped by a signal', async () => {
    await boot()
    await clock.advance(1_000)
    await machine.finish()
    expect({ asked, poweredOff, sleepers: clock.sleepers }).toEqual({ asked: [], poweredOff: 0, sleepers: 0 })
  })
})

describe('a manager wants workers', () => {
  const wants = () => managerWantsWorkers(service, names, new AbortController().signal)
  beforeEach(() => boot())
  afterEach(() => machine.finish())

  test('while it leads a live run', async () => {
    await lead()
    expect(await wants()).toBe(false)
    await beginRun('running')
    expect(await wants()).toBe(true)
  })

  test.each(['paused', 'ended'] as const)('not for a run that is %s', async (state) => {
    await lead()
    await beginRun(state)
    expect(await wants()).toBe(false)
  })

  test('not while no manager leads: the run was left behind', async () => {
    await beginRun('running')
    expect(await wants()).toBe(false)
    await service.create(names.leader)
    expect(await wants()).toBe(false)
    await service.queue(names.leader).send('leader')
    expect(await wants()).toBe(false)
  })

  test('not where the queues can not be asked', async () => {
    await service.close()
    expect(await wants()).toBe(false)
  })
})
