import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Ganesha, ganeshaMissing, startGanesha } from '../../support/ganesha.ts'
import { Lab, makeTree } from '../../support/lab.ts'

/* The forms in which people say what to warm: lists, rule files, priming manifests, changes since the last time. */

const missing = ganeshaMissing()
if (missing !== undefined) console.log(`SKIPPED: a list on a real NFS server, because ${missing}`)

interface Report {
  readonly outcome: string
  readonly files: number
  readonly directories: number
  readonly warnings: readonly string[]
  readonly addresses: readonly { readonly coldReads: { readonly counts: readonly number[] } | null }[]
  readonly failures: {
    readonly byCode: Readonly<Record<string, number>>
    readonly sample: readonly { readonly path: string }[]
  }
}

const reportOf = (stdout: string): Report => JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report

/** Files of 1 byte below the lab's export, each with the path that it has within it. */
function makeFiles(lab: Lab, paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(join(lab.exportFolder, path, '..'), { recursive: true })
    writeFileSync(join(lab.exportFolder, path), 'x')
  }
}

describe('a list', { timeout: 180_000 }, () => {
  test('of many files, and the rest of the tree after it: each is read, the missing are named', async () => {
    await using lab = new Lab()
    const paths = Array.from({ length: 6_000 }, (_, at) => `/d${at % 40}/f${at}`)
    makeFiles(lab, [...paths, '/rest/a', '/rest/b'])
    const list = join(lab.folder, 'list')
    writeFileSync(list, [...paths.slice(0, 3_000), '/d1/gone', ...paths.slice(3_000), ''].join('\n'))
    lab.startManager()
    const { code, stdout, stderr } = await lab.submitAndWait('--files-from', list, '--path', '/rest')
    expect(stderr).toContain('The list has 6,001 paths.')
    const report = reportOf(stdout)
    expect({ code, report }).toMatchObject({
      code: 1,
      report: { outcome: 'completed with failures', files: 6_002, failures: { byCode: { NOT_FOUND: 3 } } },
    })
    expect(new Set(report.failures.sample.map(({ path }) => path))).toEqual(new Set(['/d1/gone']))
    expect(await lab.queues()).not.toContainEqual(expect.stringContaining('list-'))
  })

  test('from standard input with NUL, directories with a slash included, is all there is to warm', async () => {
    await using lab = new Lab()
    makeFiles(lab, ['/a\nb', '/d/1', '/d/e/2', '/not/listed'])
    lab.startManager()
    const submit = lab.start('submit', [
      '--addresses',
      lab.addresses.join(','),
      '--export',
      '/animation',
      '--wait',
      '--json',
      '--files-from',
      '-',
      '--null',
    ])
    submit.process.stdin?.end('/a\nb\0d/\0')
    const { code, stdout } = await submit.finished
    expect({ code, report: reportOf(stdout) }).toMatchObject({
      code: 0,
      report: { outcome: 'warmed', files: 3, directories: 2 },
    })
  })

  test('with a path that leads out of the export is refused with its line, and leaves nothing', async () => {
    await using lab = new Lab()
    const list = join(lab.folder, 'list')
    writeFileSync(list, '/a\n/b/../../etc/passwd\n')
    const { code, stderr } = await lab.submitAndWait('--files-from', list)
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('list, line 2: expected a path without ".."'),
    })
    expect(await lab.queues()).toEqual([])
  })

  test('with a submitter that is killed half-way leaves no job', async () => {
    await using lab = new Lab()
    const submit = lab.start('submit', ['--addresses', 'cache-1', '--export', '/animation', '--files-from', '-'])
    // More than a chunk, and then nothing: it waits for the rest.
    submit.process.stdin?.write(Array.from({ length: 50_000 }, (_, at) => `/d/f${at}\n`).join(''))
    await lab.eventually(async () => (await lab.queues()).some((name) => name.includes('list-')))
    submit.process.kill('SIGKILL')
    await submit.finished
    expect((await lab.queues()).filter((name) => name.endsWith('job'))).toEqual([])
  })

  test('with an interrupted submitter is removed', async () => {
    await using lab = new Lab()
    const submit = lab.start('submit', ['--addresses', 'cache-1', '--export', '/animation', '--files-from', '-'])
    submit.process.stdin?.write(Array.from({ length: 50_000 }, (_, at) => `/d/f${at}\n`).join(''))
    await lab.eventually(async () => (await lab.queues()).some((name) => name.includes('list-')))
    submit.process.kill('SIGINT')
    submit.process.stdin?.end('/x\n')
    const { code } = await submit.finished
    expect(code).toBe(130)
    expect(await lab.queues()).toEqual([])
  })

  test.skipIf(missing !== undefined)('on a real NFS server is read through each address', async () => {
    await using lab = new Lab()
    const made = makeTree(lab.exportFolder, 10, 100)
    const ganesha = (await startGanesha({ folder: lab.exportFolder })) as Ganesha
    lab.start('manager', [
      '--ledger',
      join(lab.folder, 'ledger.db'),
      '--workers',
      '2',
      '--access',
      'direct',
      '--nfs-port',
      String(ganesha.nfsPort),
      '--mount-port',
      String(ganesha.mountPort),
    ])
    const find = spawn('find', ['.', '-type', 'f', '-print0'], { cwd: lab.exportFolder })
    const hosts = '127.0.0.11,127.0.0.12'
    const job = ['--addresses', hosts, '--export', lab.exportFolder, '--files-from', '-', '--null', '--wait', '--json']
    const submit = lab.start('submit', job)
    find.stdout.pipe(submit.process.stdin as NodeJS.WritableStream)
    const { code, stdout, stderr } = await submit.finished
    await ganesha.stop()
    expect({ code, report: reportOf(stdout), stderr }).toMatchObject({
      code: 0,
      report: { outcome: 'warmed', files: made.files, bytes: made.bytes, directories: 0 },
    })
    // The latency of each file's first read.
    const timed = reportOf(stdout).addresses.flatMap(({ coldReads }) => coldReads?.counts ?? [])
    expect(timed.reduce((sum, count) => sum + count, 0)).toBe(made.files)
  })
})

