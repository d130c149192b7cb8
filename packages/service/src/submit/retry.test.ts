import { decodeJob, decodeListChunk, type Failure, type Job } from '@cachewarmer/core'
import { expect, test } from 'vitest'
import { FailedPaths, type RetriedJob, retryRun } from './retry.ts'
import { allFailures, answerFailures } from './testing/answers.ts'
import { aJob, anEnded, aStatus, aWorld, names, prefix } from './testing/builders.ts'

const run = 'run000000001'
const addresses = ['a', 'b', 'c']
const at = (path: string, ...where: string[]): Failure[] => where.map((address) => ({ path, code: 'IO', address }))
const nowhere = (path: string): Failure => ({ path, code: 'ACCESS_DENIED' })

async function groupsOf(job: Partial<Job>, failures: readonly Failure[]): Promise<Record<string, string[]>> {
  const failed = new FailedPaths(aJob({ addresses, ...job }))
  for (const failure of failures) failed.add(failure)
  const groups: Record<string, string[]> = {}
  for (const { addresses: through, paths, listed } of failed.groups()) {
    const found: string[] = []
    for await (const some of listed) found.push(...some.map(({ path, kind }) => `${kind} ${path}`))
    expect(found).toHaveLength(paths)
    groups[through.join(' ')] = found
  }
  return groups
}

test.each<[string, Partial<Job>, Failure[], Record<string, string[]>]>([
  ['nothing', {}, [], {}],
  [
    'files at all addresses',
    {},
    [...at('/x', 'a', 'b', 'c'), ...at('/y', 'c', 'b', 'a')],
    { 'a b c': ['file /x', 'file /y'] },
  ],
  ['an address that was away', {}, [...at('/x', 'b'), ...at('/y', 'b')], { b: ['file /x', 'file /y'] }],
  ['files here and there', {}, [...at('/x', 'b'), ...at('/y', 'a', 'c')], { b: ['file /x'], 'a c': ['file /y'] }],
  ['a directory', {}, [...at('/x', 'a'), nowhere('/d')], { a: ['file /x'], 'a b c': ['tree /d'] }],
  [
    'a directory and what was found in it',
    {},
    [nowhere('/d'), ...at('/d/x', 'a'), nowhere('/d/e'), ...at('/dx', 'a', 'b', 'c')],
    { 'a b c': ['tree /d', 'file /dx'] },
  ],
  ['the whole export', {}, [nowhere('/'), ...at('/d/x', 'a')], { 'a b c': ['tree /'] }],
  [
    'more sets than addresses',
    {},
    [...at('/x', 'a'), ...at('/y', 'a', 'b'), ...at('/z', 'b'), ...at('/w', 'b', 'c')],
    { a: ['file /x', 'file /y'], b: ['file /y', 'file /z', 'file /w'], c: ['file /w'] },
  ],
  [
    'files that any address serves',
    { through: 'spread' },
    [...at('/x', 'a'), ...at('/y', 'b')],
    { 'a b c': ['file /x', 'file /y'] },
  ],
  ['listings through one address', { mode: 'metadata' }, at('/d', 'b'), { b: ['tree /d'] }],
  ['an address that the job does not name', {}, at('/x', '/mnt/a'), { 'a b c': ['file /x'] }],
])('of %s', async (_, job, failures, groups) => {
  expect(await groupsOf(job, failures)).toEqual(groups)
})

test('becomes jobs as the first was, but for what is asked for, each with its list', async () => {
  const { service, clock } = aWorld()
  const job = aJob({
    addresses,
    include: ['*.exr'],
    headBytes: 9,
    weight: 3,
    jobId: 'night',
    modifiedSince: '2026-01-01T00:00:00Z',
  })
  const failures = [...at('/x', 'b'), nowhere('/d')]
  const answer = answerFailures(service, clock, [allFailures(run, failures)])
  let planned: readonly RetriedJob[] = []
  const retrying = retryRun(service, prefix, anEnded('completed with failures', { run, job, label: 'night' }), {
    clock,
    random: Math.random,
    change: { jobId: 'again', maxWorkers: 2 },
    onPlanned: (jobs) => {
      planned = jobs
    },
  })
  const sent = await clock.run(retrying, 600_000)
  expect(await answer).toBe(run)
  expect(planned).toEqual([
    { addresses: ['b'], paths: 1 },
    { addresses, paths: 1 },
  ])
  expect(sent.map(({ jobId }) => jobId)).toEqual(['again-1', 'again-2'])
  const messages = await service.queue(names.job).peek({ max: 9 })
  const jobs = messages.map(({ body }) => decodeJob(body).job)
  const same = { include: ['*.exr'], headBytes: 9, weight: 3, maxWorkers: 2, modifiedSince: '2026-01-01T00:00:00Z' }
  expect(jobs).toMatchObject([
    { ...same, paths: [], addresses: ['b'], jobId: 'again-1' },
    { ...same, paths: [], addresses, jobId: 'again-2' },
  ])
  const lists = await Promise.all(jobs.map(({ list }) => service.queue(names.list(list?.id ?? '')).peek({ max: 1 })))
  expect(lists.flat().map(({ body }) => decodeListChunk(body).parts)).toEqual([
    [{ kind: 'files', directory: '/', names: ['x'], listed: true }],
    [{ kind: 'tree', path: '/d' }],
  ])
})

test.each([
  ['JOB_RUNNING', aStatus()],
  ['JOB_REFUSED', { ...anEnded('refused'), job: null }],
])('is %s for others, and sends nothing', async (code, status) => {
  const { service, clock } = aWorld()
  const refused = retryRun(service, prefix, status, { clock, random: Math.random })
  await expect(refused).rejects.toMatchObject({ code })
  expect(await service.list('')).toEqual([])
})
