import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Counts, emptyCounts } from '@cachewarmer/core'
import { aFailurePart, aResult, aRunId, describeLedger } from '@cachewarmer/core/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aRecord } from '../testing/a-record.ts'
import { ledgerRows } from '../testing/ledger-rows.ts'
import type { Ledger } from './ledger.ts'
import { ledgerFile, openLedger } from './sqlite-ledger.ts'

// The suite is core's: what our ledger makes of messages must be what the reference makes of them.
describeLedger({ describe, test, expect }, 'sqlite', ledgerRows, { stories: 60 })

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cw-ledger-'))
  file = join(folder, 'ledger.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

const files = (count: number): Counts => ({ ...emptyCounts(), files: count })

/** Opens the file, does something, closes it: what a process does that dies afterwards. */
function during<T>(action: (ledger: Ledger) => T): T {
  const ledger = openLedger(file)
  try {
    return action(ledger)
  } finally {
    ledger.close()
  }
}

describe('a ledger that is opened again', () => {
  test('resumes where it stood', () => {
    during((ledger) => {
      ledger.addRun(aRecord())
      ledger.update(aRunId, { rootSent: true, paused: true, revision: 2, ceilings: { maxWorkers: 3 } })
      ledger.fold(aRunId, [
        aResult({ counts: files(3), children: [{ family: 'a', count: 2 }] }),
        aResult({ item: 'b.0', attempt: 'early', counts: files(1) }),
      ])
      ledger.noteCancelled('night', 5_000)
    })
    during((ledger) => {
      expect(ledger.runsOfJob('message-1')).toEqual([
        aRecord({ rootSent: true, paused: true, revision: 2, ceilings: { maxWorkers: 3 } }),
      ])
      expect(ledger.totals(aRunId)).toEqual({ counts: files(3), announced: 3, done: 1 })
      expect(ledger.isCancelled(['evening', 'night'])).toBe(true)
      const next = aResult({ item: 'a.0', attempt: 'late', counts: files(4), children: [{ family: 'b', count: 1 }] })
      expect(ledger.fold(aRunId, [next])).toHaveLength(2)
      expect(ledger.fold(aRunId, [next])).toEqual([])
      expect(ledger.totals(aRunId)).toEqual({ counts: files(8), announced: 4, done: 3 })
    })
  })

  test('is refused, and left as it is, when it belongs to another version', () => {
    during((ledger) => ledger.addRun(aRecord()))
    const database = new DatabaseSync(file)
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(() => openLedger(file)).toThrow(`ledger ${file}: it is of version 99, expected 2`)
    const after = new DatabaseSync(file)
    expect(after.prepare('SELECT count(*) AS runs FROM run').get()).toEqual({ runs: 1 })
    after.close()
  })

  test.each([
    ['is no ledger', () => '/dev/null/ledger.db'],
    ['lies in a folder that is missing', () => join(folder, 'missing', 'ledger.db')],
  ])('is named in the error where it %s', (_, path) => {
    expect(() => openLedger(path())).toThrow(`ledger ${path()}: `)
  })
})

describe('what a worker may claim', () => {
  test('nine messages that announce a million children each take a few rows', () => {
    during((ledger) => {
      ledger.addRun(aRecord())
      ledger.fold(aRunId, [aResult({ children: [{ family: 'f', count: 9 }] })])
      const claims = Array.from({ length: 9 }, (_, at) =>
        aResult({ item: `f.${at}`, attempt: `a${at}`, children: [{ family: `c${at}`, count: 1_000_000 }] }),
      )
      ledger.fold(aRunId, claims)
      expect(ledger.totals(aRunId)).toEqual({ counts: emptyCounts(), announced: 9_000_010, done: 10 })
    })
    const database = new DatabaseSync(file)
    expect(
      database.prepare('SELECT (SELECT count(*) FROM item) + (SELECT count(*) FROM family) AS rows').get(),
    ).toEqual({ rows: 11 })
    database.close()
  })

  test('sums beyond 2^53-1 stop there, and the run continues', () => {
    during((ledger) => {
      ledger.addRun(aRecord())
      const bytes = { ...emptyCounts(), bytes: Number.MAX_SAFE_INTEGER }
      ledger.fold(aRunId, [aResult({ counts: bytes, children: [{ family: 'f', count: 2 }] })])
      ledger.fold(
        aRunId,
        [0, 1].map((at) => aResult({ item: `f.${at}`, attempt: `a${at}`, counts: bytes })),
      )
      expect(ledger.totals(aRunId)).toEqual({ counts: bytes, announced: 3, done: 3 })
    })
  })
})

describe('runs in a ledger', () => {
  test('are found by job, the last one first', () => {
    during((ledger) => {
      ledger.addRun(aRecord())
      ledger.addRun(aRecord({ run: 'run000000002' }))
      ledger.addRun(aRecord({ run: 'run000000003', jobMessageId: 'message-2' }))
      expect(ledger.runsOfJob('message-1').map(({ run }) => run)).toEqual(['run000000002', aRunId])
      expect(ledger.runsOfJob('message-3')).toEqual([])
      expect(ledger.run('run000000003')?.jobMessageId).toBe('message-2')
    })
  })

  test('do not mix', () => {
    during((ledger) => {
      ledger.addRun(aRecord())
      ledger.addRun(aRecord({ run: 'run000000002' }))
      ledger.fold(aRunId, [aResult({ counts: files(3) })])
      expect(ledger.totals('run000000002')).toEqual({ counts: emptyCounts(), announced: 1, done: 0 })
    })
  })

  test('start over with nothing counted, under another root, and results of the first go do not count', () => {
    during((ledger) => {
      ledger.addRun(aRecord({ rootSent: true }))
      ledger.fold(aRunId, [
        aFailurePart({ attempt: 'first' }),
        aResult({ attempt: 'first', counts: files(3), failureParts: 1, children: [{ family: 'first', count: 1 }] }),
      ])
      expect(ledger.startOver(aRunId)).toMatchObject({ generation: 1, rootSent: false })
      expect(ledger.totals(aRunId)).toEqual({ counts: emptyCounts(), announced: 1, done: 0 })
      expect(ledger.failures(aRunId, 10)).toEqual([])
      ledger.fold(aRunId, [aResult({ item: 'first.0', counts: files(7) }), aResult({ counts: files(9) })])
      expect(ledger.totals(aRunId)).toMatchObject({ counts: files(0), done: 0 })
      ledger.fold(aRunId, [aResult({ item: 'root-2', counts: files(3) })])
      expect(ledger.totals(aRunId)).toEqual({ counts: files(3), announced: 1, done: 1 })
    })
  })

  test('with a list remember which chunks were moved, each generation for itself, until they end', () => {
    const list = { id: 'abcdefgh1234', chunks: 4, paths: 9 }
    during((ledger) => {
      const record = aRecord()
      ledger.addRun({ ...record, job: { ...record.job, list } })
      ledger.noteMoved(aRunId, 0, [0, 2])
      ledger.noteMoved(aRunId, 0, [2, 3])
    })
    during((ledger) => {
      expect(new Set(ledger.movedChunks(aRunId, 0))).toEqual(new Set([0, 2, 3]))
      ledger.startOver(aRunId)
      expect([ledger.movedChunks(aRunId, 1), ledger.totals(aRunId).announced]).toEqual([[], 5])
      ledger.fold(aRunId, [aResult({ item: 'list.1' }), aResult({ item: 'list-2.1' })])
      expect(ledger.totals(aRunId).done).toBe(1)
      ledger.endRun(aRunId, 'cancelled', 9_000)
      expect(ledger.movedChunks(aRunId, 0)).toEqual([])
    })
  })

  test('that end keep their failures, and their totals', () => {
    during((ledger) => {
      ledger.addRun(aRecord())
      ledger.fold(aRunId, [
        aFailurePart({ attempt: 'dead', failures: [{ path: '/dead', code: 'IO' }] }),
        aFailurePart({ attempt: 'a', failures: [{ path: '/lost.exr', code: 'NOT_FOUND' }] }),
        aResult({ attempt: 'a', counts: files(3), failureParts: 1, children: [{ family: 'a', count: 1 }] }),
        aResult({ item: 'a.0', attempt: 'b' }),
      ])
      ledger.endRun(aRunId, 'completed with failures', 9_000)
    })
    during((ledger) => {
      expect(ledger.run(aRunId)).toMatchObject({ outcome: 'completed with failures', endedAtMs: 9_000 })
      expect(ledger.failures(aRunId, 10)).toEqual([{ path: '/lost.exr', code: 'NOT_FOUND' }])
      expect(ledger.totals(aRunId)).toEqual({ counts: files(3), announced: 2, done: 2 })
    })
  })

  test('show as many failures as are asked for', () => {
    during((ledger) => {
      ledger.addRun(aRecord())
      const failures = Array.from({ length: 7 }, (_, at) => ({ path: `/${at}`, code: 'IO' as const }))
      ledger.fold(aRunId, [
        aFailurePart({ part: 0, failures }),
        aFailurePart({ part: 1, failures }),
        aResult({ failureParts: 2 }),
      ])
      expect(ledger.failures(aRunId, 9)).toHaveLength(9)
      expect(ledger.failures(aRunId, 100)).toHaveLength(14)
    })
  })

  test('tell all their failures page by page', () => {
    during((ledger) => {
      ledger.addRun(aRecord())
      const parts = Array.from({ length: 40 }, (_, part) =>
        aFailurePart({ part, failures: [{ path: `/${part}`, code: 'IO' }] }),
      )
      const dead = aFailurePart({ attempt: 'dead', failures: [{ path: '/dead', code: 'IO' }] })
      ledger.fold(aRunId, [dead, ...parts, aResult({ failureParts: 40 })])
      const found: string[] = []
      let page = ledger.failuresFrom(aRunId, undefined)
      for (;;) {
        expect(page.failures.length).toBeLessThanOrEqual(16)
        found.push(...page.failures.map(({ path }) => path))
        if (page.next === undefined) break
        page = ledger.failuresFrom(aRunId, page.next)
      }
      expect(found).toEqual(parts.map(({ part }) => `/${part}`))
    })
  })

  test('are forgotten with all that belongs to them once they ended long ago; those under way stay', () => {
    during((ledger) => {
      const old = 'run000000002'
      const young = 'run000000003'
      for (const run of [aRunId, old, young]) {
        ledger.addRun(aRecord({ run, jobMessageId: run }))
        ledger.fold(run, [aFailurePart({ run }), aResult({ run, failureParts: 1 })])
      }
      ledger.endRun(old, 'warmed', 1_000)
      ledger.endRun(young, 'warmed', 3_000)
      ledger.noteCancelled('long-ago', 1_000)
      ledger.noteCancelled('of-late', 3_000)
      ledger.forgetBefore(2_000)
      expect([aRunId, old, young].map((run) => ledger.run(run)?.run)).toEqual([aRunId, undefined, young])
      expect(ledger.failures(old, 10)).toEqual([])
      expect(ledger.totals(old)).toMatchObject({ announced: 0, done: 0 })
      expect([ledger.isCancelled(['long-ago']), ledger.isCancelled(['of-late'])]).toEqual([false, true])
    })
    const database = new DatabaseSync(file)
    for (const table of ['item', 'part'])
      expect(database.prepare(`SELECT count(*) AS left FROM ${table} WHERE run = 'run000000002'`).get()).toEqual({
        left: 0,
      })
    database.close()
  })

  test('that keep waiting are not looked at when their family grows', () => {
    during((ledger) => {
      ledger.addRun(aRecord())
      ledger.fold(aRunId, [aResult({ item: 'r.1' }), aResult({ item: 'r.10' }), aResult({ item: 'r.900' })])
    })
    const database = new DatabaseSync(file)
    database.exec(`UPDATE item SET result = 'no JSON' WHERE item = 'r.900'`)
    database.close()
    during((ledger) => {
      const family = (count: number) => ({ children: [{ family: 'r', count }] })
      expect(ledger.fold(aRunId, [aResult(family(11))]).map(({ item }) => item)).toEqual(['root', 'r.10', 'r.1'])
      expect(() => ledger.fold(aRunId, [aResult({ item: 'r.0', ...family(901) })])).toThrow(SyntaxError)
    })
  })

  test('are all or nothing: a fold that fails half way leaves no trace', () => {
    during((ledger) => {
      ledger.addRun(aRecord())
      const broken = {
        ...aResult({ item: 'root', counts: files(3) }),
        get children(): never {
          throw new Error('broken')
        },
      }
      expect(() => ledger.fold(aRunId, [aFailurePart({ attempt: 'x' }), broken])).toThrow('broken')
      expect(ledger.totals(aRunId)).toEqual({ counts: emptyCounts(), announced: 1, done: 0 })
      ledger.fold(aRunId, [aResult({ counts: files(3) })])
      expect(ledger.totals(aRunId)).toEqual({ counts: files(3), announced: 1, done: 1 })
    })
  })
})

describe('the file of a ledger', () => {
  test('is refused on a network filesystem, and not made there', () => {
    expect(() => openLedger(file, () => 'NFS')).toThrow(
      expect.objectContaining({
        code: 'INVALID',
        message: expect.stringContaining('it must be on a local filesystem, not on NFS'),
      }),
    )
    expect(existsSync(file)).toBe(false)
  })

  test('is for its owner alone under any umask', () => {
    const before = process.umask(0)
    try {
      during((ledger) => {
        ledger.addRun(aRecord())
        const modes = ['', '-wal', '-shm'].map((suffix) => (statSync(file + suffix).mode & 0o777).toString(8))
        expect(modes).toEqual(['600', '600', '600'])
      })
    } finally {
      process.umask(before)
    }
  })

  test('that is removed or replaced while it is open keeps nothing, and says so', () => {
    const ledger = openLedger(file)
    ledger.addRun(aRecord())
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix)
    const lost = expect.objectContaining({ code: 'LOST' })
    expect(() => ledger.endRun(aRunId, 'warmed', 1)).toThrow(lost)
    expect(() => ledger.noteWarmed('x', 1)).toThrow(lost)
    expect(() => ledger.noteCancelled('x', 1)).toThrow(lost)
    during((other) => other.addRun(aRecord()))
    expect(() => ledger.endRun(aRunId, 'warmed', 1)).toThrow(/the file was replaced while it was open/)
    expect(during((other) => other.run(aRunId)?.outcome)).toBeUndefined()
    ledger.close()
  })
})

