import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ReadLane } from './lane.ts'
import { openFlags } from './read-file.ts'

const tookMs: unknown = expect.any(Number)

describe('the lane that reads files at hand', () => {
  let folder: string
  let nowMs = 0
  const lane = (): ReadLane => new ReadLane({ flags: openFlags, bufferBytes: 4_096, now: () => nowMs })
  const ask = (path: string, known = true, length = 4_096) => ({
    path: join(folder, path),
    known,
    length,
    shortReadsEnd: true,
  })

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'read-lane-'))
    writeFileSync(join(folder, 'small'), Buffer.alloc(100))
    writeFileSync(join(folder, 'empty'), '')
    writeFileSync(join(folder, 'exact'), Buffer.alloc(4_096))
    writeFileSync(join(folder, 'large'), Buffer.alloc(10_000))
    symlinkSync('small', join(folder, 'link'))
    execFileSync('mkfifo', [join(folder, 'fifo')])
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('gives the bytes of each file, and the size of those that may be longer', async () => {
    const tested = lane()
    const outcomes = await Promise.all(['small', 'empty', 'exact', 'large'].map((name) => tested.read(ask(name))))
    expect(outcomes).toEqual([
      { bytes: 100, size: undefined, tookMs },
      { bytes: 0, size: undefined, tookMs },
      { bytes: 4_096, size: 4_096, tookMs },
      { bytes: 4_096, size: 10_000, tookMs },
    ])
    expect(await tested.read(ask('large', true, 10))).toEqual({ bytes: 10, size: 10_000, tookMs })
    await tested.close()
  })

  test('gives the size of every file where a short read need not be the end', async () => {
    const tested = lane()
    const outcomes = await Promise.all(
      ['small', 'empty', 'large'].map((name) => tested.read({ ...ask(name), shortReadsEnd: false })),
    )
    expect(outcomes).toEqual([
      { bytes: 100, size: 100, tookMs },
      { bytes: 0, size: 0, tookMs },
      { bytes: 4_096, size: 10_000, tookMs },
    ])
    await tested.close()
  })

  test('a file that fails is reported by its code, and the others of the batch are read', async () => {
    const tested = lane()
    const outcomes = await Promise.all(['missing', 'small', 'link'].map((name) => tested.read(ask(name))))
    expect(outcomes).toEqual([{ code: 'ENOENT' }, { bytes: 100, size: undefined, tookMs }, { code: 'ELOOP' }])
    await tested.close()
  })

  test('what no listing called a file is looked at before it is opened', async () => {
    const tested = lane()
    expect(await tested.read(ask('fifo', false))).toEqual({ code: 'NOT_A_FILE' })
    expect(await tested.read(ask('small', false))).toEqual({ bytes: 100, size: undefined, tookMs })
    await tested.close()
  })

  test('a thread that hangs closes the lane for a while, and what it was asked for goes elsewhere', async () => {
    const tested = new ReadLane({ flags: 0, bufferBytes: 4_096, now: () => nowMs })
    // Without O_NONBLOCK the thread waits for a writer of the FIFO.
    const hanging = tested.read(ask('fifo'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(tested.open).toBe(true)
    nowMs += 300
    expect(tested.open).toBe(false)
    expect(await hanging).toBe('elsewhere')
    nowMs += 4_000
    expect(tested.open).toBe(false)
    // To open it frees the thread; what is written might find no reader.
    closeSync(openSync(join(folder, 'fifo'), 'w'))
    await tested.close()
  })

  test('an idle lane keeps no program alive', () => {
    const program = `
      import { openReadLane } from ${JSON.stringify(new URL('./folder-mount.ts', import.meta.url).href)}
      console.log(JSON.stringify(await openReadLane().read(${JSON.stringify(ask('small'))})))`
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect(JSON.parse(output)).toMatchObject({ bytes: 100 })
  })

  test('after it was closed everything goes elsewhere', async () => {
    const tested = lane()
    await tested.close()
    expect(tested.open).toBe(false)
  })
})
