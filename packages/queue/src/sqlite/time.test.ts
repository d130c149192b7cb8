import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { fakeClock } from '../testing/fake-clock.ts'
import { openSqliteService } from './service.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-time-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0

const hourMs = 3_600_000

async function aQueue() {
  const file = join(folder, `queues-${++files}.db`)
  const clock = fakeClock()
  const open = async () => {
    const service = openSqliteService({ file, clock })
    await service.create('queue')
    return { service, queue: service.queue('queue') }
  }
  return { clock, file, open, ...(await open()) }
}

const bodiesOf = async (queue: { peek(options: { max: number }): Promise<readonly { body: string }[]> }) =>
  (await queue.peek({ max: 32 })).map(({ body }) => body).sort()

describe('a start of the machine', () => {
  test('makes leases void, as their holders are gone', async () => {
    const { clock, open, service, queue } = await aQueue()
    await queue.send('leased')
    await queue.receive({ max: 1, leaseMs: 24 * hourMs })
    await service.close()
    clock.reboot()
    const after = await open()
    expect(await after.queue.receive({ max: 9, leaseMs: 1_000 })).toMatchObject([{ body: 'leased', deliveries: 2 }])
    await after.service.close()
  })

  test('makes a renewed lease void too, and not one that was given back for later', async () => {
    const { clock, open, service, queue } = await aQueue()
    await queue.send('renewed')
    await queue.send('given back')
    for (const lease of await queue.receive({ max: 2, leaseMs: 1_000 })) {
      if (lease.body === 'renewed') await lease.renew(24 * hourMs)
      else await lease.giveBack(hourMs)
    }
    await service.close()
    clock.reboot()
    const after = await open()
    expect(await bodiesOf(after.queue)).toEqual(['renewed'])
    await clock.advance(hourMs)
    expect(await bodiesOf(after.queue)).toEqual(['given back', 'renewed'])
    await after.service.close()
  })

  test('leaves delays and expiry to the wall clock, which runs on while a machine is off', async () => {
    const { clock, open, service, queue } = await aQueue()
    await queue.send('soon', { delayMs: 3 * hourMs })
    await queue.send('later', { delayMs: 9 * hourMs })
    await queue.send('mortal', { delayMs: hourMs, ttlMs: 2 * hourMs })
    await service.close()
    await clock.advance(4 * hourMs)
    clock.reboot()
    const after = await open()
    expect(await bodiesOf(after.queue)).toEqual(['soon'])
    await clock.advance(5 * hourMs)
    expect(await bodiesOf(after.queue)).toEqual(['later', 'soon'])
    await after.service.close()
  })

  test('takes delays as the wall clock has them, although it was set before', async () => {
    const { clock, open, service, queue } = await aQueue()
    clock.setWall(-2 * hourMs)
    await queue.send('soon', { delayMs: hourMs })
    await service.close()
    clock.reboot()
    const after = await open()
    await clock.advance(hourMs)
    expect(await bodiesOf(after.queue)).toEqual(['soon'])
    await after.service.close()
  })

  test('is one for all who open the file after it', async () => {
    const { clock, open, service } = await aQueue()
    await service.close()
    clock.reboot()
    const [one, two] = [await open(), await open()]
    await one.queue.send('x')
    const [lease] = await one.queue.receive({ max: 1, leaseMs: hourMs })
    clock.setWall(-2 * hourMs)
    const three = await open()
    for (const { queue } of [two, three]) expect(await bodiesOf(queue)).toEqual([])
    await lease?.complete()
    for (const { service: each } of [one, two, three]) await each.close()
  })
})

test('without a boot id the wall clock serves', async () => {
  const file = join(folder, 'wall.db')
  const clock = fakeClock()
  const noId = { ...clock, bootId: undefined }
  const service = openSqliteService({ file, clock: noId })
  await service.create('queue')
  await service.queue('queue').send('x', { delayMs: hourMs })
  clock.setWall(hourMs)
  expect(await bodiesOf(service.queue('queue'))).toEqual(['x'])
  await service.close()
})
