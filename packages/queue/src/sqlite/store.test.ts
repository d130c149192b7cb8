import { getEventListeners } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import { QueueError } from '../port/errors.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { openStore } from './store.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** Counts what reaches SQLite apart from prepared statements. */
class Counting extends DatabaseSync {
  readonly executed: string[] = []
  override exec(sql: string): void {
    this.executed.push(sql)
    super.exec(sql)
  }
}

function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'cw-store-'))
  folders.push(folder)
  const file = join(folder, 'store.db')
  const db = new Counting(file)
  // Without a wait of its own, so that a locked file is reported at once.
  db.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL; CREATE TABLE note (text TEXT NOT NULL) STRICT')
  db.executed.length = 0
  const insert = db.prepare('INSERT INTO note VALUES (?)')
  const other = new DatabaseSync(file)
  const notes = (): unknown[] =>
    other
      .prepare('SELECT text FROM note')
      .all()
      .map((row) => row.text)
  const clock = fakeClock()
  const store = openStore(db, clock, () => {})
  const write = (text: string, signal?: AbortSignal) => store.write('q', signal, () => insert.run(text).changes)
  const close = async () => {
    other.close()
    await clock.run(store.close())
  }
  return { clock, db, other, notes, store, write, close }
}

describe('the SQLite store', () => {
  test('writes of one turn share one transaction', async () => {
    const { db, notes, write, close } = setUp()
    await Promise.all([...Array(100).keys()].map((n) => write(`n${n}`)))
    expect(db.executed).toEqual(['BEGIN IMMEDIATE', 'COMMIT'])
    expect(notes()).toHaveLength(100)
    await close()
  })

  test('a very long turn is cut into transactions', async () => {
    const { db, notes, write, close } = setUp()
    await Promise.all([...Array(1_201).keys()].map((n) => write(`n${n}`)))
    expect(db.executed.filter((sql) => sql === 'COMMIT')).toHaveLength(3)
    expect(notes()).toHaveLength(1_201)
    await close()
  })

  test('a refused write does not take the others with it', async () => {
    const { store, notes, write, close } = setUp()
    const refused = new QueueError('LEASE_LOST', 'q', 'taken')
    const results = await Promise.allSettled([
      write('before'),
      store.write('q', undefined, () => {
        throw refused
      }),
      write('after'),
    ])
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(results[1]).toMatchObject({ reason: refused })
    expect(notes()).toEqual(['before', 'after'])
    await close()
  })

  test('a statement that SQLite fails takes its whole transaction back, and says so to all', async () => {
    const { store, db, notes, write, close } = setUp()
    const results = await Promise.allSettled([
      write('before'),
      store.write('q', undefined, () => db.prepare('INSERT INTO note VALUES (NULL)').run()),
    ])
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected'])
    expect(results[0]).toMatchObject({ reason: { code: 'UNAVAILABLE', queue: 'q' } })
    expect(notes()).toEqual([])
    await write('later')
    expect(notes()).toEqual(['later'])
    await close()
  })

  test('a file that another process holds is waited for, without blocking', async () => {
    const { clock, other, notes, write, close } = setUp()
    other.exec('BEGIN IMMEDIATE')
    const writing = write('patient')
    await clock.advance(5_000)
    other.exec('ROLLBACK')
    await clock.run(writing)
    expect(notes()).toEqual(['patient'])
    await close()
  })

  test('a file that is held for too long is UNAVAILABLE, and nothing is written later', async () => {
    const { clock, other, notes, write, close } = setUp()
    other.exec('BEGIN IMMEDIATE')
    const before = clock.now()
    await expect(clock.run(write('impatient'))).rejects.toMatchObject({ code: 'UNAVAILABLE', queue: 'q' })
    expect(clock.now() - before).toBeGreaterThanOrEqual(30_000)
    other.exec('ROLLBACK')
    await clock.advance(60_000)
    expect(notes()).toEqual([])
    await write('next')
    expect(notes()).toEqual(['next'])
    await close()
  })

  test('an abort ends the wait for another process at once, and leaves no trace', async () => {
    const { clock, other, notes, write, close } = setUp()
    other.exec('BEGIN IMMEDIATE')
    const stop = new AbortController()
    const stopped = write('stopped', stop.signal)
    const going = write('going')
    await clock.advance(1_000)
    stop.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
    other.exec('ROLLBACK')
    await clock.run(going)
    expect(notes()).toEqual(['going'])
    await close()
  })

  test('an abort within the turn leaves no trace either', async () => {
    const { notes, write, close } = setUp()
    const stop = new AbortController()
    const stopped = write('stopped', stop.signal)
    stop.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
    await write('next')
    expect(notes()).toEqual(['next'])
    await close()
  })

  test('where all have given up, nothing is tried any more', async () => {
    const { clock, db, other, write, close } = setUp()
    other.exec('BEGIN IMMEDIATE')
    const stop = new AbortController()
    const stopped = write('stopped', stop.signal)
    await clock.advance(100)
    stop.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
    db.executed.length = 0
    await clock.advance(60_000)
    expect(db.executed).toEqual([])
    expect(clock.timers).toBe(0)
    await close()
  })

  test('nothing stays behind on a signal', async () => {
    const { write, store, close } = setUp()
    const { signal } = new AbortController()
    await write('x', signal)
    await store.read('q', signal, () => 1)
    expect(getEventListeners(signal, 'abort')).toEqual([])
    await close()
  })

  test('a read that waits for another process ends when the service is closed', async () => {
    const { clock, store, other } = setUp()
    let tries = 0
    const reading = store.read('q', undefined, () => {
      tries++
      throw Object.assign(new Error('database is locked'), { errcode: 5 })
    })
    await clock.advance(20)
    await store.close()
    await expect(clock.run(reading)).rejects.toMatchObject({ code: 'CLOSED' })
    expect(tries).toBeGreaterThan(1)
    other.close()
  })

  test('close waits for what was asked for before, and refuses what comes after', async () => {
    const { store, notes, write, other } = setUp()
    const writing = write('before')
    const closing = store.close()
    await expect(write('after')).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(store.read('q', undefined, () => 1)).rejects.toMatchObject({ code: 'CLOSED' })
    await Promise.all([writing, closing])
    await store.close()
    expect(notes()).toEqual(['before'])
    other.close()
  })

  test('work that fails for a reason of its own is passed through', async () => {
    const { store, close } = setUp()
    const bug = new TypeError('bug')
    const buggy = () => {
      throw bug
    }
    await expect(store.write('q', undefined, buggy)).rejects.toBe(bug)
    await expect(store.read('q', undefined, buggy)).rejects.toBe(bug)
    await close()
  })
})
