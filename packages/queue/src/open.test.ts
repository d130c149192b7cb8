import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type OpenOptions, openService } from './open.ts'
import type { QueueService } from './port/queue.ts'
import { fakeClock } from './testing/fake-clock.ts'
import { fakeCredential } from './testing/token.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-open-'))
afterAll(() => rmSync(folder, { recursive: true }))

let queues = 0

async function works(service: QueueService): Promise<void> {
  const name = `open-${++queues}`
  await service.create(name)
  await service.queue(name).send('x')
  expect(await service.queue(name).peek({ max: 1 })).toMatchObject([{ body: 'x' }])
  await service.close()
}

describe('openService', () => {
  test('sqlite: opens a file, on the clock given', async () => {
    const clock = fakeClock()
    const service = await openService(`sqlite:${join(folder, 'a file.db')}`, { clock })
    await service.create('queue')
    await service.queue('queue').send('x')
    const [message] = await service.queue('queue').peek({ max: 1 })
    expect(message?.insertedAtMs).toBe(clock.now())
    await service.close()
  })

  test('sqlite: takes no notice of secrets for Azure', async () => {
    await works(await openService(`sqlite:${join(folder, 'b.db')}`, { connectionString: 'x', accountKey: 'y' }))
  })

  test.each(['https://acct.queue.core.windows.net', 'HTTPS://acct.queue.core.chinacloudapi.cn'])(
    '%s without a secret is opened by the identity at hand, without a request yet',
    async (url) => {
      const service = await openService(url)
      expect(service.queue('queue').name).toBe('queue')
      await service.close()
    },
  )

  test('a credential given is the one that is used', async () => {
    const credential = fakeCredential()
    const service = await openService('https://account.invalid', { credential })
    await expect(service.list('')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(credential.asked).toHaveLength(1)
    await service.close()
  })

  test.each<[string, string | undefined, OpenOptions, RegExp]>([
    ['nothing', undefined, {}, /url must be "sqlite:FILE", .* unless there is a connectionString, got undefined/],
    ['memory:', 'memory:', {}, /memoryService\(\) is for one program alone, got "memory:"/],
    ['sqlite: without a file', 'sqlite:', {}, /file must be the path of a file/],
    ['sqlite: in memory', 'sqlite::memory:', {}, /file must be the path of a file/],
    ['an unknown kind', 'redis://localhost', {}, /url must be "sqlite:FILE", .*, got "redis:"/],
    ['a path', '/var/lib/queues.db', {}, /url must be .*, got ""/],
    ['azure:connection-string without one', 'azure:connection-string', {}, /connectionString must be given/],
    ['http without a secret', 'http://127.0.0.1:10001/account', {}, /got none/],
    ['a URL and a connection string', 'https://a.b', { connectionString: 'SECRET' }, /must be the only option/],
    ['a connection string in place of a URL', 'AccountName=a;AccountKey=SECRET', {}, /got "AccountName"/],
    ['a token in the clear', 'http://127.0.0.1/a', { credential: fakeCredential() }, /url must be an https one/],
  ])('%s is refused', async (_what, url, options, message) => {
    const opening = openService(url, options)
    await expect(opening).rejects.toMatchObject({ code: 'OPTION_INVALID', message: expect.stringMatching(message) })
    await expect(opening).rejects.not.toThrow('SECRET')
  })
})
