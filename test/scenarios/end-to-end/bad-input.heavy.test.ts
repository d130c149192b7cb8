import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Lab, makeTree } from '../../support/lab.ts'

/*
 * Odd input from people, file systems and other programs. One lab and one manager for all; each test has a folder.
 */

let lab: Lab
beforeAll(() => {
  lab = new Lab()
  lab.startManager('--concurrency', '8')
})
afterAll(() => lab[Symbol.asyncDispose]())

interface Report {
  readonly outcome: string
  readonly problem: string | null
  readonly files: number
  readonly skipped: { readonly special: number }
  readonly failures: {
    readonly total: number
    readonly byCode: Readonly<Record<string, number>>
    readonly sample: readonly { readonly path: string; readonly address?: string; readonly code: string }[]
  }
}

/** Submits a job, waits for its end, and reads the report. */
async function warm(path: string, ...args: readonly string[]): Promise<{ code: number | null; report: Report }> {
  const { code, stdout, stderr } = await lab.submitAndWait('--path', path, ...args)
  const line = stdout.trim().split('\n').at(-1) ?? ''
  if (line === '') throw new Error(`no report: ${stderr}`)
  return { code, report: JSON.parse(line) as Report }
}

/** A folder of the export with three small files. */
function aFolder(name: string): string {
  const folder = join(lab.exportFolder, name)
  mkdirSync(folder)
  for (const file of ['a.exr', 'b.exr', 'c.exr']) writeFileSync(join(folder, file), file)
  return folder
}

const sample = (name: string): Record<string, unknown> =>
  JSON.parse(
    readFileSync(new URL(`fixtures/${name}`, import.meta.resolve('@cachewarmer/core/package.json')), 'utf8'),
  ) as Record<string, unknown>

/** The original's message, about the lab's export. */
const adapted = (name: string, change: object): Record<string, unknown> => ({
  ...sample(name),
  WarmTargetMountAddresses: lab.addresses,
  WarmTargetExportPath: '/animation',
  ...change,
})

