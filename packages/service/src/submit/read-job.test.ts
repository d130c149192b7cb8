import { isCoreError, type Problem, type ReadJob } from '@cachewarmer/core'
import { describe, expect, test } from 'vitest'
import { isUsageError } from '../cli/exit-code.ts'
import type { Files } from '../cli/files.ts'
import type { JobSettings } from '../cli/job-options.ts'
import { aJob } from '../testing/index.ts'
import { readJob } from './read-job.ts'

const given = { addresses: ['10.0.1.11', '10.0.1.12'], export: '/animation', path: ['/scene1'] }
/** Files by their names; others are missing. */
const files = (texts: Readonly<Record<string, string>>): Files => ({
  readText: async (file) => texts[file] ?? Promise.reject(new Error('ENOENT: no such file')),
  async *readBytes(file) {
    const text = texts[file]
    if (text === undefined) throw Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', syscall: 'open' })
    yield Buffer.from(text)
  },
})
const fromOptions = (settings: JobSettings) => jobOf(settings, {})
const jobOf = async (settings: JobSettings, texts: Readonly<Record<string, string>>): Promise<ReadJob> => {
  const { listed: _, ...read } = await readJob(settings, files(texts))
  return read
}
const fromFile = (value: unknown, settings: JobSettings = {}) =>
  jobOf({ job: 'job.json', ...settings }, { 'job.json': typeof value === 'string' ? value : JSON.stringify(value) })

const problemsOf = async (reading: Promise<unknown>): Promise<readonly Problem[]> => {
  const error: unknown = await reading.catch((reason: unknown) => reason)
  if (!isCoreError(error)) throw new Error('expected a CoreError', { cause: error })
  return error.problems
}

describe('a job from options', () => {
  test('needs addresses, an export and a path, and no more', async () => {
    expect(await fromOptions(given)).toEqual({ job: aJob(), warnings: [] })
  })

  test('takes every field from its option', async () => {
    const rest = {
      include: ['*.exr'],
      exclude: ['*.tmp'],
      excludeDirectories: ['cache'],
      maxFileSizeBytes: 9,
      minFileSizeBytes: 1,
      modifiedSince: '2026-01-31T08:00:00Z',
      headBytes: 4_096,
      through: 'spread' as const,
      jobId: 'night',
      weight: 20,
      maxBytesPerSecond: 500_000_000,
      maxRequestsPerSecond: 2_000,
      maxWorkers: 4,
    }
    const { job } = await fromOptions({ ...given, ...rest, path: ['/scene1', '/scene2'] })
    expect(job).toEqual(aJob({ ...rest, paths: ['/scene1', '/scene2'] }))
  })

  test('passes on what is odd', async () => {
    const { warnings } = await fromOptions({ ...given, path: ['/scene1', '/scene1/sub'] })
    expect(warnings).toEqual(['"/scene1/sub" lies inside "/scene1" and is warmed with it'])
  })

  test('says every problem by the names of the options', async () => {
    expect(await problemsOf(fromOptions({}))).toEqual([
      { field: '--addresses', value: 'nothing', expected: 'at least one address' },
      { field: '--export', value: 'nothing', expected: expect.stringContaining('begins with "/"') },
      { field: '--path', value: 'nothing', expected: expect.stringContaining('a path within the export') },
    ])
  })

  test.each<[JobSettings, string, string]>([
    [{ addresses: ['10.0.1.11', 'bad_name'] }, '--addresses', '"bad_name"'],
    [{ export: 'animation' }, '--export', '"animation"'],
    [{ path: ['/scene1', '/../etc'] }, '--path', '"/../etc"'],
    [{ include: ['[a'] }, '--include', '"[a"'],
    [{ exclude: ['['] }, '--exclude', '"["'],
    [{ excludeDirectories: ['['] }, '--exclude-directories', '"["'],
    [{ minFileSizeBytes: 2, maxFileSizeBytes: 1 }, '--min-file-size-bytes', '2'],
    [{ modifiedSince: 'yesterday' }, '--modified-since', '"yesterday"'],
    [{ headBytes: 0 }, '--head-bytes', '0'],
    [{ through: 'some' }, '--through', '"some"'],
    [{ jobId: 'a\u0007b' }, '--job-id', '"a\\u0007b"'],
    [{ weight: 101 }, '--weight', '101'],
  ])('%j is refused by the name of its option', async (settings, field, value) => {
    expect(await problemsOf(fromOptions({ ...given, ...settings }))).toEqual([
      { field, value, expected: expect.stringMatching(/./) },
    ])
  })
})

