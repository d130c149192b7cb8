import { systemClock } from '@cachewarmer/queue'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts'
import { type InstanceMetadataServer, startInstanceMetadata, testSubscription } from '../testing/index.ts'
import { type InstanceMetadata, instanceMetadata, untilEndNotice } from './instance-metadata.ts'

const group = `/subscriptions/${testSubscription}/resourceGroups/render`
const worker = {
  name: 'cachewarmer-test_3',
  resourceId: `${group}/providers/Microsoft.Compute/virtualMachineScaleSets/cachewarmer-test/virtualMachines/3`,
  scaleSet: 'cachewarmer-test',
  tags: { 'cachewarmer-owner': 'test' },
}

describe('instanceMetadata', () => {
  let server: InstanceMetadataServer
  let metadata: InstanceMetadata
  beforeEach(async () => {
    server = await startInstanceMetadata({
      machine: worker,
      tokenFor: (resource, identity) => `${resource} ${identity ?? 'any'}`,
    })
    metadata = instanceMetadata({ clock: systemClock, baseUrl: server.url })
  })
  afterEach(() => server.close())

  test('tells what a machine is, and the scale set it is in', async () => {
    expect(await metadata.machine()).toEqual({
      ...worker,
      subscriptionId: testSubscription,
      resourceGroup: 'render',
      location: 'westeurope',
      cloud: 'AzurePublicCloud',
    })
    expect(server.requests).toEqual(['GET /metadata/instance/compute?api-version=2021-02-01'])
  })

  test('tells that a machine is in no scale set', async () => {
    await using other = await startInstanceMetadata()
    const machine = await instanceMetadata({ clock: systemClock, baseUrl: other.url }).machine()
    expect(machine).toMatchObject({ name: 'controller', scaleSet: undefined, tags: {} })
  })

  test('gets a token of the only identity, or of a certain one', async () => {
    expect(await metadata.token('https://storage.azure.com/')).toBe('https://storage.azure.com/ any')
    expect(await metadata.token('r', { identityId: '/subscriptions/s/id' })).toBe('r /subscriptions/s/id')
  })

  test('tells the events of all machines, and acknowledges one', async () => {
    const atMs = Date.UTC(2026, 0, 1)
    const { eventId, acknowledged } = server.announce('Preempt', ['a', 'b'], atMs)
    server.announce('Freeze', ['a'])
    expect(await metadata.scheduledEvents()).toMatchObject([
      { id: eventId, kind: 'Preempt', machines: ['a', 'b'], started: false, notBeforeMs: atMs },
      { kind: 'Freeze' },
    ])
    await metadata.acknowledge(eventId)
    await acknowledged
    expect(await metadata.scheduledEvents()).toHaveLength(1)
    await expect(metadata.acknowledge(eventId)).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('400'),
    })
  })

  test.each([
    [429, 'THROTTLED'],
    [500, 'UNAVAILABLE'],
    [410, 'UNAVAILABLE'],
    [404, 'NOT_FOUND'],
    [400, 'FAILED'],
  ] as const)('an answer of %i is %s', async (status, code) => {
    server.fail(status)
    await expect(metadata.machine()).rejects.toMatchObject({
      code,
      target: 'instance metadata',
      message: expect.stringContaining(String(status)),
    })
  })

  test('a service that never answers is given up, and the settings that replace it are named', async () => {
    server.fail('hang')
    const clock = fakeClock()
    const work = instanceMetadata({ clock, baseUrl: server.url, timeoutMs: 700 }).machine()
    await expect(clock.run(work)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(
        /within 700 ms; outside of Azure, say subscription, resource group, location and subnet/,
      ),
    })
    expect(clock.sleepers).toBe(0)
  })

  test('a service that is not there says so', async () => {
    await server.close()
    await expect(metadata.machine()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('cannot be reached'),
    })
    server = await startInstanceMetadata()
  })

  test('the page of a captive proxy is no metadata', async () => {
    server.fail('page')
    await expect(metadata.machine()).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('no JSON'),
    })
  })

  test('aborting ends the call with its reason', async () => {
    server.fail('hang')
    const stop = new AbortController()
    const enough = new Error('enough')
    const work = metadata.machine({ signal: stop.signal })
    stop.abort(enough)
    await expect(work).rejects.toBe(enough)
  })

  test.each<[string, unknown]>([
    ['machine', {}],
    ['machine', 'text'],
    ['token', { access_token: '' }],
    ['scheduledEvents', {}],
  ])('an answer without what %s is about is refused: %j', async (call, body) => {
    const fetch = async () => new Response(JSON.stringify(body))
    const other = instanceMetadata({ clock: systemClock, fetch })
    const work = call === 'machine' ? other.machine() : call === 'token' ? other.token('x') : other.scheduledEvents()
    await expect(work).rejects.toMatchObject({ code: 'FAILED', message: expect.stringMatching(/has no/) })
  })
})

