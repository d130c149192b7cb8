import { decodeControl } from '@cachewarmer/core'
import type { QueueService } from '@cachewarmer/queue'
import { describe, expect, test } from 'vitest'
import { cancelJob, changeJob, pauseJob, resumeJob } from './control.ts'
import { submitJob } from './submit.ts'
import { aJob, anEnded, aStatus, aWorld, names, prefix } from './testing/builders.ts'

const sent = async (service: QueueService) =>
  (await service.queue(names.control).peek({ max: 32 })).map(({ body }) => decodeControl(body))

describe.each([
  ['cancel', cancelJob],
  ['pause', pauseJob],
  ['resume', resumeJob],
] as const)('%sJob', (command, send) => {
  test.each(['night', 'run000000001', 'm1'])('asks for the job whose run goes by %s', async (target) => {
    const { service, posts } = aWorld()
    await posts.post(aStatus({ label: 'night' }))
    expect(await send(service, prefix, target)).toEqual({ messageId: 'm1', where: 'running' })
    expect(await sent(service)).toEqual([{ v: 1, command, target: 'm1' }])
  })

  test('refuses a name that nothing goes by, and sends nothing', async () => {
    const { service, posts } = aWorld()
    await posts.post(aStatus({ label: 'night' }))
    await submitJob(service, prefix, aJob({ jobId: 'day' }))
    await expect(send(service, prefix, 'nihgt')).rejects.toMatchObject({
      name: 'SubmitError',
      code: 'JOB_UNKNOWN',
      message: '"nihgt": no run and no waiting job goes by this name',
    })
    expect(await service.list(names.control)).toEqual([])
  })

  test('refuses a job that has ended, and says how', async () => {
    const { service, posts } = aWorld()
    await posts.post(anEnded('completed with failures', { label: 'night' }))
    await expect(send(service, prefix, 'night')).rejects.toMatchObject({
      code: 'JOB_ENDED',
      message: `"night": there is nothing to ${command}, it has ended: completed with failures`,
    })
  })

  test('refuses a label of two jobs that have not ended, and names them', async () => {
    const { service, posts } = aWorld()
    await posts.post(aStatus({ label: 'night' }))
    await posts.post(aStatus({ label: 'night', run: 'run000000002', jobMessageId: 'm2', state: 'paused' }))
    await expect(send(service, prefix, 'night')).rejects.toMatchObject({
      code: 'JOB_AMBIGUOUS',
      message: expect.stringMatching(/^"night": 2 jobs go by this label; say which: .*m2 \(paused\)/),
    })
  })

  test('means the job that has not ended, where a label was used before', async () => {
    const { service, posts } = aWorld()
    await posts.post(anEnded('warmed', { label: 'night', jobInsertedAtMs: Date.UTC(2027, 0, 1) }))
    await posts.post(aStatus({ label: 'night', run: 'run000000002', jobMessageId: 'm2' }))
    expect(await send(service, prefix, 'night')).toEqual({ messageId: 'm2', where: 'running' })
  })

  test('takes two runs of one job for one job', async () => {
    const { service, posts } = aWorld()
    await posts.post(aStatus({ label: 'night' }))
    await posts.post(aStatus({ label: 'night', run: 'run000000002', updatedAtMs: Date.UTC(2026, 0, 2) }))
    expect(await send(service, prefix, 'night')).toEqual({ messageId: 'm1', where: 'running' })
  })

  test('an aborted call ends with its reason', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(send(aWorld().service, prefix, 'night', { signal })).rejects.toThrow('enough')
  })
})

describe('a job that a manager has just taken', () => {
  test('is looked for again, where there is a clock to do so', async () => {
    const { clock, service, posts } = aWorld()
    const { messageId } = await submitJob(service, prefix, aJob({ jobId: 'night' }))
    await service.queue(names.job).receive({ max: 1, leaseMs: 60_000 })
    await expect(cancelJob(service, prefix, 'night')).rejects.toMatchObject({ code: 'JOB_UNKNOWN' })
    const cancelling = cancelJob(service, prefix, 'night', { clock })
    await clock.advance(2_000)
    await posts.post(aStatus({ label: 'night', jobMessageId: messageId }))
    expect(await clock.run(cancelling)).toEqual({ messageId, where: 'running' })
  })

  test('is given up after three seconds, at once where no manager holds any', async () => {
    const { clock, service } = aWorld()
    const startMs = clock.now()
    await submitJob(service, prefix, aJob())
    await expect(clock.run(cancelJob(service, prefix, 'night', { clock }))).rejects.toMatchObject({
      code: 'JOB_UNKNOWN',
    })
    expect(clock.now()).toBe(startMs)
    await service.queue(names.job).receive({ max: 1, leaseMs: 60_000 })
    await expect(clock.run(cancelJob(service, prefix, 'night', { clock }))).rejects.toMatchObject({
      code: 'JOB_UNKNOWN',
    })
    expect(clock.now()).toBe(startMs + 3_000)
  })
})

