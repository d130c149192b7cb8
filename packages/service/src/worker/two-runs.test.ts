import { expect, test } from 'vitest'
import { names, run, World } from './testing/world.ts'

test('two runs of one slot both end, though each file takes longer than a turn through each of its addresses', async () => {
  const world = new World()
  const other = 'run000000002'
  const addresses = ['cache-1', 'cache-2']
  const ceilings = { maxBytesPerSecond: 1024 * 1024 }
  for (const address of addresses) world.serve(address, { big: 20 * 1024 * 1024 })
  for (const id of [run, other]) {
    await world.announce({ addresses }, { run: id, ceilings })
    await world.send({ run: id, parts: [{ kind: 'files', directory: '/', names: ['big'] }] })
  }
  const queues = [run, other].map((id) => world.empty(names.runWork(id)))
  await world.workUntil(async () => (await Promise.all(queues.map((isEmpty) => isEmpty()))).every(Boolean), {
    slots: 1,
  })
  expect(await world.allResults()).toMatchObject([{ outcome: 'read', counts: { files: 1 } }])
})

test('a run with a low ceiling holds up no other: neither its slots nor its places in flight', async () => {
  const world = new World()
  const urgent = 'run000000002'
  const many = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`f${at}`, 10_000]))
  world.serve('cache-1', { slow: many, urgent: { a: 1, b: 2 } }, { latencyMs: 5, maxInFlight: 8 })
  await world.announce({}, { ceilings: { maxBytesPerSecond: 100 } })
  for (let at = 0; at < 8; at += 1) await world.send({ item: `slow.${at}`, parts: [{ kind: 'tree', path: '/slow' }] })
  const worker = world.start({ slots: 2, concurrency: 8 })
  await world.clock.advance(10_000)
  await world.announce({}, { run: urgent })
  await world.send({ run: urgent, parts: [{ kind: 'tree', path: '/urgent' }] })
  await world.clock.advance(3_000)
  expect(await world.empty(names.runWork(urgent))()).toBe(true)
  expect(await world.empty()()).toBe(false)
  worker.stop()
  await world.clock.run(worker.ended)
})
