import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fakeClock } from '../testing/fake-clock.ts'
import { unfitFilesystem, watchFile } from './file.ts'
import { openSqliteService } from './service.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-file-'))
let umask: number
beforeAll(() => {
  umask = process.umask(0)
})
afterAll(() => {
  process.umask(umask)
  rmSync(folder, { recursive: true })
})
let files = 0

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)
const newFile = (): string => join(folder, `queues-${++files}.db`)

async function aQueue(file = newFile()) {
  const service = openSqliteService({ file, clock: fakeClock() })
  await service.create('queue')
  return { file, service, queue: service.queue('queue') }
}

describe('a queue file', () => {
  test('is for its owner alone, with every umask, and so are the two beside it', async () => {
    const { file, service } = await aQueue()
    expect([file, `${file}-wal`, `${file}-shm`].map(modeOf)).toEqual(['600', '600', '600'])
    await service.close()
  })

  test.skipIf(process.getuid?.() !== 0)(
    'that root makes in the folder of another user belongs to that user',
    async () => {
      const service = join(folder, 'service')
      mkdirSync(service)
      chownSync(service, 4_711, 4_712)
      const { file, service: queues } = await aQueue(join(service, 'queue.db'))
      for (const path of [file, `${file}-wal`, `${file}-shm`])
        expect(statSync(path)).toMatchObject({ uid: 4_711, gid: 4_712 })
      await queues.close()
    },
  )

  test('behind a link that leads to nothing yet, too', async () => {
    const file = newFile()
    const target = newFile()
    symlinkSync(target, file)
    const { service } = await aQueue(file)
    expect(modeOf(target)).toMatch(/0$/)
    await service.close()
  })

  test('that others can read is taken from them, and left to its group', async () => {
    const { file, service } = await aQueue()
    await service.close()
    for (const [before, after] of [
      ['644', '640'],
      ['666', '660'],
      ['600', '600'],
    ] as const) {
      chmodSync(file, Number.parseInt(before, 8))
      const again = await aQueue(file)
      expect([file, `${file}-wal`].map(modeOf)).toEqual([after, after])
      await again.service.close()
    }
  })
})

describe('a queue file that is open', () => {
  const calls = ({ service, queue }: Awaited<ReturnType<typeof aQueue>>) => [
    () => queue.send('x'),
    () => queue.receive({ max: 1, leaseMs: 1_000 }),
    () => queue.peek({ max: 1 }),
    () => queue.approximateDepth(),
    () => service.create('other'),
    () => service.list(''),
  ]

  test('and is removed ends every call', async () => {
    const open = await aQueue()
    for (const suffix of ['', '-wal', '-shm']) rmSync(open.file + suffix)
    for (const call of calls(open))
      await expect(call()).rejects.toMatchObject({
        code: 'FILE_LOST',
        message: expect.stringMatching(/the file was removed while it was open; stop all programs/),
      })
    await open.service.close()
  })

  test('and is replaced by another one ends every call, and the other one gets nothing', async () => {
    const open = await aQueue()
    const other = await aQueue()
    await other.service.close()
    for (const suffix of ['', '-wal', '-shm']) rmSync(open.file + suffix)
    renameSync(other.file, open.file)
    for (const call of calls(open))
      await expect(call()).rejects.toMatchObject({
        code: 'FILE_LOST',
        message: expect.stringContaining('the file was replaced while it was open'),
      })
    await open.service.close()
    const after = await aQueue(open.file)
    expect(await after.queue.approximateDepth()).toBe(0)
    await after.service.close()
  })

  test('and ends every call if only its log is removed', async () => {
    const open = await aQueue()
    rmSync(`${open.file}-wal`)
    await expect(open.queue.send('x')).rejects.toMatchObject({ code: 'FILE_LOST' })
    await open.service.close()
  })

  test('and over which another file is copied is lost, not out of reach for a while', async () => {
    const open = await aQueue()
    await Promise.all([...Array(500).keys()].map((n) => open.queue.send(`${n}`)))
    const noise = newFile()
    const db = new DatabaseSync(noise)
    db.exec(`PRAGMA page_size = 512; CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(100000))`)
    db.close()
    new DatabaseSync(open.file).exec('PRAGMA wal_checkpoint(TRUNCATE)')
    copyFileSync(noise, open.file)
    await expect(
      (async () => {
        for (;;) await open.queue.receive({ max: 32, leaseMs: 1_000 })
      })(),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^(FILE_LOST|OPTION_INVALID)$/) })
    await open.service.close().catch(() => {})
  })

  test('may be moved in a way that leaves the same file under its name', () => {
    const file = newFile()
    new DatabaseSync(file).close()
    const fate = watchFile(file)
    linkSync(file, `${file}.kept`)
    rmSync(file)
    expect(fate()).toBe('removed')
    renameSync(`${file}.kept`, file)
    expect(fate()).toBeUndefined()
  })
})