describe('a job that can not be run', { timeout: 60_000 }, () => {
  const long = Array.from({ length: 3_000 }, (_, at) => `/a-path-of-some-length-${at}`)
  const bad: [string, () => string, string][] = [
    ['is no JSON', () => '{"JobId":"x","WarmTargetPath":', 'JSON'],
    ['leads out of its export', () => toJson({ WarmTargetPath: '/a/../../etc' }), 'WarmTargetPath'],
    [
      'names a bad address',
      () => toJson({ WarmTargetMountAddresses: ['10.0.0.1; rm -rf /'] }),
      'WarmTargetMountAddresses',
    ],
    ['names a negative size', () => toJson({ MaxFileSizeBytes: -1 }), 'MaxFileSizeBytes'],
    ['has a pattern that is none', () => toJson({ InclusionList: ['[a'] }), 'InclusionList'],
    [
      'is too long to be carried along',
      () => toJson({ WarmTargetPath: '/a', WarmTargetPaths: long.slice(0, 1_000) }),
      'at most 16384 bytes',
    ],
    [
      'is longer than a message may be',
      () => toJson({ WarmTargetPath: '/a', WarmTargetPaths: long }),
      'at most 65536 bytes',
    ],
  ]
  const toJson = (change: object): string => JSON.stringify(adapted('job-1.json', change))

  test('goes to the poison queue with a status that says why, and the good one behind it is warmed', async () => {
    aFolder('behind')
    const ids: string[] = []
    for (const [, body] of bad) ids.push(await lab.putRaw('labjob', body()))
    const { code, report } = await warm('/behind')
    expect({ code, outcome: report.outcome, files: report.files }).toEqual({ code: 0, outcome: 'warmed', files: 3 })
    const { stdout } = await lab.run('submit', ['list', '--json'])
    const reports = JSON.parse(stdout) as (Report & { messageId: string })[]
    const notes = (await lab.bodies('labpoison')).map((text) => JSON.parse(text) as { reason: string; message: string })
    for (const [at, [what, body, why]] of bad.entries()) {
      const refused = reports.find(({ messageId }) => messageId === ids[at])
      expect({ what, ...refused }).toMatchObject({ what, outcome: 'refused', problem: expect.stringContaining(why) })
      const kept = notes.filter(({ message }) => body().startsWith(message))
      expect(kept.map(({ reason }) => reason)).toContain(refused?.problem)
    }
    expect(notes).toHaveLength(bad.length)
    expect(await lab.run('submit', ['status', ids[0] ?? '', '--wait'])).toMatchObject({ code: 2 })
    expect(await lab.bodies('labjob')).toEqual([])
  })

  test.each([
    ['leads out of its export', ['--path', '/a/../../etc'], 'path'],
    ['names a bad address', ['--path', '/', '--addresses', '10.0.0.1; rm -rf /'], 'ddresses'],
    ['names a negative size', ['--path', '/', '--max-file-size-bytes=-1'], 'max-file-size-bytes'],
    ['has a pattern that is none', ['--path', '/', '--include', '[a'], 'nclu'],
    ['is too long', long.flatMap((path) => ['--path', path]), 'at most'],
  ])('is refused by submit when it %s', async (_, args, said) => {
    const { code, stdout, stderr } = await lab.submitAndWait('--job-id', 'never-sent', ...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(said)
  })

  test('of those that were refused by submit none was sent', async () => {
    const { code, stdout } = await lab.run('submit', ['list', '--json'])
    expect(code).toBe(0)
    expect(stdout).not.toContain('never-sent')
  })
})

describe('an export', { timeout: 60_000 }, () => {
  test('that no address shows ends the job with failures', async () => {
    const { code, report } = await warm('/', '--export', '/nowhere')
    expect(code).toBe(1)
    expect(report).toMatchObject({ outcome: 'completed with failures', files: 0, failures: { byCode: { UNREAD: 1 } } })
    expect(JSON.stringify(report.failures.sample)).toContain('/nowhere')
  })

  test('that one of the addresses lacks is warmed through the others, and each file fails there', async () => {
    // Each directory is listed through the address that its path names, which may be the one that is not there.
    mkdirSync(join(lab.exportFolder, 'partly'))
    const folders = Array.from({ length: 12 }, (_, at) => `partly/d${at}`)
    for (const folder of folders) aFolder(folder)
    const { code, report } = await warm('/partly', '--addresses', 'cache-9')
    expect(code).toBe(1)
    expect(report).toMatchObject({
      outcome: 'completed with failures',
      directories: 13,
      failures: { total: 36, byCode: { NOT_FOUND: 36 } },
      addresses: [...lab.addresses, 'cache-9'].map((address) =>
        expect.objectContaining({
          address,
          files: address === 'cache-9' ? 0 : 36,
          failures: address === 'cache-9' ? 36 : 0,
        }),
      ),
    })
    expect(report.failures.sample.map(({ path, address }) => `${address} ${path}`).toSorted()).toEqual(
      folders.flatMap((folder) => ['a', 'b', 'c'].map((name) => `cache-9 /${folder}/${name}.exr`)).toSorted(),
    )
  })

  test('with single files missing at one address fails for these files there, by name', async () => {
    // Each directory is listed through one address; a file that this one lacks is not missed. So there are several
    // directories.
    const directories = Array.from({ length: 8 }, (_, at) => `missing/d${at}`)
    mkdirSync(join(lab.exportFolder, 'missing'))
    lab.mountElsewhere('cache-4', 'elsewhere')
    for (const directory of directories) {
      aFolder(directory)
      const lacking = join(lab.folder, 'elsewhere', directory)
      mkdirSync(lacking, { recursive: true })
      for (const file of ['a.exr', 'c.exr']) writeFileSync(join(lacking, file), file)
    }
    const { code, report } = await warm('/missing', '--addresses', 'cache-4')
    expect(code).toBe(1)
    const { total, byCode, sample: shown } = report.failures
    expect(total).toBeGreaterThan(0)
    expect({ byCode, files: report.files }).toEqual({ byCode: { NOT_FOUND: total }, files: 16 })
    expect(shown).toHaveLength(total)
    for (const failure of shown)
      expect(failure).toMatchObject({ path: expect.stringMatching(/^\/missing\/d\d\/b\.exr$/), address: 'cache-4' })
  })

  test('with a file as its path is warmed; a missing path fails by name', async () => {
    aFolder('single')
    expect(await warm('/single/a.exr')).toMatchObject({ code: 0, report: { files: 1, outcome: 'warmed' } })
    const { code, report } = await warm('/single/missing')
    expect(code).toBe(1)
    expect(report.failures.sample[0]).toMatchObject({ path: '/single/missing', code: 'NOT_FOUND' })
  })
})

describe('a tree', { timeout: 60_000 }, () => {
  test('with names that are not text, and with FIFOs, sockets and links, is warmed file by file', async () => {
    const folder = aFolder('odd')
    const odd = ['with space', 'new\nline', 'quote"\'`$(id)', '-rf', '*?[a]', '\\', '日本語']
    for (const name of odd) writeFileSync(join(folder, name), name)
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe, 0x80])]), 'no text')
    execFileSync('mkfifo', [join(folder, 'fifo')])
    symlinkSync('nowhere', join(folder, 'dangling'))
    symlinkSync('loop', join(folder, 'loop'))
    symlinkSync('.', join(folder, 'circle'))
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve))
    try {
      const { code, report } = await warm('/odd')
      expect({ code, outcome: report.outcome, files: report.files }).toEqual({
        code: 0,
        outcome: 'warmed',
        files: 3 + odd.length + 1,
      })
      expect(report.skipped.special).toBe(5)
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })

  test('that keeps changing is warmed to its end: only vanished files are failures, by name', async () => {
    const folder = join(lab.exportFolder, 'changing')
    const { files } = makeTree(folder, 60, 40)
    let over = false
    const ending = warm('/changing').finally(() => {
      over = true
    })
    const gone = new Set<string>()
    for (let at = 0; !over; at += 1) {
      const below = join(folder, `group-${at % 10}`, `d${at % 60}`)
      const name = `f${at % 40}.dat`
      if (at % 3 === 0) {
        rmSync(join(below, name), { force: true })
        gone.add(`/changing/group-${at % 10}/d${at % 60}/${name}`)
      } else if (at % 3 === 1) writeFileSync(join(below, name), Buffer.alloc(50_000))
      else if (!gone.has(`/changing/group-${at % 10}/d${at % 60}/${name}`)) truncateSync(join(below, name), 10)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const { code, report } = await ending
    expect(code).toBe(report.failures.total === 0 ? 0 : 1)
    expect(report.files).toBeLessThanOrEqual(files)
    expect(report.files).toBeGreaterThanOrEqual(files - gone.size)
    for (const { path, code: failure } of report.failures.sample) {
      expect(failure).toMatch(/^(NOT_FOUND|STALE)$/)
      expect(gone).toContain(path)
    }
  })
})

