import { systemClock } from '@cachewarmer/queue'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { VmssError } from '../errors.ts'
import {
  fakeClock,
  type InstanceMetadataServer,
  startInstanceMetadata,
  testSubnetId,
  testSubscription,
} from '../testing/index.ts'
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

  describe('with patience', () => {
    const patient = (given: Partial<Place>, subnetOf = async () => testSubnetId) => {
      const clock = fakeClock()
      const place = resolvePlace(given, {
        metadata: instanceMetadata({ clock: systemClock, baseUrl: server.url }),
        subnetOf,
        patience: { clock },
      })
      return { clock, ended: clock.run(place) }
    }

    test.each([429, 500, 503, 410])('asks again after %i', async (status) => {
      server.fail(status, 3)
      expect(await patient({}).ended).toEqual({ ...own, subnetId: testSubnetId })
      expect(server.requests).toHaveLength(4)
    })

    test('asks again where there is no route', async () => {
      await server.close()
      await expect(patient({}).ended).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/cannot be reached at .*; asked for 300 s/),
      })
    })

    test('waits as long as Azure wishes, and for a role that is new', async () => {
      let asked = 0
      const subnetOf = async (): Promise<string> => {
        asked += 1
        if (asked === 1) throw new VmssError('THROTTLED', 'subnet', 'too many requests', { retryAfterMs: 60_000 })
        if (asked === 2) throw new VmssError('FORBIDDEN', 'subnet', 'not allowed to read it')
        return testSubnetId
      }
      const { clock, ended } = patient({}, subnetOf)
      const began = clock.now()
      expect(await ended).toMatchObject({ subnetId: testSubnetId })
      expect(clock.now() - began).toBeGreaterThanOrEqual(62_000)
    })

    test('does not ask again where Azure has said no', async () => {
      server.fail(404)
      await expect(patient({}).ended).rejects.toMatchObject({ code: 'OPTION_INVALID' })
      expect(server.requests).toHaveLength(1)
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