describe('a file of version 1', () => {
  /** What a program of that version left behind. */
  function versionOne(): string {
    const file = newFile()
    const db = new DatabaseSync(file)
    db.exec(`
      CREATE TABLE queue (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT;
      CREATE TABLE message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue INTEGER NOT NULL REFERENCES queue (id) ON DELETE CASCADE,
        body TEXT NOT NULL, deliveries INTEGER NOT NULL DEFAULT 0,
        inserted_at INTEGER NOT NULL, visible_at INTEGER NOT NULL, expires_at INTEGER
      ) STRICT;
      CREATE INDEX message_visible ON message (queue, visible_at, id);
      CREATE INDEX message_expiry ON message (queue, expires_at) WHERE expires_at IS NOT NULL;
      PRAGMA application_id = ${0x43577131};
      PRAGMA user_version = 1;
      INSERT INTO queue (name) VALUES ('queue');
      INSERT INTO message (queue, body, inserted_at, visible_at) VALUES (1, 'old', 5, 5);
      INSERT INTO message (queue, body, deliveries, inserted_at, visible_at)
        VALUES (1, 'leased', 1, 6, ${Date.UTC(2026, 0, 1) + 60_000});`)
    db.close()
    return file
  }

  test('is brought to this one: its messages keep their ids, later ones get new ones', async () => {
    const clock = fakeClock()
    const service = openSqliteService({ file: versionOne(), clock })
    const queue = service.queue('queue')
    const { id } = await queue.send('new')
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(await queue.receive({ max: 9, leaseMs: 1_000 })).toMatchObject([
      { id: '1', body: 'old', insertedAtMs: 5 },
      { id, body: 'new' },
    ])
    await clock.advance(60_000)
    const again = await queue.receive({ max: 9, leaseMs: 1_000 })
    expect(again.map(({ id }) => id).sort()).toEqual(['1', '2', id].sort())
    await service.close()
  })

  test('keeps a lease that is held through it until its end, also over a start of the machine', async () => {
    const clock = fakeClock()
    const file = versionOne()
    await openSqliteService({ file, clock }).close()
    clock.reboot()
    const service = openSqliteService({ file, clock })
    expect(await service.queue('queue').peek({ max: 9 })).toMatchObject([{ body: 'old' }])
    await clock.advance(60_000)
    expect(await service.queue('queue').peek({ max: 9 })).toHaveLength(2)
    await service.close()
  })
})

test('a message of a new file has never the id of one of the file before', async () => {
  const first = await aQueue()
  const { id } = await first.queue.send('one')
  await first.service.close()
  rmSync(first.file)
  const second = await aQueue(first.file)
  expect((await second.queue.send('two')).id).not.toBe(id)
  await second.service.close()
})

describe('unfitFilesystem', () => {
  test.each([
    [0x6969, 'NFS'],
    [0x517b, 'SMB'],
    [0xfe534d42, 'SMB2'],
    [0xff534d42, 'CIFS'],
    [0x65735546, 'FUSE'],
    [0x01021997, '9P'],
    // 32-bit kernels give it with its sign.
    [0xff534d42 | 0, 'CIFS'],
  ])('type %i is unfit, as %s', (type, name) => {
    expect(unfitFilesystem('/mnt/share/queues.db', () => ({ type }))).toBe(name)
  })

  test.each([
    [0xef53, 'ext4'],
    [0x58465342, 'XFS'],
    [0x9123683e, 'Btrfs'],
    [0x01021994, 'tmpfs'],
    [0x794c7630, 'overlayfs'],
  ])('type %i (%s) is fine', (type) => {
    expect(unfitFilesystem('queues.db', () => ({ type }))).toBeUndefined()
  })

  test('asks for the folder, as the file may not be there yet', () => {
    const asked: string[] = []
    unfitFilesystem('/var/lib/queues.db', (path) => {
      asked.push(path)
      return { type: 0xef53 }
    })
    expect(asked).toEqual(['/var/lib'])
  })

  test('follows a link to where the file is', () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cw-link-')))
    try {
      mkdirSync(join(folder, 'share'))
      writeFileSync(join(folder, 'share', 'queues.db'), '')
      symlinkSync(join(folder, 'share', 'queues.db'), join(folder, 'queues.db'))
      const type = (path: string) => ({ type: path === join(folder, 'share') ? 0x6969 : 0xef53 })
      expect(unfitFilesystem(join(folder, 'queues.db'), type)).toBe('NFS')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('this machine’s temporary folder is fine, one that is not there is not', () => {
    expect(unfitFilesystem(join(tmpdir(), 'absent.db'))).toBeUndefined()
    expect(() => unfitFilesystem(join(tmpdir(), 'absent', 'x.db'))).toThrow(/ENOENT/)
  })
})
