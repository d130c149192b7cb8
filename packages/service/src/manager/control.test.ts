import { encodeControl, queueNames } from '@cachewarmer/core'
import type { Logger } from '@cachewarmer/queue'
import { expect, test } from 'vitest'
import { World } from './testing/world.ts'

const names = queueNames('studio')

test('the log has an audit line for each message of the control queue: what was asked, of which runs, and which message', async () => {
  const world = new World()
  const lines: { message: string; fields: Record<string, unknown> }[] = []
  const log = (message: string, fields = {}): void => void lines.push({ message, fields })
  const logger: Logger = { debug: () => undefined, info: log, warn: log, error: log, child: () => logger }
  const running = world.start({}, { logger })
  const id = await world.submit({ jobId: 'night' })
  const { item } = await world.takeItem(id)
  const control = world.service.queue(names.control)
  const audited = (start: string) => world.until(async () => lines.find(({ message }) => message.startsWith(start)))
  await control.send(encodeControl({ v: 1, command: 'change', target: 'night', ceilings: { maxWorkers: 2 } }))
  expect((await audited('audit: a run was steered by the control queue')).fields).toMatchObject({
    command: 'change',
    target: 'night',
    ceilings: { maxWorkers: 2 },
    runs: [item.run],
    message: expect.any(String),
    insertedAtMs: expect.any(Number),
  })
  await control.send(encodeControl({ v: 1, command: 'failures', target: 'night', reply: 'abcdefghijkl' }))
  expect((await audited('audit: failures were asked for')).fields).toMatchObject({ target: 'night' })
  await control.send('{"v":1,"command":"explode"}')
  expect((await audited('audit: a control message was refused')).fields).toMatchObject({ message: expect.any(String) })
  running.stop()
  await world.clock.run(running.ended)
})
