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
