import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { describeQueueService } from '../testing/conformance.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { openSqliteService } from './service.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-sqlite-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newFile = (): string => join(folder, `queues-${++files}.db`)

describeQueueService({ describe, test }, 'sqlite', async () => {
  const clock = fakeClock()
  const service = openSqliteService({ file: newFile(), clock })
  return { service, clock, dispose: () => service.close() }
})

describe('openSqliteService', () => {
  test('what was sent is there when the file is opened again, leases included', async () => {
    const file = newFile()
    const clock = fakeClock()
    const first = openSqliteService({ file, clock })
    await first.create('queue')
    await first.queue('queue').send('leased')
    const [lease] = await first.queue('queue').receive({ max: 1, leaseMs: 60_000 })
    await first.queue('queue').send('there')
    await first.close()

    const second = openSqliteService({ file, clock })
    expect(await second.list('')).toEqual(['queue'])
    expect(await second.queue('queue').peek({ max: 9 })).toMatchObject([{ body: 'there', deliveries: 0 }])
    await clock.advance(60_000)
    expect(await second.queue('queue').receive({ max: 9, leaseMs: 1 })).toMatchObject([
      { id: lease?.id, body: 'leased', deliveries: 2 },
      { body: 'there', deliveries: 1 },
    ])
    await second.close()
  })

  test('two services on one file see each other’s messages and leases', async () => {
    const file = newFile()
    const clock = fakeClock()
    const [one, two] = [openSqliteService({ file, clock }), openSqliteService({ file, clock })]
    await one.create('queue')
    expect(await two.create('queue')).toBe('existed')
    await one.queue('queue').send('x')
    const [stale] = await one.queue('queue').receive({ max: 1, leaseMs: 1_000 })
    expect(await two.queue('queue').receive({ max: 1, leaseMs: 1_000 })).toEqual([])
    await clock.advance(1_000)
    const [lease] = await two.queue('queue').receive({ max: 1, leaseMs: 1_000 })
    await expect(stale?.complete()).rejects.toMatchObject({ code: 'LEASE_LOST' })
    await lease?.complete()
    expect(await one.queue('queue').approximateDepth()).toBe(0)
    await one.close()
    await two.close()
  })

  test('a reader that finds nothing waits for no writer', async () => {
    const file = newFile()
    const clock = fakeClock()
    const service = openSqliteService({ file, clock })
    await service.create('queue')
    const writer = new DatabaseSync(file)
    writer.exec('BEGIN IMMEDIATE')
    expect(await service.queue('queue').receive({ max: 1, leaseMs: 1_000 })).toEqual([])
    expect(await service.queue('queue').approximateDepth()).toBe(0)
    writer.exec('ROLLBACK')
    writer.close()
    await service.close()
  })

  test('a file that is there already is opened without writing to it', async () => {
    const file = newFile()
    const clock = fakeClock()
    await openSqliteService({ file, clock }).close()
    const writer = new DatabaseSync(file)
    writer.exec('BEGIN IMMEDIATE')
    const service = openSqliteService({ file, clock })
    expect(await service.list('')).toEqual([])
    writer.exec('ROLLBACK')
    writer.close()
    await service.close()
  })

  test('a queue that is deleted while its messages are being received is reported', async () => {
    const service = openSqliteService({ file: newFile(), clock: fakeClock() })
    await service.create('queue')
    await service.queue('queue').send('x')
    const receiving = service.queue('queue').receive({ max: 1, leaseMs: 1_000 })
    const deleting = service.delete('queue')
    await expect(receiving).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' })
    expect(await deleting).toBe('deleted')
    await service.close()
  })

  test('close leaves one tidy file behind', async () => {
    const file = newFile()
    const service = openSqliteService({ file, clock: fakeClock() })
    await service.create('queue')
    await service.close()
    expect(readdirSync(folder).filter((name) => join(folder, name).startsWith(file))).toHaveLength(1)
  })

  test('an expired message is cleared away by the next reader', async () => {
    const file = newFile()
    const clock = fakeClock()
    const service = openSqliteService({ file, clock })
    await service.create('queue')
    await service.queue('queue').send('mortal', { ttlMs: 1_000 })
    await clock.advance(1_000)
    expect(await service.queue('queue').approximateDepth()).toBe(0)
    expect(await service.queue('queue').receive({ max: 1, leaseMs: 1 })).toEqual([])
    await service.close()
    const db = new DatabaseSync(file)
    expect(db.prepare('SELECT count(*) AS n FROM message').get()).toEqual({ n: 0 })
    db.close()
  })

  test('a lease of a fraction of a millisecond is rounded up', async () => {
    const clock = fakeClock()
    const service = openSqliteService({ file: newFile(), clock })
    await service.create('queue')
    await service.queue('queue').send('x', { delayMs: 0.5, ttlMs: Number.MAX_SAFE_INTEGER })
    expect(await service.queue('queue').peek({ max: 1 })).toEqual([])
    await clock.advance(1)
    expect(await service.queue('queue').receive({ max: 1, leaseMs: 1.5 })).toHaveLength(1)
    await service.close()
  })

  test.each(['', ':memory:'])('the file %j is refused', (file) => {
    expect(() => openSqliteService({ file })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })

  test('a folder that is not there is refused, by name', () => {
    const file = join(folder, 'absent', 'queues.db')
    expect(() => openSqliteService({ file })).toThrow(/file must be in a folder that can be read \(ENOENT.*absent/)
  })

  test('with trust in the filesystem it is not checked', () => {
    const file = join(folder, 'absent', 'queues.db')
    expect(() => openSqliteService({ file, trustFilesystem: true })).toThrow(
      expect.objectContaining({ code: 'DENIED' }),
    )
    expect(() => openSqliteService({ file, trustFilesystem: false })).toThrow(/ENOENT/)
  })

  test('a folder instead of a file is reported', () => {
    expect(() => openSqliteService({ file: folder })).toThrow(expect.objectContaining({ code: 'DENIED' }))
  })

  test('a file that is no database is refused and stays as it is', () => {
    const file = newFile()
    writeFileSync(file, 'This is a shopping list. '.repeat(100))
    expect(() => openSqliteService({ file })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })

  test('another program’s database is refused and stays as it is', () => {
    const file = newFile()
    const db = new DatabaseSync(file)
    db.exec('CREATE TABLE customers (name TEXT)')
    expect(() => openSqliteService({ file })).toThrow(/file must be a queue file or a new one, not another database/)
    expect(db.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'customers' }])
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' })
    db.close()
  })

  test('a file of a newer version is refused, with both versions', async () => {
    const file = newFile()
    await openSqliteService({ file }).close()
    const db = new DatabaseSync(file)
    db.exec('PRAGMA user_version = 9')
    db.close()
    expect(() => openSqliteService({ file })).toThrow(/version 2 or older, not of version 9: a newer program wrote it/)
  })

  test('runs on the system’s clock unless told otherwise', async () => {
    const service = openSqliteService({ file: newFile() })
    await service.create('queue')
    const before = Date.now()
    await service.queue('queue').send('x')
    const [message] = await service.queue('queue').peek({ max: 1 })
    expect(message?.insertedAtMs).toBeGreaterThanOrEqual(before)
    await service.close()
  })
})
