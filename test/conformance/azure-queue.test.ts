import { QueueServiceClient } from '@azure/storage-queue'
import { type QueueService, systemClock } from '@cachewarmer/queue'
import { openAzureService } from '@cachewarmer/queue/azure'
import { describeQueueService } from '@cachewarmer/queue/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listNames } from '../../packages/queue/src/azure/service.ts'
import { type Azurite, startAzurite } from '../support/azurite.ts'

let azurite: Azurite
let service: QueueService

beforeAll(async () => {
  azurite = await startAzurite()
  service = openAzureService({ connectionString: azurite.connectionString })
})
afterAll(() => azurite?.stop())

const open = async () => openAzureService({ connectionString: azurite.connectionString })

// Cases spend their time waiting for whole seconds, and have queues of their own: all at once.
describeQueueService({ describe, test: test.concurrent }, 'azure, on Azurite', async () => ({
  service,
  clock: systemClock,
  dispose: async () => {},
  closable: open,
}))

test('names are listed page by page', async () => {
  const client = QueueServiceClient.fromConnectionString(azurite.connectionString)
  const names = [...Array(7).keys()].map((n) => `paged-${n}`)
  await Promise.all(names.map((name) => service.create(name)))
  const { signal } = new AbortController()
  for (const size of [1, 3, 7]) expect(await listNames(client, 'paged-', signal, size)).toEqual(names)
})
