import { isUsageError } from '@cachewarmer/cli'
import { isCoreError, type Problem } from '@cachewarmer/core'
import { describe, expect, test } from 'vitest'
import { aJob } from '../testing/builders.ts'
import type { JobSettings } from './job-options.ts'
import { readJob } from './read-job.ts'

const given = { addresses: ['10.0.1.11', '10.0.1.12'], export: '/animation', path: ['/scene1'] }
const noFile = () => Promise.reject(new Error('no file was named'))
const fromOptions = (settings: JobSettings) => readJob(settings, noFile)
const fromFile = (value: unknown, settings: JobSettings = {}) =>
  readJob({ job: 'job.json', ...settings }, async () => (typeof value === 'string' ? value : JSON.stringify(value)))

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

  test('may begin with a byte order mark', async () => {
    expect((await fromFile(`\uFEFF${JSON.stringify(seed)}`)).job).toEqual(aJob())
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
    ['[]', /expected a JSON object, got a list$/],
    ['null', /expected a JSON object, got null$/],
    ['1', /expected a JSON object, got 1$/],
  ])('is refused when it holds %j', async (text, message) => {
    await expect(fromFile(text)).rejects.toThrow(message)
    await expect(fromFile(text)).rejects.toSatisfy(isUsageError)
  })

  test('is refused when it can not be read', async () => {
    const reading = readJob({ job: 'missing.json' }, () => Promise.reject(new Error('ENOENT: no such file')))
    await expect(reading).rejects.toThrow('--job missing.json: ENOENT: no such file')
  })

  test('of a dash is standard input', async () => {
    const asked: string[] = []
    const reading = readJob({ job: '-' }, async (file) => {
      asked.push(file)
      return 'x'
    })
    await expect(reading).rejects.toThrow(/^--job standard input: /)
    expect(asked).toEqual(['-'])
  })
})
