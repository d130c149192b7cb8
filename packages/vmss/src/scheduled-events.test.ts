import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type InstanceMetadata, instanceMetadata } from './instance-metadata.ts'
import { untilEndNotice } from './scheduled-events.ts'
import { systemClock } from './system-clock.ts'
import { type FakeClock, fakeClock } from './testing/fake-clock.ts'
import { type InstanceMetadataServer, startInstanceMetadata } from './testing/index.ts'

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
    'tells of a %s within a second, and acknowledging lets Azure go on',
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
