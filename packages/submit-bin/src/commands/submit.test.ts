import { decodeJob } from '@cachewarmer/core'
import { names } from '@cachewarmer/service/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hurriedClock, runHere } from '../testing/here.ts'
import { fixture, jobArguments as job, openQueueFile, type QueueFile, words } from '../testing/queue-file.ts'
import type { Finished } from '../testing/spoken.ts'
import { shellWord, statusCommand } from '../wait.ts'

let queues: QueueFile
beforeEach(() => {
  queues = openQueueFile(hurriedClock)
})
afterEach(() => queues.remove())

/** The program on the queues of this test. */
const run = (...argv: string[]): Promise<Finished> => runHere([...argv, ...queues.arguments]).finished

describe('submitting', () => {
  test('sends exactly one message, and says how the job is called', async () => {
    const { code, stdout, stderr } = await run(...job, '--job-id', 'night')
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'Submitted as night. To see its progress: cachewarmer-submit status night --wait\n',
      stderr: '',
    })
    expect(await queues.bodies(names.job)).toEqual([
      '{"WarmTargetMountAddresses":["10.0.1.11","10.0.1.12"],"WarmTargetExportPath":"/animation",' +
        '"WarmTargetPath":"/scene1","InclusionList":[],"ExclusionList":[],"MaxFileSizeBytes":0,"JobId":"night"}',
    ])
    expect(await queues.service.list('')).toEqual([names.job])
  })

  test('takes the command by its name, every option, and options of the queue in between', async () => {
    const { code, stderr } = await runHere([
      ...words('submit --addresses 10.0.1.11'),
      ...queues.arguments,
      '--addresses',
      ' cache-2 , cache-3',
      ...words('--export=/animation --path /a,b --path /c --include *.exr,*.tif --include x/** --exclude *.tmp'),
      ...words('--exclude-directories old --max-file-size-bytes 9 --min-file-size-bytes 1 --head-bytes 4096'),
      ...words('--modified-since 2026-01-31T08:00:00Z --through spread --weight 20'),
    ]).finished
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [body = ''] = await queues.bodies(names.job)
    expect(decodeJob(body)).toEqual({
      warnings: [],
      job: {
        addresses: ['10.0.1.11', 'cache-2', 'cache-3'],
        exportPath: '/animation',
        paths: ['/a,b', '/c'],
        include: ['*.exr', '*.tif', 'x/**'],
        exclude: ['*.tmp'],
        excludeDirectories: ['old'],
        maxFileSizeBytes: 9,
        minFileSizeBytes: 1,
        modifiedSince: '2026-01-31T08:00:00Z',
        headBytes: 4_096,
        through: 'spread',
        mode: 'data',
        symlinks: 'none',
        weight: 20,
        jobId: 'job-aaaaaaaa',
      },
    })
  })

  test.each(["Anna's night", '-dash', '--wait'])(
    'a job may be called %s, and asked for by that name',
    async (label) => {
      const { code, stdout } = await run(...job, `--job-id=${label}`)
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: `Submitted as ${shellWord(label)}. To see its progress: ${statusCommand(label)}\n`,
      })
      const asked = await runHere(['status', ...queues.arguments, '--', label]).finished
      expect(asked).toEqual({ code: 0, stdout: 'Waiting for a manager.\n', stderr: '' })
    },
  )

  test('as JSON says the ids, for programs', async () => {
    const { code, stdout } = await run(...job, '--json')
    const [message] = await queues.service.queue(names.job).peek({ max: 2 })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ jobId: decodeJob(message?.body ?? '').job.jobId, messageId: message?.id })
  })

  test('takes a job from a file, and what is named beside it from the options', async () => {
    const files = { 'job.json': fixture('job-2.json') }
    const { code } = await runHere(['--job', 'job.json', '--job-id', 'file', ...queues.arguments], { files }).finished
    expect(code).toBe(0)
    const jobs = (await queues.bodies(names.job)).map((body) => decodeJob(body).job)
    expect(jobs).toEqual([{ ...decodeJob(fixture('job-2.json')).job, jobId: 'file' }])
  })

  test('says on standard error what is odd about a job', async () => {
    const { code, stderr } = await run(...job, '--path', '/scene1/sub')
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'warning: "/scene1/sub" lies inside "/scene1" and is warmed with it\n',
    })
  })

  test('logs what it did when asked to', async () => {
    const { stderr } = await run(...job, '--job-id', 'night', '--debug')
    expect(JSON.parse(stderr)).toMatchObject({ level: 'debug', msg: 'submitted', jobId: 'night' })
  })
})

