import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { prepareSchema } from './schema.ts'
import { prepareStatements } from './store.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-schema-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'queues.db')

describe('the schema', () => {
  test.each(['made', 'opened again'])('a file that is %s has a log, full syncs and foreign keys', () => {
    const db = new DatabaseSync(file)
    prepareSchema(db, file, 1_000)
    const pragma = (name: string): unknown => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    expect(pragma('journal_mode')).toBe('wal')
    expect(pragma('synchronous')).toBe(2)
    expect(pragma('foreign_keys')).toBe(1)
    expect(pragma('busy_timeout')).toBe(1_000)
    expect(pragma('user_version')).toBe(2)
    db.close()
  })

  test('a failure while tables are made leaves none behind', () => {
    const broken = join(folder, 'broken.db')
    const db = new DatabaseSync(broken)
    const failing = new Proxy(db, {
      get: (target, key) => {
        if (key === 'prepare') return target.prepare.bind(target)
        return (sql: string) => target.exec(sql.includes('user_version') ? 'SELECT broken' : sql)
      },
    })
    expect(() => prepareSchema(failing, broken, 1_000)).toThrow('broken')
    expect(db.prepare('SELECT name FROM sqlite_schema').all()).toEqual([])
    db.close()
  })

  test('no statement looks through all messages', () => {
    const db = new DatabaseSync(file)
    prepareSchema(db, file, 1_000)
    const plans = Object.entries(prepareStatements(db)).map(([name, statement]) => {
      const steps = db.prepare(`EXPLAIN QUERY PLAN ${statement.sourceSQL}`).all()
      return [name, steps.map((step) => String(step.detail))] as const
    })
    for (const [name, steps] of plans) {
      // Of the two tables, only the one of the queues is ever read as a whole, to list them.
      expect(
        steps.filter((step) => /^SCAN message|TEMP B-TREE/.test(step)),
        name,
      ).toEqual([])
    }
    const steps = Object.fromEntries(plans)
    expect(steps.anyVisible).toContainEqual(expect.stringContaining('COVERING INDEX message_visible'))
    expect(steps.receive).toContainEqual(expect.stringContaining('COVERING INDEX message_visible'))
    expect(steps.depth).toContainEqual(expect.stringContaining('COVERING INDEX message_visible'))
    expect(steps.purge).toContainEqual(expect.stringContaining('INDEX message_expiry'))
    db.close()
  })
})
