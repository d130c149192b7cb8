import { readFileSync } from 'node:fs'
import { encodeLegacyWork, type LegacyWork } from '@cachewarmer/core'
import { WalkError } from '@cachewarmer/walker'
import { describe, expect, test } from 'vitest'
import { names, notingMount, World } from '../testing/world.ts'
import { isOriginalWork } from './original-handler.ts'

/** A message as the original's manager sent it. */
const sample = (name: string): string =>
  readFileSync(new URL(`fixtures/${name}`, import.meta.resolve('@cachewarmer/core/package.json')), 'utf8').trim()

const addresses = ['10.0.1.11', '10.0.1.12', '10.0.1.13']
const mebibyte = 1024 * 1024

const exported = {
  wide450: {
    ...Object.fromEntries(Array.from({ length: 450 }, (_, at) => [`f${String(at).padStart(3, '0')}.dat`, 10])),
    below: { 'f100.dat': 10 },
  },
  large: { 'one.vdb': 250 * mebibyte, 'two.vdb': 50 },
  few: {
    'a.exr': 10,
    'b.dat': 20,
    'c.tmp': 30,
    'big.exr': 2 * mebibyte,
    'huge.exr': 100 * mebibyte,
    sub: { 'd.exr': 1 },
  },
}

/** A world whose three addresses show the export; `requests` has all that was read, through whichever of them, `reads` the files. */
async function aWorld(): Promise<{ world: World; requests: () => string[]; reads: () => string[] }> {
  const world = new World()
  const mounts = addresses.map((address) => notingMount(address, exported))
  for (const mount of mounts) world.serveMount(mount)
  for (const queue of [names.work, names.poison]) await world.service.create(queue)
  const requests = (): string[] => mounts.flatMap((mount) => mount.reads).toSorted()
  return { world, requests, reads: () => requests().map((request) => request.split('@')[0] ?? '') }
}

async function workOn(world: World, body: string) {
  await world.service.queue(names.work).send(body)
  return world.workUntil(world.empty(names.work))
}

const message = (given: Partial<LegacyWork>): string =>
  encodeLegacyWork({
    addresses,
    exportPath: '/exp',
    path: '/few',
    shape: 'directory',
    include: [],
    exclude: [],
    maxFileSizeBytes: 0,
    ...given,
  })

describe("a message of the original's manager", () => {
  test('for a slice of a directory reads from its first name to its last, both included, each through one address', async () => {
    const { world, reads } = await aWorld()
    expect(await workOn(world, sample('work-01.json'))).toMatchObject({ completed: 1 })
    const wanted = Array.from({ length: 201 }, (_, at) => `/wide450/f${String(at).padStart(3, '0')}.dat`)
    expect(reads()).toEqual(wanted)
    expect(world.opened.toSorted()).toEqual(addresses.map((address) => `${address}/exp`))
  })

  test('for a chunk reads its bytes and no others', async () => {
    const { world, requests } = await aWorld()
    await workOn(world, sample('work-05.json'))
    const read = requests().map((request) => request.split(/[@+]/).slice(1).map(Number))
    const bytes = new Map(read.map(([offset, length]) => [offset, length]))
    let upTo = 0
    while (bytes.has(upTo)) upTo += bytes.get(upTo) ?? 0
    expect(upTo).toBe(120_000_000)
    expect(read.reduce((sum, [, length = 0]) => sum + length, 0)).toBe(120_000_000)
  })

  test('for a directory leaves out what is below it, and large files, which come as chunks of their own', async () => {
    const { world, reads } = await aWorld()
    await workOn(world, sample('work-09.json'))
    expect(reads()).toEqual(['/few/a.exr', '/few/b.dat', '/few/big.exr', '/few/c.tmp'])
  })

  test('keeps to its patterns and its size limit, which the original forgot for directories', async () => {
    const { world, reads } = await aWorld()
    await workOn(world, message({ include: ['*.exr', '*.tmp'], exclude: ['c.*'], maxFileSizeBytes: mebibyte }))
    expect(reads()).toEqual(['/few/a.exr'])
  })

  test('for a file reads all of it, against any patterns', async () => {
    const { world, reads } = await aWorld()
    await workOn(world, message({ path: '/few/c.tmp', shape: 'file', exclude: ['*.tmp'] }))
    expect(reads()).toEqual(['/few/c.tmp'])
  })

  test('is completed only after everything was read', async () => {
    const world = new World()
    const mount = notingMount('10.0.1.11', exported, { held: true })
    world.serveMount(mount)
    await world.service.create(names.work)
    await world.service.queue(names.work).send(message({ addresses: ['10.0.1.11'] }))
    const worker = world.start()
    await world.until(async () => mount.reads.length === 4)
    await world.clock.advance(300_000)
    expect(world.calls).not.toContain(`complete ${names.work}`)
    mount.release()
    await world.until(world.empty(names.work))
    worker.stop()
    expect(await world.clock.run(worker.ended)).toMatchObject({ completed: 1, lost: 0 })
  })

  test('is read through the other addresses when one is dead, with any error', async () => {
    const { world, reads } = await aWorld()
    world.serve('10.0.1.12', new WalkError('MOUNT_DOWN', 'connection refused'))
    expect(await workOn(world, sample('work-01.json'))).toMatchObject({ completed: 1, givenBack: 0 })
    expect(reads()).toHaveLength(201)
    expect(await world.poison()).toEqual([])
  })
})

