import { describe, expect, test } from 'vitest'
import { submitJob } from './submit.ts'
import { findCandidates } from './target.ts'
import { aJob, anEnded, aStatus, aWorld, names, prefix } from './testing/builders.ts'

describe('findCandidates', () => {
  test('shows the run of a job that was written last, whatever the order of the queues', async () => {
    const { service, posts } = aWorld()
    await posts.post(aStatus({ run: 'aaa000000001', label: 'night', updatedAtMs: 2 }))
    await posts.post(aStatus({ run: 'bbb000000001', label: 'night', updatedAtMs: 1 }))
    await posts.post(aStatus({ run: 'ccc000000002', label: 'day', jobMessageId: 'm2', updatedAtMs: 1 }))
    await posts.post(aStatus({ run: 'ddd000000002', label: 'day', jobMessageId: 'm2', updatedAtMs: 2 }))
    const runsOf = async (target: string) =>
      (await findCandidates(service, names, target)).jobs.map(({ status }) => status?.run)
    expect(await runsOf('night')).toEqual(['aaa000000001'])
    expect(await runsOf('day')).toEqual(['ddd000000002'])
  })

  test('puts a job that goes on before one that was submitted later and has ended', async () => {
    const { service, posts } = aWorld()
    await posts.post(anEnded('warmed', { label: 'night', jobMessageId: 'm2', jobInsertedAtMs: 2 }))
    await posts.post(aStatus({ run: 'run000000002', label: 'night', jobMessageId: 'm1', jobInsertedAtMs: 1 }))
    const { jobs } = await findCandidates(service, names, 'night')
    expect(jobs.map(({ messageId }) => messageId)).toEqual(['m1', 'm2'])
  })

  test('a job that waits again, because its manager died, goes by its run', async () => {
    const { service, posts } = aWorld()
    const { messageId } = await submitJob(service, prefix, aJob({ jobId: 'night' }))
    await posts.post(aStatus({ label: 'night', jobMessageId: messageId }))
    const { jobs } = await findCandidates(service, names, 'night')
    expect(jobs).toMatchObject([{ messageId, status: { run: 'run000000001' } }])
  })
})
