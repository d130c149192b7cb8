import { decodeFailureList, emptyCounts, encodeControl, type Failure } from '@cachewarmer/core'
import { aFailurePart, aHeartbeat, aHeldAttempt, aResult, aRunId } from '@cachewarmer/core/testing'
import { type Logger, sleep } from '@cachewarmer/queue'
import { describe, expect, test } from 'vitest'
import { aRecord } from '../testing/a-record.ts'
import { names, World } from '../testing/world.ts'
import { FailureLister } from './control.ts'

test('the log has an audit line for each message of the control queue: the command, its runs, and the message', async () => {
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

const good = { jobId: 'good' }

const ask = async (world: World, control: Parameters<typeof encodeControl>[0]): Promise<void> => {
  await world.service.create(names.control)
  await world.service.queue(names.control).send(encodeControl(control))
}

describe('what people ask of runs:', () => {
  test('a pause that waited for its run does not undo the resume that came after it', async () => {
    const world = new World()
    await world.managed(async () => {
      await ask(world, { v: 1, command: 'pause', target: 'good' })
      await world.clock.advance(200)
      const id = await world.submit(good)
      await world.takeItem(id)
      await ask(world, { v: 1, command: 'resume', target: 'good' })
      await world.clock.advance(10_000)
      expect(await world.statuses()).toMatchObject([{ jobMessageId: id, state: 'running' }])
    })
  })

  test('a pause that waited for its run does not undo a ceiling set after it, nor is it undone by that', async () => {
    const world = new World()
    await world.managed(async () => {
      await ask(world, { v: 1, command: 'pause', target: 'good' })
      await ask(world, { v: 1, command: 'change', target: 'good', ceilings: { maxWorkers: 2 } })
      await world.clock.advance(200)
      const id = await world.submit(good)
      await world.takeItem(id)
      await ask(world, { v: 1, command: 'change', target: 'good', ceilings: { maxWorkers: 1 }, weight: 3 })
      await world.clock.advance(10_000)
      expect(await world.statuses()).toMatchObject([
        { jobMessageId: id, state: 'paused', ceilings: { maxWorkers: 1 }, weight: 3 },
      ])
    })
  })

  test('cancel lets workers tell what they have read, and the run ends with that in its totals', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(async () => {
      const { item, lease } = await world.takeItem(id)
      await ask(world, { v: 1, command: 'cancel', target: 'good' })
      const ending = await world.reached(id, 'paused')
      expect(ending).toMatchObject({ ending: true, revision: 2 })
      await world.report(
        aResult({ run: item.run, item: item.item, counts: { ...emptyCounts(), files: 34, bytes: 340 } }),
      )
      await lease.complete()
      expect(await world.reached(id)).toMatchObject({
        outcome: 'cancelled',
        progress: { counts: { files: 34, bytes: 340 } },
      })
    })
  })

  test('cancel waits ten seconds at most for a worker that says nothing, and tells what it had shown', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(async () => {
      const { item } = await world.takeItem(id)
      const told = { ...emptyCounts(), files: 30, bytes: 300 }
      await world.report(aHeartbeat({ run: item.run, attempts: [aHeldAttempt({ item: item.item, counts: told })] }))
      await world.until(async () => ((await world.statuses())[0]?.progress.counts.files === 30 ? true : undefined))
      const askedAtMs = world.clock.now()
      await ask(world, { v: 1, command: 'cancel', target: 'good' })
      const { progress, unreported, outcome } = await world.reached(id)
      expect(world.clock.now() - askedAtMs).toBeLessThan(14_000)
      expect([outcome, progress.counts.files, unreported]).toEqual(['cancelled', 0, { files: 30, bytes: 300 }])
    })
  })
})

const reply = 'reply0000000'

/** A run with this many failures, in parts as a worker sends them. */
function withFailures(world: World, parts: number, inPart: number): Failure[] {
  world.ledger.addRun(aRecord())
  const messages = Array.from({ length: parts }, (_, part) =>
    aFailurePart({
      part,
      failures: Array.from({ length: inPart }, (_, at) => ({
        path: `/p${part}/f${at}`,
        code: 'IO',
        address: '10.0.0.1',
      })),
    }),
  )
  world.ledger.fold(aRunId, [...messages, aResult({ failureParts: parts })])
  return messages.flatMap(({ failures }) => failures)
}

async function received(world: World): Promise<ReturnType<typeof decodeFailureList>[]> {
  const leases = await world.service.queue(names.failed(reply)).receive({ max: 32, leaseMs: 60_000 })
  return leases.map(({ body }) => decodeFailureList(body)).sort((a, b) => a.part - b.part)
}

test('a manager that is asked tells every failure, and which part is the last', async () => {
  const world = new World()
  const failures = withFailures(world, 40, 25)
  for (const name of [names.failed(reply), names.control]) await world.service.create(name)
  await world.managed(async () => {
    await world.service.queue(names.control).send(encodeControl({ v: 1, command: 'failures', target: aRunId, reply }))
    await world.until(async () => (await world.service.queue(names.failed(reply)).approximateDepth()) >= 4 || undefined)
    const parts = await received(world)
    expect(parts.flatMap((part) => part.failures)).toEqual(failures)
    expect(parts.map(({ part, last }) => [part, last])).toEqual(parts.map((_, at) => [at, at === parts.length - 1]))
  })
})

test('a run that the ledger does not know is said to be unknown', async () => {
  const world = new World()
  await world.service.create(names.failed(reply))
  const lister = new FailureLister(world.ports, world.settings())
  lister.tell('unknown00000', reply, new AbortController().signal, world.ports.logger)
  await world.until(async () => (await world.service.queue(names.failed(reply)).approximateDepth()) > 0 || undefined)
  expect(await received(world)).toMatchObject([
    { last: true, failures: [], problem: expect.stringContaining('does not know') },
  ])
})

test('an asker that is gone holds up no other, and its list is removed after an hour', async () => {
  const world = new World()
  withFailures(world, 1, 1)
  const lister = new FailureLister(world.ports, world.settings())
  lister.tell(aRunId, 'gone00000000', new AbortController().signal, world.ports.logger)
  await world.service.create(names.failed(reply))
  lister.tell(aRunId, reply, new AbortController().signal, world.ports.logger)
  await world.until(async () => (await world.service.queue(names.failed(reply)).approximateDepth()) === 2 || undefined)
  expect(await world.service.list(names.failed(''))).toEqual([names.failed(reply)])
  await lister.sweep()
  await world.clock.run(sleep(world.clock, 3_500_000), 4_000_000)
  await lister.sweep()
  expect(await world.service.list(names.failed(''))).toEqual([names.failed(reply)])
  await world.clock.run(sleep(world.clock, 200_000), 4_000_000)
  await lister.sweep()
  expect(await world.service.list(names.failed(''))).toEqual([])
})
