import { afterAll, beforeAll, expect, test } from 'vitest'
import { fakeClock } from '../testing/fake-clock.ts'

/* The SDK reads the proxy of the environment when a client is made. */

const variables = ['https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY']
const before = new Map(variables.map((name) => [name, process.env[name]]))
beforeAll(() => {
  for (const name of variables) delete process.env[name]
  process.env['https_proxy'] = 'http://me:hunter2@127.0.0.1:9'
})
afterAll(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

test('an account that a proxy keeps out of reach is reported with the proxy, without its password', async () => {
  const { openAzureService } = await import('./service.ts')
  const service = openAzureService({
    url: 'https://studio.queue.core.windows.net',
    sas: 'sv=2025-01-05&sig=x',
    clock: fakeClock(),
  })
  const failed = await service.create('queue').then(
    () => 'made',
    (error: unknown) => error,
  )
  expect(failed).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('through proxy http://127.0.0.1:9'),
  })
  expect(String(failed)).not.toContain('hunter2')
  await service.close()
})