describe('untilEndNotice', () => {
  let server: InstanceMetadataServer
  let metadata: InstanceMetadata
  let clock: FakeClock
  beforeEach(async () => {
    server = await startInstanceMetadata()
    clock = fakeClock()
    metadata = instanceMetadata({ clock: systemClock, baseUrl: server.url, timeoutMs: 60_000 })
  })
  afterEach(async () => {
    await server.close()
    expect(clock.sleepers).toBe(0)
  })

  test.each(['Preempt', 'Terminate'] as const)(
    'tells of a %s within a second, and acknowledging lets Azure continue',
    async (kind) => {
      const notice = untilEndNotice(metadata, { machine: 'set_1', clock })
      await clock.advance(30_000)
      const announcedAtMs = clock.now()
      const { eventId, acknowledged } = server.announce(kind, ['set_0', 'set_1'])
      const { id } = await clock.run(notice)
      expect(id).toBe(eventId)
      expect(clock.now() - announcedAtMs).toBeLessThanOrEqual(1_000)
      await metadata.acknowledge(id)
      await acknowledged
    },
  )

  test('what happens to other machines, or passes, is no end', async () => {
    const stop = new AbortController()
    const notice = untilEndNotice(metadata, { machine: 'set_1', clock, signal: stop.signal })
    server.announce('Terminate', ['set_10'])
    server.announce('Freeze', ['set_1'])
    server.announce('Reboot', ['set_1'])
    await clock.advance(10_000)
    const enough = new Error('enough')
    stop.abort(enough)
    await expect(notice).rejects.toBe(enough)
  })

  test('asks once a second', async () => {
    const stop = new AbortController()
    const notice = untilEndNotice(metadata, { machine: 'x', clock, signal: stop.signal })
    await clock.advance(10_000)
    expect(server.requests).toHaveLength(11)
    stop.abort()
    await expect(notice).rejects.toThrow()
  })

  test('outlives failures, asks less often meanwhile, and says so once', async () => {
    const warnings: string[] = []
    const warn = (message: string) => {
      warnings.push(message)
    }
    const silent = () => {}
    const logger = { debug: silent, info: silent, warn, error: silent, child: () => logger }
    server.fail(500, 5)
    const notice = untilEndNotice(metadata, { machine: 'x', clock, logger })
    await clock.advance(20_000)
    expect(server.requests.length).toBeLessThanOrEqual(5)
    server.announce('Preempt', ['x'])
    expect(await clock.run(notice)).toMatchObject({ kind: 'Preempt' })
    expect(warnings).toEqual(['scheduled events cannot be read'])
  })

  test('the first answer may take two minutes, as Azure switches the events on', async () => {
    const slow: number[] = []
    const recording: InstanceMetadata = {
      ...metadata,
      scheduledEvents: async ({ timeoutMs = 0 } = {}) => {
        slow.push(timeoutMs)
        return slow.length < 3
          ? []
          : [{ id: 'e', kind: 'Preempt', machines: ['x'], started: false, notBeforeMs: undefined }]
      },
    }
    await clock.run(untilEndNotice(recording, { machine: 'x', clock }))
    expect(slow).toEqual([150_000, 0, 0])
  })
})