describe("a message of the original's manager that fails", () => {
  test('is given back, and read once the address answers', async () => {
    const { world, reads } = await aWorld()
    for (const address of addresses) world.serve(address, new WalkError('MOUNT_DOWN', 'connection refused'))
    await world.service.queue(names.work).send(message({}))
    const worker = world.start()
    await world.clock.advance(15_000)
    expect(reads()).toEqual([])
    for (const address of addresses) world.serve(address, exported)
    await world.until(world.empty(names.work))
    worker.stop()
    const { completed, givenBack } = await world.clock.run(worker.ended)
    expect(completed).toBe(1)
    expect(givenBack).toBeGreaterThan(0)
    expect(await world.poison()).toEqual([])
  })

  test('goes to the poison queue with the reasons after five deliveries', async () => {
    const { world } = await aWorld()
    expect(await workOn(world, message({ path: '/nowhere' }))).toMatchObject({ completed: 1, givenBack: 4 })
    expect(await world.poison()).toMatchObject([
      { reason: expect.stringContaining('/nowhere: NOT_FOUND'), message: message({ path: '/nowhere' }) },
    ])
  })

  test.each([
    ['names no address', { WarmTargetMountAddresses: [] }, 'WarmTargetMountAddresses'],
    ['leads out of the export', { WarmTargetPath: '/../../etc' }, 'WarmTargetPath'],
    ['has bytes in the wrong order', { StartByte: 10, StopByte: 5 }, 'StopByte'],
  ])('goes there at once when it %s', async (_, change, field) => {
    const { world, reads } = await aWorld()
    const body = JSON.stringify({ ...(JSON.parse(sample('work-09.json')) as object), ...change })
    expect(await workOn(world, body)).toMatchObject({ completed: 1, givenBack: 0 })
    expect(reads()).toEqual([])
    expect(await world.poison()).toMatchObject([{ reason: expect.stringContaining(field), message: body }])
  })
})

test("the original's messages differ from ours by their keys", () => {
  for (const name of ['work-01.json', 'work-05.json', 'work-09.json']) expect(isOriginalWork(sample(name))).toBe(true)
  expect(isOriginalWork(btoa(sample('work-01.json')))).toBe(true)
  expect(isOriginalWork('{"warmtargetpath":"/"}')).toBe(true)
  for (const text of ['{"v":1,"warmTargetPath":"/"}', '{"v":1}', '{}', 'null', '[]', 'no json'])
    expect(isOriginalWork(text)).toBe(false)
})
