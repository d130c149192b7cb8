import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep, systemClock } from '@cachewarmer/queue'
import { openAzureService } from '@cachewarmer/queue/azure'
import { expect, test } from 'vitest'
import { startAzurite } from '../support/azurite.ts'

test('what is in a folder outlasts the process, on the same port again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cw-azurite-'))
  try {
    const first = await startAzurite({ folder })
    const service = openAzureService({ connectionString: first.connectionString })
    await service.create('queue')
    await service.queue('queue').send('kept')
    await first.stop('SIGTERM')
    await expect(service.list('')).rejects.toMatchObject({ code: 'UNAVAILABLE' })

    const second = await startAzurite({ folder, port: Number(new URL(first.url).port) })
    expect(second.url).toBe(first.url)
    expect(await service.queue('queue').peek({ max: 1 })).toMatchObject([{ body: 'kept' }])
    await second.stop()
    await second.stop()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a start that fails says why', async () => {
  const first = await startAzurite()
  const port = Number(new URL(first.url).port)
  await expect(startAzurite({ port })).rejects.toThrow(/azurite ended before it was ready.*EADDRINUSE/s)
  await first.stop()
})

test('it ends with the process that started it, however that dies', async () => {
  const module = new URL('../support/azurite.ts', import.meta.url).href
  const script = `
    import { startAzurite } from '${module}'
    console.log((await startAzurite()).url)`
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [url] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string]
  const service = openAzureService({ url: url.trim(), accountKey: 'a2V5' })
  await expect(service.list('')).rejects.toMatchObject({ code: 'DENIED' })
  parent.kill('SIGKILL')
  let end: unknown
  do {
    await sleep(systemClock, 50)
    end = await service.list('').catch((error: unknown) => error)
  } while ((end as { code?: string }).code === 'DENIED')
  expect(end).toMatchObject({ code: 'UNAVAILABLE' })
})