describe('a job from a file', () => {
  const seed = {
    WarmTargetMountAddresses: ['10.0.1.11', '10.0.1.12'],
    WarmTargetExportPath: '/animation',
    WarmTargetPath: '/scene1',
  }

  test('has the fields of the message', async () => {
    expect(await fromFile(seed)).toEqual({ job: aJob(), warnings: [] })
  })

  test('gives way to options, however its keys are written', async () => {
    const { job, warnings } = await fromFile(
      { ...seed, warmtargetpath: '/old', WARMTARGETPATHS: ['/older'], jobid: 'old' },
      { path: ['/new'], jobId: 'new' },
    )
    expect(job).toEqual(aJob({ paths: ['/new'], jobId: 'new' }))
    expect(warnings).toEqual([])
  })

  test('says problems by the names in the file', async () => {
    expect(await problemsOf(fromFile({ ...seed, WarmTargetPath: '/..', Weight: '1' }))).toMatchObject([
      { field: 'WarmTargetPath', value: '"/.."' },
      { field: 'Weight', value: '"1"' },
    ])
  })

  test('may have no unknown key', async () => {
    expect(await problemsOf(fromFile({ ...seed, WarmTargetPth: '/x' }))).toEqual([
      { field: 'WarmTargetPth', value: '"/x"', expected: 'no such key' },
    ])
  })

  test.each([
    ['', /^--job job\.json: .*JSON/],
    ['{', /^--job job\.json: .*JSON/],
    ['[]', /expected a JSON object, got an empty list$/],
    ['null', /expected a JSON object, got null$/],
    ['1', /expected a JSON object, got 1$/],
    ['"\u001b[2J"', /^--job job\.json: [ -~]+$/],
    ['\u001b[2J', /^--job job\.json: [ -~]+$/],
  ])('is refused when it holds %j', async (text, message) => {
    await expect(fromFile(text)).rejects.toThrow(message)
    await expect(fromFile(text)).rejects.toSatisfy(isUsageError)
  })

  test('is refused when it can not be read', async () => {
    const reading = readJob({ job: 'missing.json' }, files({}))
    await expect(reading).rejects.toThrow('--job missing.json: ENOENT: no such file')
  })

  test('of a dash is standard input', async () => {
    await expect(readJob({ job: '-' }, files({ '-': 'x' }))).rejects.toThrow(/^--job standard input: /)
  })
})

const listOf = async (settings: JobSettings, texts: Readonly<Record<string, string>>): Promise<string[]> => {
  const { listed } = await readJob({ ...given, ...settings }, files(texts))
  const paths: string[] = []
  for await (const some of listed?.() ?? []) paths.push(...some.map(({ path }) => path))
  return paths
}

describe('a list', () => {
  test('needs no path beside it, and is opened when it is sent', async () => {
    const { path: _, ...rest } = given
    const { job, listed } = await readJob({ ...rest, filesFrom: 'missing' }, files({}))
    expect([job.paths, job.list]).toEqual([[], undefined])
    await expect(listed?.()[Symbol.asyncIterator]().next()).rejects.toThrow('--files-from missing: ENOENT')
    await expect(listed?.()[Symbol.asyncIterator]().next()).rejects.toSatisfy(isUsageError)
  })

  test('comes after the files of a manifest', async () => {
    const manifest = JSON.stringify({ files: ['/animation/b', '/animation/a'] })
    const settings = { filesFrom: '-', manifest: 'prime.json' }
    expect(await listOf(settings, { '-': '/c\n', 'prime.json': manifest })).toEqual(['/b', '/a', '/c'])
  })

  test.each([
    [{ filesFrom: '-', rules: '-' }, 'standard input: expected for one'],
    [{ null: true }, '--null: expected with --files-from'],
    [{ job: 'a', manifest: 'b' }, '--manifest: expected without --job'],
    [{ manifest: 'missing' }, '--manifest missing: ENOENT'],
    [{ rules: 'missing' }, '--rules missing: ENOENT'],
  ] as [JobSettings, string][])('with %j is refused: %s', async (settings, said) => {
    await expect(readJob({ ...given, ...settings }, files({}))).rejects.toThrow(said)
  })
})

test('a rule file leaves its comments behind, and names the line of a bad rule', async () => {
  const { job } = await jobOf({ ...given, rules: 'rules' }, { rules: '# no\r\n*.bak\r\n\r\n!x.bak' })
  expect(job.ignoreRules).toEqual(['*.bak', '!x.bak'])
  await expect(jobOf({ ...given, rules: 'rules' }, { rules: '*.bak\n[a\n' })).rejects.toThrow('rules, line 2: expected')
})

test('options replace what a manifest sets', async () => {
  const { path: _, ...rest } = given
  const text = JSON.stringify({ config: { cache_mode: 2 }, directories: [{ path: '/animation/x' }] })
  expect((await jobOf({ ...rest, manifest: 'm' }, { m: text })).job).toMatchObject({ mode: 'estimate', paths: ['/x'] })
  expect((await jobOf({ ...rest, manifest: 'm', mode: 'data' }, { m: text })).job).toMatchObject({ mode: 'data' })
})