describe('rules', { timeout: 120_000 }, () => {
  test('of a rule file leave out what git would', async () => {
    await using lab = new Lab()
    makeFiles(lab, ['/a.exr', '/b.bak', '/tmp/x', '/d/tmp/x', '/d/keep.bak', '/d/c.exr'])
    const rules = join(lab.folder, 'rules')
    writeFileSync(rules, '# nothing of these\n*.bak\n!keep.bak\n/tmp/\n')
    lab.startManager()
    const { code, stdout } = await lab.submitAndWait('--path', '/', '--rules', rules)
    expect({ code, report: reportOf(stdout) }).toMatchObject({ code: 0, report: { files: 4, directories: 3 } })
  })

  test('of a rule file that are none are refused with their line', async () => {
    await using lab = new Lab()
    const rules = join(lab.folder, 'rules')
    writeFileSync(rules, '*.bak\n[a\n')
    const { code, stderr } = await lab.submitAndWait('--path', '/', '--rules', rules)
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('rules, line 2: expected') })
  })

  test('of a priming manifest choose files in its order of rules', async () => {
    await using lab = new Lab()
    const taken = ['/bin/tool.bak', '/lib/a/x.txt', '/lib/b/x.py', '/lib/c/x.py']
    const left = ['/bin/other', '/lib/a/x.py', '/lib/a/x.txt~', '/lib/b/x.txt', '/lib/c/x.pyc', '/lib/d/x.txt']
    makeFiles(lab, [...taken, ...left])
    const manifest = join(lab.folder, 'prime.json')
    const namespace = (path: string): string => `/animation${path}`
    writeFileSync(
      manifest,
      JSON.stringify({
        config: { cache_mode: '0', maxreadsize: '0', resolve_symlink: '0' },
        files: [namespace('/bin/tool.bak')],
        directories: [
          { path: namespace('/lib/a') },
          { path: namespace('/lib/b'), include: ['\\.py$'] },
          { path: namespace('/lib/c'), include: ['\\.py$'], exclude: ['\\.pyc$'] },
        ],
        include: ['\\.txt$'],
        exclude: ['~$', '\\.bak$'],
      }),
    )
    lab.startManager()
    const { code, stdout, stderr } = await lab.submitAndWait('--manifest', manifest)
    expect({ code, report: reportOf(stdout), stderr }).toMatchObject({ code: 0, report: { files: taken.length } })
  })
})

test('the second warm-up of a job reads what changed since the first', { timeout: 120_000 }, async () => {
  await using lab = new Lab()
  makeFiles(lab, ['/old', '/d/old', '/new'])
  const { utimes } = await import('node:fs/promises')
  const longAgo = new Date(Date.now() - 86_400_000)
  for (const path of ['/old', '/d/old', '/new']) await utimes(join(lab.exportFolder, path), longAgo, longAgo)
  lab.startManager()
  const again = async (...args: string[]): Promise<Report> =>
    reportOf((await lab.submitAndWait('--path', '/', '--modified-since', 'last', ...args)).stdout)
  const first = await again()
  expect(first).toMatchObject({ outcome: 'warmed', files: 3 })
  expect(first.warnings.join(' ')).toContain('all files are taken')
  writeFileSync(join(lab.exportFolder, 'new'), 'changed')
  expect(await again()).toMatchObject({ outcome: 'warmed', files: 1, warnings: [] })
  // Another job than the one that was done.
  expect(await again('--head-bytes', '100')).toMatchObject({ files: 3 })
})
