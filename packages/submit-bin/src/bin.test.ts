import { decodeJob } from '@cachewarmer/core'
import { systemClock } from '@cachewarmer/queue'
import { anEnded, names, withCounts } from '@cachewarmer/service/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { start } from './testing/child.ts'
import { fixture, jobArguments as job, openQueueFile, type QueueFile, words } from './testing/queue-file.ts'
import type { Finished } from './testing/spoken.ts'

/* The built program as people start it. `program.test.ts` has every case of its commands. */

let queues: QueueFile
beforeEach(() => {
  queues = openQueueFile(systemClock)
})
afterEach(() => queues.remove())

const begin = (...argv: string[]) => start([...argv, ...queues.arguments])
const run = (...argv: string[]): Promise<Finished> => begin(...argv).finished

describe('the built program', () => {
  test('sends exactly one message, and says how the job is called', async () => {
    expect(await run(...job, '--job-id', 'night')).toEqual({
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

  test('takes queue and prefix from the environment, and a job from standard input', async () => {
    const env = { CACHEWARMER_QUEUE: queues.url, QUEUE_PREFIX: 'studio' }
    const { code, stderr } = await start(['--job', '-'], { env, stdin: fixture('job-2.json') }).finished
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [body = ''] = await queues.bodies(names.job)
    expect(decodeJob(body).job).toEqual({
      ...decodeJob(fixture('job-2.json')).job,
      jobId: expect.stringMatching(/^job-[a-z0-9]{8}$/),
    })
  })

  test('gives every job a label of its own', async () => {
    await Promise.all([run(...job), run(...job)])
    const labels = (await queues.bodies(names.job)).map((body) => decodeJob(body).job.jobId)
    expect(new Set(labels).size).toBe(2)
  })

  test("understands the original's flags, and waits with -blockUntilWarm", async () => {
    const waiting = start([
      ...words('-warmTargetMountAddresses 10.0.1.11,10.0.1.12,10.0.1.13 -warmTargetExportPath /exp'),
      ...words('-warmTargetPath / -blockUntilWarm -queueNamePrefix studio --queue'),
      queues.url,
    ])
    await waiting.said('waiting for a manager')
    const [message] = await queues.service.queue(names.job).peek({ max: 1 })
    expect(message?.body).toBe(fixture('job-1.json'))
    await queues.posts.post(withCounts(anEnded('warmed', { jobMessageId: message?.id ?? '' }), { files: 20 }))
    expect(await waiting.finished).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Warmed\. Each of 20 files was read through 2 of 2 addresses\.\n/),
    })
  })

  test('exits with 1 when the job did not warm everything', async () => {
    await queues.posts.post(anEnded('completed with failures', { label: 'night' }))
    expect(await run('status', 'night', '--wait')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^Completed/),
    })
  })

  test.each([
    [['--path', '/x'], /^cachewarmer-submit: 2 problems\n {2}--addresses: .*\n {2}--export: .*\n$/],
    [[...job, '--xyzzy'], /^error: unknown option '--xyzzy'\n$/],
    [['status', 'nihgt'], /^cachewarmer-submit: "nihgt": no run and no waiting job goes by this name\n$/],
  ])('refuses %j with exit code 2', async (argv, message) => {
    const { code, stdout, stderr } = await run(...argv)
    const hint = "Try 'cachewarmer-submit --help' for every option.\n"
    expect(stderr.slice(-hint.length)).toBe(hint)
    expect(stderr.slice(0, -hint.length)).toMatch(message)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(await queues.service.list('')).toEqual([])
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('stops the waiting alone on %s, and says so', async (signal) => {
    const waiting = begin(...job, '--job-id', 'night', '--wait')
    await waiting.said('waiting for a manager')
    waiting.child.kill(signal)
    const { code, stdout, stderr } = await waiting.finished
    expect(stderr).toContain(
      'Stopped waiting; the job continues. To see it again: cachewarmer-submit status night --wait\n',
    )
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(await queues.bodies(names.job)).toHaveLength(1)
  })

  test('bears that its reader leaves early', async () => {
    await queues.posts.post(anEnded('warmed'))
    const { child, finished } = begin('list')
    child.stdout?.destroy()
    expect(await finished).toMatchObject({ code: 0, stderr: '' })
  })

  test('says its version', async () => {
    expect(await run('--version')).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' })
  })
})
