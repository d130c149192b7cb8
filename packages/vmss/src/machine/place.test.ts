import { systemClock } from '@cachewarmer/queue'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type InstanceMetadataServer, startInstanceMetadata, testSubnetId, testSubscription } from '../testing/index.ts'
import { instanceMetadata } from './instance-metadata.ts'
import { type Place, resolvePlace } from './place.ts'

describe('resolvePlace', () => {
  let server: InstanceMetadataServer
  beforeEach(async () => {
    server = await startInstanceMetadata()
  })
  afterEach(() => server.close())
  const resolve = (given: Partial<Place>, signal?: AbortSignal) =>
    resolvePlace(given, {
      metadata: instanceMetadata({ clock: systemClock, baseUrl: server.url }),
      subnetOf: async ({ name }) => `${testSubnetId}-of-${name}`,
      ...(signal ? { signal } : {}),
    })
  const own = { subscriptionId: testSubscription, resourceGroup: 'render', location: 'westeurope' }

  test("is this machine's own place", async () => {
    expect(await resolve({})).toEqual({ ...own, subnetId: `${testSubnetId}-of-controller` })
  })

  test('is what was given, as far as it was given', async () => {
    expect(await resolve({ location: 'eastus', subnetId: testSubnetId })).toEqual({
      ...own,
      location: 'eastus',
      subnetId: testSubnetId,
    })
  })

  test('asks no service when everything is given', async () => {
    await resolve({ ...own, subnetId: testSubnetId })
    expect(server.requests).toEqual([])
  })

  test('names each setting that is missing outside of Azure', async () => {
    server.fail(404)
    await expect(resolve({ subscriptionId: 's', resourceGroup: 'g' })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      target: 'location, subnetId',
      message: expect.stringContaining('must be given: this machine cannot tell'),
    })
  })

  test('aborting rejects with the reason', async () => {
    server.fail('hang')
    const stop = new AbortController()
    const enough = new Error('enough')
    const work = resolve({}, stop.signal)
    stop.abort(enough)
    await expect(work).rejects.toBe(enough)
  })
})
