import { describe, expect, test } from 'vitest'
import type { ServeConfig } from './config.ts'
import { workerArguments } from './serve.ts'

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

  test('is told no signature in the URL, and no key that was an argument', () => {
    const given = config({ queue: 'https://studio.queue.core.windows.net?sig=secret', storageKey: 'a2V5' })
    expect(workerArguments(given).join(' ')).not.toMatch(/secret|a2V5|--queue /)
  })
})
