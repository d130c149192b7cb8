import { decodeFailureList, encodeControl, type Failure } from '@cachewarmer/core'
import { A_RUN, aFailurePart, aResult } from '@cachewarmer/core/testing'
import { expect, test } from 'vitest'
import { FailureLister } from './failure-lister.ts'
import { aRecord } from './testing/a-record.ts'
import { names, World } from './testing/world.ts'

const reply = 'reply0000000'

/** A run with so many failures, in parts as a worker sends them. */
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
  world.ledger.fold(A_RUN, [...messages, aResult({ failureParts: parts })])
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
    await world.service.queue(names.control).send(encodeControl({ v: 1, command: 'failures', target: A_RUN, reply }))
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

test('an asker who has gone away holds up nobody, and what is left behind goes after an hour', async () => {
  const world = new World()
  withFailures(world, 1, 1)
  const lister = new FailureLister(world.ports, world.settings())
  lister.tell(A_RUN, 'gone00000000', new AbortController().signal, world.ports.logger)
  await world.service.create(names.failed(reply))
  lister.tell(A_RUN, reply, new AbortController().signal, world.ports.logger)
  await world.until(async () => (await world.service.queue(names.failed(reply)).approximateDepth()) === 2 || undefined)
  expect(await world.service.list(names.failed(''))).toEqual([names.failed(reply)])
  await lister.sweep()
  await world.clock.run(world.clock.sleep(3_500_000), 4_000_000)
  await lister.sweep()
  expect(await world.service.list(names.failed(''))).toEqual([names.failed(reply)])
  await world.clock.run(world.clock.sleep(200_000), 4_000_000)
  await lister.sweep()
  expect(await world.service.list(names.failed(''))).toEqual([])
})