describe('jobs', { timeout: 60_000 }, () => {
  /** So slow by a ceiling that it can't be over before the pause comes: as good as a very large tree. */
  const submitPaused = async (label: string, path: string): Promise<void> => {
    const job = ['--addresses', lab.addresses.join(','), '--export', '/animation', '--path', path, '--job-id', label]
    const { code } = await lab.run('submit', [...job, '--max-requests-per-second', '5'])
    expect(code).toBe(0)
    // It can be paused as soon as a manager has taken it.
    await lab.eventually(async () => {
      const paused = await lab.run('submit', ['pause', label])
      if (paused.code !== 0) expect(paused.stderr).toContain('still waits in the queue')
      return paused.code === 0
    })
  }

  test('rest while they are paused, and resume', async () => {
    const { files } = makeTree(join(lab.exportFolder, 'paused'), 20, 50)
    await submitPaused('rests', '/paused')
    await lab.told('change', 'rests', '--max-requests-per-second', 'none')
    await lab.told('resume', 'rests')
    const { code, stdout } = await lab.run('submit', ['status', 'rests', '--wait', '--json'])
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report
    expect({ code, outcome: report.outcome, files: report.files }).toEqual({ code: 0, outcome: 'warmed', files })
  })

  test('that are cancelled while they run say so, and end with 1', async () => {
    makeTree(join(lab.exportFolder, 'cancelled'), 20, 50)
    await submitPaused('unwanted', '/cancelled')
    const waiting = lab.run('submit', ['status', 'unwanted', '--wait'])
    await lab.told('cancel', 'unwanted')
    const { code, stdout } = await waiting
    expect(code).toBe(1)
    expect(stdout).toMatch(/cancelled/i)
  })

  test('run side by side, each with its own counts', async () => {
    const made = [1, 2].map((at) => makeTree(join(lab.exportFolder, `side-${at}`), 20, 10 * at))
    const [one, two] = await Promise.all([warm('/side-1'), warm('/side-2')])
    expect([one, two].map(({ code, report }) => [code, report.files])).toEqual(made.map(({ files }) => [0, files]))
  })
})

describe("the original's messages", { timeout: 60_000 }, () => {
  test.each(['job-1.json', 'job-2.json'])('%s is run as a job', async (name) => {
    const folder = aFolder(`original-${name}`)
    writeFileSync(join(folder, 'd.tmp'), 'no frame')
    const id = await lab.putRaw('labjob', JSON.stringify(adapted(name, { WarmTargetPath: `/original-${name}` })))
    const { code, stdout } = await lab.run('submit', ['status', id, '--wait', '--json'])
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report
    expect({ code, outcome: report.outcome, files: report.files }).toEqual({
      code: 0,
      outcome: 'warmed',
      files: name === 'job-2.json' ? 3 : 4,
    })
  })

  test('of work are read by a worker without any manager of ours', async () => {
    await using alone = new Lab({ QUEUE_PREFIX: 'alone' })
    makeTree(alone.exportFolder, 1, 10)
    const message = (change: object): string =>
      JSON.stringify({
        ...sample('work-09.json'),
        WarmTargetMountAddresses: alone.addresses,
        WarmTargetExportPath: '/animation',
        ...change,
      })
    await alone.putRaw('alonework', message({ WarmTargetPath: '/group-0/d0' }))
    await alone.putRaw('alonework', message({ WarmTargetPath: '/group-0/d0/f1.dat', StartByte: 0, StopByte: 100 }))
    const worker = alone.start('worker', ['--folder', alone.folderTemplate, '--debug'])
    await alone.eventually(async () => (await alone.depth('alonework')) === 0)
    worker.process.kill('SIGTERM')
    const { code, stderr } = await worker.finished
    expect(code).toBe(0)
    expect(stderr).toMatch(/completed"?:\s*2/)
  })
})
