import type { QueueSettings } from '@cachewarmer/service/cli'
import { describe, expect, test } from 'vitest'
import { readServeSettings, workerArguments } from './serve.ts'

const argumentsFor = async (queue: QueueSettings): Promise<string[]> =>
  workerArguments({ ...(await readServeSettings({ leaseMs: 60_000, azureCloud: 'AzurePublicCloud' })), queue })

describe('a worker process', () => {
  test('receives by arguments what is no secret', async () => {
    expect(await argumentsFor({ queue: 'sqlite:/var/a?b@c.db', queueNamePrefix: 'studio' })).toEqual(
      expect.arrayContaining(['--queue', 'sqlite:/var/a?b@c.db', '--queue-name-prefix', 'studio']),
    )
    expect(await argumentsFor({ queue: 'https://studio.queue.core.windows.net' })).toContain(
      'https://studio.queue.core.windows.net',
    )
  })

  test('receives no signature in the URL, and no key that was an argument', async () => {
    const given = { queue: 'https://studio.queue.core.windows.net?sig=secret', storageKey: 'a2V5' }
    expect((await argumentsFor(given)).join(' ')).not.toMatch(/secret|a2V5|--queue /)
  })
})
