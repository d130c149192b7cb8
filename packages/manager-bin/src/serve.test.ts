import { describe, expect, test } from 'vitest'
import type { ServeConfig } from './config.ts'
import { workerArguments, workerEnvironment } from './serve.ts'

const config = (given: Partial<ServeConfig>): ServeConfig => ({ leaseMs: 60_000, ...given }) as ServeConfig

describe('a worker process', () => {
  test('is told by arguments what is no secret', () => {
    expect(workerArguments(config({ queue: 'sqlite:/var/a?b@c.db', queueNamePrefix: 'studio' }))).toEqual(
      expect.arrayContaining(['--queue', 'sqlite:/var/a?b@c.db', '--queue-name-prefix', 'studio']),
    )
    expect(workerArguments(config({ queue: 'https://studio.queue.core.windows.net' }))).toContain(
      'https://studio.queue.core.windows.net',
    )
  })

  test('gets a signature in the URL, and a key that was an argument, by its environment alone', () => {
    const given = config({ queue: 'https://studio.queue.core.windows.net?sig=secret', storageKey: 'a2V5' })
    expect(workerArguments(given).join(' ')).not.toMatch(/secret|a2V5|--queue /)
    expect(workerEnvironment(given, { PATH: '/bin', CACHEWARMER_STORAGE_SAS: 'sig=other' })).toEqual({
      PATH: '/bin',
      CACHEWARMER_QUEUE: 'https://studio.queue.core.windows.net?sig=secret',
      STORAGE_KEY: 'a2V5',
      CACHEWARMER_STORAGE_SAS: undefined,
    })
  })

  test('asks for its tokens as the manager does', () => {
    const given = config({ azureClientId: 'id', azureAuthorityHost: 'https://login.example' })
    expect(workerEnvironment(given, { AZURE_CLIENT_ID: 'other' })).toEqual({
      AZURE_CLIENT_ID: 'id',
      AZURE_AUTHORITY_HOST: 'https://login.example',
    })
  })
})
