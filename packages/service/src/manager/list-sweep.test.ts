import { expect, test } from 'vitest'
import { listSweep } from './list-sweep.ts'
import { names, World } from './testing/world.ts'

const hourMs = 3_600_000
const lists = ['abandoned123', 'growing12345', 'needed123456'].map((list) => names.list(list))

test('a list that no job names is removed after a day without a change', async () => {
  const world = new World()
  for (const name of lists) await world.service.create(name)
  const [, growing = '', needed = ''] = lists
  const sweep = listSweep(world.ports, world.settings())
  const left = async (hours: number): Promise<readonly string[]> => {
    await world.clock.advance(hours * hourMs)
    await sweep(new Set([needed]))
    return world.service.list(names.list(''))
  }
  expect(await left(0)).toEqual(lists)
  await world.service.queue(growing).send('{}')
  expect(await left(23)).toEqual(lists)
  expect(await left(2)).toEqual([growing, needed])
  expect(await left(23)).toEqual([needed])
})
