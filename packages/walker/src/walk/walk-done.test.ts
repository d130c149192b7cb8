import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { manyEntries, memoryMount, memoryTree, until } from '../testing/index.ts'
import { walk } from './walk.ts'

const file = { kind: 'file', size: 10 } as const
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('waiting for the end without iterating', () => {
  test('reads everything, however low the concurrency', async () => {
    const under = walk([memoryMount({ name: 'm', tree: manyEntries(1_000, () => file) })], { concurrency: 4 })
    await under.done
    expect(under.counters).toMatchObject({ files: 1_000, bytes: 10_000 })
  })

  test('a process that nothing else keeps alive reads to the end of a folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cw-walk-done-'))
    try {
      for (let at = 0; at < 20; at++) {
        await mkdir(join(folder, `${at}`))
        await Promise.all(Array.from({ length: 50 }, (_, name) => writeFile(join(folder, `${at}`, `${name}`), 'some')))
      }
      const program = `
        const { folderMount, walk } = await import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)})
        const under = walk([folderMount({ folder: ${JSON.stringify(folder)} })])
        await under.done
        console.log(under.counters.files)`
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
      expect(stdout).toBe('1000\n')
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('is possible at any time: what was held for an iteration is dropped', async () => {
    const under = walk([memoryMount({ name: 'm', tree: manyEntries(1_000, () => file) })], { concurrency: 4 })
    await turns(50)
    expect(under.counters.files).toBeLessThan(10)
    await under.done
    expect(under.counters.files).toBe(1_000)
    expect(() => under[Symbol.asyncIterator]()).toThrow('`done` was asked for first')
  })

  test('leaves the failures to takeFailures, those from before it was asked for as well', async () => {
    const mount = memoryMount({
      name: 'm',
      tree: manyEntries(100, () => file),
      faults: (operation) => (operation === 'read' ? 'IO' : undefined),
    })
    const under = walk([mount], { concurrency: 4 })
    await until(() => under.counters.failures.IO !== undefined)
    await under.done
    expect(under.takeFailures()).toHaveLength(100)
  })

  test('beside an iteration that begins in the same turn changes nothing: entries that are not pulled hold the walk up', async () => {
    const under = walk([memoryMount({ name: 'm', tree: manyEntries(1_000, () => file) })], { concurrency: 4 })
    let ended = false
    const done = under.done.then(() => {
      ended = true
    })
    const entries = under[Symbol.asyncIterator]()
    await entries.next()
    await turns(100)
    expect(ended).toBe(false)
    expect(under.counters.files).toBeLessThan(15)
    let count = 1
    for (let next = await entries.next(); !next.done; next = await entries.next()) count++
    await done
    expect(count).toBe(1_001)
  })
})

test('a walk that is disposed of stops, and has ended by then', async () => {
  const mount = memoryMount({ name: 'm', tree: manyEntries(Number.POSITIVE_INFINITY, () => memoryTree({ f: 1 }), 'd') })
  const under = walk([mount], { entries: 'none' })
  {
    await using disposed = under
    await until(() => disposed.counters.files > 10)
  }
  const { reads } = mount.asked
  await turns(10)
  expect(mount.asked).toMatchObject({ reads, openListings: 0 })
})
