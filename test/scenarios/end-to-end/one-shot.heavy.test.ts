import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReportData } from '@cachewarmer/service/page'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Finished, Lab, type MadeTree, makeTree } from '../../support/lab.ts'

/* `cachewarmer-manager warm`: everything that a warm-up needs, made for it and gone with it. */

let lab: Lab
let temporary: string
let made: MadeTree
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'cachewarmer-test-tmp-'))
  lab = new Lab({ TMPDIR: temporary })
  made = makeTree(lab.exportFolder, 5, 20)
})
afterEach(async () => {
  await lab[Symbol.asyncDispose]()
  rmSync(temporary, { recursive: true })
})

const warm = (...args: readonly string[]): Promise<Finished> => lab.run('manager', ['warm', ...args])
const namesOf = (folder: string): string[] =>
  readdirSync(join(lab.exportFolder, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
const leftovers = (): string[] => readdirSync(temporary)

describe('a warm-up of this machine', { timeout: 60_000 }, () => {
  test('writes its report as a page, with the failures by name', async () => {
    const file = join(temporary, 'report.html')
    const { code, stderr } = await warm('--report', file, '--mount', lab.exportFolder, '/group-0', '/missing')
    expect({ code, stderr }).toEqual({ code: 1, stderr })
    const [, embedded = ''] = /id="report">(.*)<\/script>/.exec(readFileSync(file, 'utf8')) ?? []
    const data = JSON.parse(embedded) as ReportData
    expect(data.status).toMatchObject({ state: 'ended', progress: { counts: { files: 20 } } })
    expect(data.failures).toMatchObject([{ path: '/missing', code: 'NOT_FOUND' }])
    expect(data.timeline.files.at(-1)).toBe(20)
  })

  test.each([
    [['--report', '/nowhere/report.html'], '/nowhere/report.html: ENOENT'],
    [['--report', 'report.html', '/', '/tmp'], '--report covers one job, but 2 folders were given'],
  ])('refuses a report that can not be: %j', async (args, said) => {
    const { code, stderr } = await warm(...args)
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(said) })
  })

  test('of a folder reads every file once', async () => {
    const { code, stdout, stderr } = await warm(lab.exportFolder, '--json')
    expect({ code, stderr }).toEqual({ code: 0, stderr })
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'warmed',
      ...made,
      failures: { total: 0 },
      addresses: [{ address: 'local', ...counts(made) }],
    })
    expect(leftovers()).toEqual([])
  })

  test('of a file and of a folder are two reports in one', async () => {
    const { code, stdout } = await warm(
      join(lab.exportFolder, 'group-0'),
      join(lab.exportFolder, 'group-1/d1/f3.dat'),
      '--json',
    )
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject([
      { outcome: 'warmed', files: 20, directories: 2 },
      { outcome: 'warmed', files: 1, directories: 0 },
    ])
  })

  test('with one folder without files fails as a whole, and reports where it looked', async () => {
    const empty = join(lab.folder, 'empty')
    mkdirSync(empty)
    const folder = join(lab.exportFolder, 'group-0')
    const { code, stdout } = await warm(folder, empty, folder, '--json')
    expect(code).toBe(4)
    expect((JSON.parse(stdout) as { outcome: string }[]).map(({ outcome }) => outcome)).toEqual([
      'warmed',
      'nothing matched',
      'warmed',
    ])
    const mistyped = await warm(folder, '--include', '*.xer')
    expect(mistyped).toMatchObject({ code: 4, stdout: expect.stringContaining('left out: 20 by patterns to include') })
    expect(await warm(empty, '--allow-empty')).toMatchObject({ code: 0 })
  })

  test('with --mount twice reads every file through both', async () => {
    const folders = ['one', 'two, with a comma'].map((name) => join(lab.folder, name))
    for (const folder of folders) symlinkSync(lab.exportFolder, folder)
    const { code, stdout } = await warm(...folders.flatMap((folder) => ['--mount', folder]), '/group-2', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      files: 20,
      readThrough: { addresses: 2, of: 2 },
      addresses: [
        { address: 'mount-1', files: 20 },
        { address: 'mount-2', files: 20 },
      ],
    })
  })

  test('of a list reads its paths and no others, but for what rules leave out', async () => {
    const rules = join(lab.folder, 'rules')
    writeFileSync(rules, 'f1*.dat\n')
    const args = ['--mount', lab.exportFolder, '--files-from', '-', '--null', '--rules', rules, '--json']
    const warming = lab.start('manager', ['warm', ...args])
    warming.process.stdin?.end('group-0/d0/f0.dat\0./group-1/\0/missing\0')
    const { code, stdout, stderr } = await warming.finished
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'completed with failures',
      files: 1 + namesOf('group-1').filter((name) => !name.startsWith('f1')).length,
      failures: { total: 1, byCode: { NOT_FOUND: 1 } },
    })
    expect(leftovers()).toEqual([])
  })

  test('of a priming manifest takes its mode, and paths as clients see them', async () => {
    const manifest = join(lab.folder, 'prime.json')
    const directories = [{ path: '/animation/group-2' }]
    writeFileSync(manifest, JSON.stringify({ config: { cache_mode: '1' }, directories }))
    const args = ['--mount', lab.exportFolder, '--manifest', manifest, '--export', '/animation']
    const { code, stdout } = await warm(...args)
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('Listed') })
    expect(stdout).toMatch(/\b20 files\b/)
  })

  test.each([
    [['--files-from', 'list', '/tmp'], '--files-from: expected with --mount, the folder that its paths lie in'],
    [['--manifest', 'prime.json'], '--manifest: expected with --mount, the folder that its paths lie in'],
    [['--mount', '/tmp', '--null'], '--null: expected with --files-from'],
    [['--mount', '/tmp', '--files-from', '/nowhere/list'], '--files-from /nowhere/list: ENOENT'],
    [['--mount', '/tmp', '--files-from', '/dev/null'], 'the list: expected at least one path, got none'],
    [['--mount', '/tmp', '--rules', '/nowhere/rules'], '--rules /nowhere/rules: ENOENT'],
    [['--mount', '/tmp', '--manifest', '/dev/null'], '/dev/null, line 1'],
  ])('refuses what can not be read or goes with nothing: %j', async (args, said) => {
    const { code, stdout, stderr } = await warm(...args)
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(said) })
    expect(leftovers()).toEqual([])
  })

  test('applies patterns and reports them in words', async () => {
    const { code, stdout } = await warm(lab.exportFolder, '--include', 'f1.dat,f2.dat', '--exclude', 'f2*')
    expect(code).toBe(0)
    expect(stdout).toMatch(/\b5 files\b/)
  })

  test('of a path that is missing in one mount reports it, and fails', async () => {
    const empty = join(lab.folder, 'empty')
    mkdirSync(empty)
    const { code, stdout } = await warm('--mount', lab.exportFolder, '--mount', empty, '/group-2', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'completed with failures', files: 0 })
    expect(leftovers()).toEqual([])
  })

  test.each([['/nowhere/at/all'], ['--mount', '/nowhere/at/all']])(
    'of what is not there ends with 2: %s',
    async (...args) => {
      const { code, stdout, stderr } = await warm(...args)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toContain('/nowhere/at/all: there is no such file or folder')
      expect(leftovers()).toEqual([])
    },
  )
})

const counts = ({ files, bytes }: MadeTree) => ({ files, bytes, failures: 0 })