describe('a job that no manager has taken yet', () => {
  test('can be cancelled by its label', async () => {
    const { service } = aWorld()
    const { messageId } = await submitJob(service, prefix, aJob({ jobId: 'night' }))
    expect(await cancelJob(service, prefix, 'night')).toEqual({ messageId, where: 'waiting' })
    expect(await sent(service)).toEqual([{ v: 1, command: 'cancel', target: messageId }])
  })

  test('can be cancelled by its message, also when it is unreadable', async () => {
    const { service } = aWorld()
    await service.create(names.job)
    const { id } = await service.queue(names.job).send('no job at all')
    expect(await cancelJob(service, prefix, id)).toEqual({ messageId: id, where: 'waiting' })
  })

  test.each([
    ['paused', pauseJob],
    ['resumed', resumeJob],
  ] as const)('can not be %s', async (done, send) => {
    const { service } = aWorld()
    await submitJob(service, prefix, aJob({ jobId: 'night' }))
    await expect(send(service, prefix, 'night')).rejects.toMatchObject({
      code: 'JOB_WAITING',
      message: `"night": still waits in the queue; it can be cancelled, but not ${done}`,
    })
    expect(await service.list(names.control)).toEqual([])
  })

  test('can be cancelled unseen where more wait than a peek shows', async () => {
    const { service } = aWorld()
    for (let at = 0; at < 33; at++) await submitJob(service, prefix, aJob({ jobId: `job-${at}` }))
    expect(await cancelJob(service, prefix, 'job-32')).toEqual({ messageId: 'job-32', where: 'unseen' })
    await expect(pauseJob(service, prefix, 'job-32')).rejects.toMatchObject({ code: 'JOB_UNKNOWN' })
  })
})

describe('changeJob', () => {
  test('asks for what is to change, and for nothing else; null lifts a ceiling', async () => {
    const { service, posts } = aWorld()
    await posts.post(aStatus({ label: 'night' }))
    await changeJob(service, prefix, 'night', { weight: 30, maxWorkers: 2, maxBytesPerSecond: null })
    await changeJob(service, prefix, 'night', { maxRequestsPerSecond: 500 })
    expect(await sent(service)).toEqual([
      { v: 1, command: 'change', target: 'm1', weight: 30, ceilings: { maxWorkers: 2, maxBytesPerSecond: 0 } },
      { v: 1, command: 'change', target: 'm1', ceilings: { maxRequestsPerSecond: 500 } },
    ])
  })

  test.each([
    [{ maxWorkers: 0 }, 'maxWorkers'],
    [{ maxBytesPerSecond: -1 }, 'maxBytesPerSecond'],
    [{ maxRequestsPerSecond: 1.5 }, 'maxRequestsPerSecond'],
    [{ maxBytesPerSecond: Number.NaN }, 'maxBytesPerSecond'],
    [{ weight: 0 }, 'weight'],
    [{ weight: 101 }, 'weight'],
    [{}, 'change'],
  ])('refuses %j, and sends nothing', async (change, field) => {
    const { service, posts } = aWorld()
    await posts.post(aStatus({ label: 'night' }))
    await expect(changeJob(service, prefix, 'night', change)).rejects.toMatchObject({
      name: 'CoreError',
      code: 'OPTION_INVALID',
      problems: [expect.objectContaining({ field })],
    })
    expect(await service.list(names.control)).toEqual([])
  })

  test('refuses a job that waits, has ended or is unknown', async () => {
    const { service, posts } = aWorld()
    await posts.post(anEnded('warmed', { label: 'night' }))
    await submitJob(service, prefix, aJob({ jobId: 'day' }))
    const code = async (target: string) =>
      changeJob(service, prefix, target, { weight: 2 }).catch((error: { code: string }) => error.code)
    expect([await code('night'), await code('day'), await code('nihgt')]).toEqual([
      'JOB_ENDED',
      'JOB_WAITING',
      'JOB_UNKNOWN',
    ])
  })
})