describe("the original's command line", () => {
  const first = [
    ...words('-warmTargetMountAddresses 10.0.1.11,10.0.1.12,10.0.1.13 -warmTargetExportPath /exp'),
    ...words('-storageAccountResourceGroup rg -queueNamePrefix studio -queueNamePrefix=studio'),
  ]
  const lists = ['-inclusionCsv', '*.exr, *.dat,', '-exclusionCsv=*.tmp']

  test.each([
    ['job-1.json', words('-warmTargetPath /')],
    ['job-2.json', [...lists, ...words('-warmTargetPath=/few --maxFileSizeBytes 1048576')]],
  ])('sends the message of the original, byte for byte: %s', async (sample, rest) => {
    const result = await runHere([...first, ...rest, '-blockUntilWarm=false', '--queue', queues.url]).finished
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(await queues.bodies(names.job)).toEqual([fixture(sample)])
  })
})

describe('bad input', () => {
  const tooMany = Array.from({ length: 900 }, (_, at) => `name-of-a-file-${at}.exr`).join(',')
  const withOut = (option: string): string[] => job.toSpliced(job.indexOf(option), 2)

  test.each<[string[], RegExp]>([
    [[], /3 problems\n {2}--addresses: .*\n {2}--export: .*\n {2}--path: /],
    [withOut('--addresses'), /--addresses: expected at least one address, got nothing/],
    [withOut('--export'), /--export: expected the path of an export.*got nothing/],
    [withOut('--path'), /--path: expected a path within the export.*got nothing/],
    [[...job, '--addresses', 'bad_name'], /--addresses: expected an IPv4.*got "bad_name"/],
    [[...job, '--addresses', '10.0.0.1; rm -rf /'], /--addresses: .*got "10\.0\.0\.1; rm -rf \/"/],
    [[...job, '--path', '/../../etc'], /--path: expected a path without "\.\.", got "\/\.\.\/\.\.\/etc"/],
    [[...job, '--include', '[a'], /--include: .*got "\[a"/],
    [[...job, '--include', tooMany], /job: expected at most 16384 bytes.*got "\d+ bytes"/],
    [
      [...job, '--max-file-size-bytes', '-1'],
      /'--max-file-size-bytes <n>' argument '-1' is invalid\. Expected a whole/,
    ],
    [[...job, '--head-bytes', '1.5'], /'--head-bytes <n>' argument '1\.5' is invalid/],
    [
      [...job, '--min-file-size-bytes', '2', '--max-file-size-bytes', '1'],
      /--min-file-size-bytes: expected no more than/,
    ],
    [[...job, '--modified-since', '2026-02-30T00:00:00Z'], /--modified-since: .*got "2026-02-30T00:00:00Z"/],
    [[...job, '--through', 'some'], /--through: expected "each" or "spread", got "some"/],
    [[...job, '--job-id', 'a\nb'], /--job-id: .*got "a\\nb"/],
    [[...job, '--weight', '0'], /--weight: expected a whole number from 1 to 100, got 0/],
    [[...job, '--nope'], /unknown option '--nope'/],
    [[...job, 'extra'], /too many arguments/],
    [['lsit'], /too many arguments.*lsit/],
    [['--job', '/nowhere/job.json'], /--job \/nowhere\/job\.json: ENOENT/],
    [['--job', '-'], /--job standard input: ENOENT/],
    [['cancel'], /missing required argument 'job'/],
    [['list', '--path', '/x'], /unknown option '--path'/],
    [['-warmTargetPath'], /-warmTargetPath: expected a value after it/],
    [[...job, '-blockUntilWarm=maybe'], /-blockUntilWarm: expected true or false, got "maybe"/],
    [[...job, '--queue-name-prefix', 'Bad_'], /prefix: expected 2 to 43.*got "Bad_"/],
    [[...job, '--queue', 'ftp://x'], /ftp:/],
  ])('%j is refused: exit code 2, a clear message, and nothing is sent', async (argv, message) => {
    const { code, stdout, stderr } = await runHere([...queues.arguments, ...argv]).finished
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(await queues.service.list('')).toEqual([])
  })

  test('a file of a job with an unknown key is refused', async () => {
    const files = { 'typo.json': fixture('job-1.json').replace('Addresses', 'Address') }
    const { code, stderr } = await runHere(['--job', 'typo.json', ...queues.arguments], { files }).finished
    expect(stderr).toMatch(/WarmTargetMountAddress: expected no such key, got a list of 3/)
    expect(code).toBe(2)
    expect(await queues.service.list('')).toEqual([])
  })

  test.each([
    [['--queue-name-prefix', 'studio'], /no queue: give --queue/],
    [['--queue', 'sqlite:x.db'], /no queue prefix/],
  ])('%j alone names no queue', async (argv, message) => {
    const { code, stderr } = await runHere([...job, ...argv]).finished
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })
})
