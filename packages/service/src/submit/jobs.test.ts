import { Prefix, type RunStatus } from '@cachewarmer/core'
import { QueueError, type QueueService } from '@cachewarmer/queue'
import { describe, expect, test } from 'vitest'
import { findCandidates, findRuns, listRuns, RunFinder } from './jobs.ts'
import { submitJob } from './submit.ts'
import { aJob, anEnded, aStatus, aWorld, names, prefix } from './testing/builders.ts'

const runsOf = (statuses: readonly RunStatus[]): string[] => statuses.map(({ run }) => run)

describe('listRuns', () => {
  test('nothing is there before the first job', async () => {
    expect(await listRuns(aWorld().service, prefix)).toEqual({ runs: [], unreadable: [] })
  })

  test('shows every run as it is, the latest submitted first', async () => {
    const { service, posts } = aWorld()
    const older = anEnded('warmed', { jobInsertedAtMs: 1_000 })
    const newer = aStatus({ run: 'run000000002', jobMessageId: 'm2', jobInsertedAtMs: 2_000 })
    const again = aStatus({ run: 'run000000003', jobInsertedAtMs: 1_000, startedAtMs: older.startedAtMs + 1 })
    for (const status of [older, newer, again]) await posts.post(status)
    expect((await listRuns(service, prefix)).runs).toEqual([newer, again, older])
  })

  test('finds more runs than it peeks at once', async () => {
    const { service, posts } = aWorld()
    for (let at = 100; at < 150; at++) await posts.post(aStatus({ run: `run000000${at}`, jobMessageId: `m${at}` }))
    expect((await listRuns(service, prefix)).runs).toHaveLength(50)
  })

  test('leaves out other prefixes and other queues', async () => {
    const { service, posts } = aWorld()
    await posts.post(aStatus())
    for (const name of [
      'studiostatus-x',
      'studiostatus-much-too-long-for-a-run',
      'studiojob',
      'studio2status-run000000009',
    ]) {
      await service.create(name)
      await service.queue(name).send('{}')
    }
    expect(await listRuns(service, prefix)).toMatchObject({ runs: [{ run: 'run000000001' }], unreadable: [] })
  })

  test('tells what it could not read, and why', async () => {
    const { service } = aWorld()
    for (const [run, body] of [
      ['run000000001', '{"v":2}'],
      ['run000000002', 'nonsense'],
    ] as const) {
      await service.create(names.runStatus(run))
      await service.queue(names.runStatus(run)).send(body)
    }
    const { runs, unreadable } = await listRuns(service, prefix)
    expect(runs).toEqual([])
    expect(unreadable).toEqual([
      { run: 'run000000001', reason: expect.stringContaining('v: ') },
      { run: 'run000000002', reason: expect.stringContaining('nonsense') },
    ])
  })

  test('passes over a queue that goes away meanwhile, and one that is still empty', async () => {
    const { service, posts } = aWorld()
    await posts.post(aStatus())
    await service.create(names.runStatus('empty0000001'))
    const list: QueueService['list'] = async (...given) => [
      ...(await service.list(...given)),
      names.runStatus('gone00000001'),
    ]
    const { runs, unreadable } = await listRuns({ ...service, list }, prefix)
    expect(runsOf(runs)).toEqual(['run000000001'])
    expect(unreadable).toEqual([])
  })

  test.each([new Error('disk on fire'), new QueueError('DENIED', 'studio', 'no role')])(
    'other failures of the queue are not passed over: %s',
    async (failure) => {
      const { service, posts } = aWorld()
      await posts.post(aStatus())
      const queue: QueueService['queue'] = (name) => ({ ...service.queue(name), peek: () => Promise.reject(failure) })
      await expect(listRuns({ ...service, queue }, prefix)).rejects.toBe(failure)
    },
  )
})

describe('findRuns', () => {
  test.each([
    ['night', ['run000000002', 'run000000001']],
    ['run000000001', ['run000000001']],
    ['m2', ['run000000002']],
    ['nigh', []],
    ['', []],
  ])('%j means %j', async (target, expected) => {
    const { service, posts } = aWorld()
    await posts.post(aStatus({ label: 'night' }))
    await posts.post(
      aStatus({ label: 'night', run: 'run000000002', jobMessageId: 'm2', startedAtMs: Date.UTC(2027, 0) }),
    )
    await posts.post(aStatus({ run: 'run000000003', jobMessageId: 'm3' }))
    expect(runsOf(await findRuns(service, prefix, target))).toEqual(expected)
  })
})

describe('RunFinder', () => {
  test('looks again into a queue that was empty, and forgets one that went away', async () => {
    const { service, posts } = aWorld()
    const finder = new RunFinder(service, new Prefix(prefix), ({ jobMessageId }) => jobMessageId === 'm1')
    await service.create(names.runStatus('run000000001'))
    expect(await finder.look()).toEqual([])
    await posts.post(aStatus())
    expect((await finder.look()).map(({ status }) => status.run)).toEqual(['run000000001'])
    await posts.post(aStatus({ run: 'run000000002', jobMessageId: 'm2' }))
    expect(await finder.look()).toHaveLength(1)
    // The name comes back with another job's run, as it never does by chance.
    await service.delete(names.runStatus('run000000002'))
    expect(await finder.look()).toHaveLength(1)
    await service.create(names.runStatus('run000000002'))
    await service.queue(names.runStatus('run000000002')).send(JSON.stringify(aStatus({ run: 'run000000002' })))
    expect(await finder.look()).toHaveLength(2)
  })
})

describe('findCandidates', () => {
  test('shows the run of a job that was written last, in any order of the queues', async () => {
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

  test('puts a running job before one that was submitted later and has ended', async () => {
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