const home = '/home/someone'

test.each([
  ['as it is named', { ledger: '/srv/ledger.db', queue: 'sqlite:/srv/queue.db' }, {}, '/srv/ledger.db'],
  ['beside a queue in a file', { queue: 'sqlite:/srv/queue.db' }, { STATE_DIRECTORY: '/x' }, '/srv/studio.ledger.db'],
  ['in the folder that systemd gives', {}, { STATE_DIRECTORY: '/var/lib/cw:/other' }, '/var/lib/cw/studio.ledger.db'],
  ['in the user’s state folder', {}, { XDG_STATE_HOME: '/s' }, '/s/cachewarmer/studio.ledger.db'],
  ['in its usual place', {}, {}, '/home/someone/.local/state/cachewarmer/studio.ledger.db'],
  [
    'in its usual place where a relative one is given, which the specification says to ignore',
    {},
    { XDG_STATE_HOME: 'state', STATE_DIRECTORY: '' },
    '/home/someone/.local/state/cachewarmer/studio.ledger.db',
  ],
  [
    'in its usual place, not in the current folder, with a queue elsewhere',
    { queue: 'https://studio.queue.core.windows.net' },
    {},
    '/home/someone/.local/state/cachewarmer/studio.ledger.db',
  ],
])('the ledger lies %s', (_, options, environment, file) => {
  expect(ledgerFile(options, 'studio', environment, home)).toBe(file)
})
