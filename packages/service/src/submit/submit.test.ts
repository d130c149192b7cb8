import { decodeJob, isCoreError } from '@cachewarmer/core'
import { describe, expect, test } from 'vitest'
import { submitJob } from './submit.ts'
import { aJob, aWorld, names, prefix } from './testing/builders.ts'

const sent = async (service: ReturnType<typeof aWorld>['service']) =>
  (await service.queue(names.job).peek({ max: 32 })).map(({ id, body }) => ({ id, body }))

describe('submitJob', () => {
  test('makes the job queue and puts the job in it', async () => {
    const { service } = aWorld()
    const { jobId, messageId } = await submitJob(service, prefix, aJob({ jobId: 'night' }))
    expect(jobId).toBe('night')
    const [message, ...others] = await sent(service)
    expect(others).toEqual([])
    expect(message?.id).toBe(messageId)
    expect(decodeJob(message?.body ?? '')).toEqual({ job: aJob({ jobId: 'night' }), warnings: [] })
  })

  test('gives a job without label one of its own', async () => {
    const { service } = aWorld()
    const { jobId } = await submitJob(service, prefix, aJob(), { random: () => 0 })
    expect(jobId).toBe('job-aaaaaaaa')
    expect(decodeJob((await sent(service))[0]?.body ?? '').job.jobId).toBe('job-aaaaaaaa')
  })

  test('leaves a label as it is', async () => {
    const { service } = aWorld()
    expect(await submitJob(service, prefix, aJob({ jobId: 'mine' }), { random: () => 0 })).toMatchObject({
      jobId: 'mine',
    })
  })

  test("without randomness a job goes by its message, and its text is the original's", async () => {
    const { service } = aWorld()
    const { jobId, messageId } = await submitJob(service, prefix, aJob())
    expect(jobId).toBe(messageId)
    expect((await sent(service))[0]?.body).toBe(
      '{"WarmTargetMountAddresses":["10.0.1.11","10.0.1.12"],"WarmTargetExportPath":"/animation",' +
        '"WarmTargetPath":"/scene1","InclusionList":[],"ExclusionList":[],"MaxFileSizeBytes":0}',
    )
  })

  test('refuses a job that a manager would refuse, and sends nothing', async () => {
    const { service } = aWorld()
    const job = { ...aJob(), addresses: [], paths: ['/../etc'] }
    const error: unknown = await submitJob(service, prefix, job).catch((reason: unknown) => reason)
    expect(isCoreError(error) && error.code).toBe('JOB_INVALID')
    expect(await service.list('')).toEqual([])
  })

  test('refuses a job that no message can hold, and sends nothing', async () => {
    const { service } = aWorld()
    const job = { ...aJob(), include: Array.from({ length: 9_000 }, (_, at) => `name-${at}.exr`) }
    await expect(submitJob(service, prefix, job)).rejects.toMatchObject({ code: 'TOO_LARGE' })
    expect(await service.list('')).toEqual([])
  })

  test('refuses a prefix that no queue can have', async () => {
    await expect(submitJob(aWorld().service, 'Bad_', aJob())).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })

  test('an aborted submission ends with its reason', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(submitJob(aWorld().service, prefix, aJob(), { signal })).rejects.toThrow('enough')
  })
})
