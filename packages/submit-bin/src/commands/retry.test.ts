import type { Failure } from '@cachewarmer/core'
import { submitJob } from '@cachewarmer/service/submit'
import { aJob, allFailures, anEnded, answerFailures, aStatus, names, prefix } from '@cachewarmer/service/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hurriedClock, runHere } from '../testing/here.ts'
import { jobArguments, openQueueFile, type QueueFile } from '../testing/queue-file.ts'
import type { Finished } from '../testing/spoken.ts'

let queues: QueueFile
beforeEach(() => {
  queues = openQueueFile(hurriedClock)
})
afterEach(() => queues.remove())

const run = (...argv: string[]): Promise<Finished> => runHere([...argv, ...queues.arguments]).finished
const job = aJob()
const [first = '', second = ''] = job.addresses
const ended = anEnded('completed with failures', { label: 'night', job })

/** What the program says where a manager tells these failures. */
async function retried(failures: Failure[], ...argv: string[]): Promise<Finished> {
  await queues.posts.post(ended)
  const answer = answerFailures(queues.service, hurriedClock, [allFailures(ended.run, failures)])
  const finished = await run('--retry', 'night', ...argv)
  expect(await answer).toBe(ended.run)
  return finished
}

test('what failed is submitted, and said', async () => {
  const failures = [
    { path: '/x', code: 'IO', address: second },
    { path: '/y', code: 'IO', address: second },
  ]
  const { code, stdout } = await retried(failures, '--job-id', 'again')
  expect(stdout).toBe(
    `Submitted 2 paths as again, through ${second}. To see it: cachewarmer-submit status again --wait\n`,
  )
  expect(code).toBe(0)
  expect(await queues.bodies(names.job)).toHaveLength(1)
})

test('with --json is a list of the jobs', async () => {
  const { stdout } = await retried([{ path: '/x', code: 'IO', address: first }], '--json')
  expect(JSON.parse(stdout)).toEqual([
    { addresses: [first], paths: 1, jobId: expect.stringMatching(/^job-/), messageId: expect.any(String) },
  ])
})

test('with --wait ends as the new jobs do, the worst of them', async () => {
  await queues.posts.post(ended)
  const failures = [
    { path: '/x', code: 'IO', address: first },
    { path: '/y', code: 'IO', address: second },
  ]
  void answerFailures(queues.service, hurriedClock, [allFailures(ended.run, failures)])
  const waiting = runHere(['--retry', 'night', '--wait', '--json', ...queues.arguments])
  await waiting.said('waiting for a manager')
  const messages = await queues.service.queue(names.job).peek({ max: 9 })
  for (const [at, { id }] of messages.entries())
    await queues.posts.post(
      anEnded(at === 0 ? 'completed with failures' : 'warmed', { run: `run00000001${at}`, jobMessageId: id }),
    )
  const { code, stdout } = await waiting.finished
  const outcomes = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { outcome: string }).outcome)
  expect({ code, outcomes }).toEqual({ code: 1, outcomes: ['completed with failures', 'warmed'] })
})

test('a job in which nothing failed is no mistake', async () => {
  expect(await retried([])).toEqual({
    code: 0,
    stdout: `Nothing failed in run ${ended.run}: there is nothing to retry.\n`,
    stderr: '',
  })
  expect(await queues.bodies(names.job)).toEqual([])
})

test('a report of several jobs is refused before any is sent', async () => {
  const failures = [
    { path: '/x', code: 'IO', address: first },
    { path: '/y', code: 'IO', address: second },
  ]
  await queues.posts.post(ended)
  void answerFailures(queues.service, hurriedClock, [allFailures(ended.run, failures)])
  const argv = ['--retry', 'night', '--wait', '--report', 'night.html', ...queues.arguments]
  const { code, stderr } = await runHere(argv, { written: new Map() }).finished
  expect(stderr).toBe(
    "cachewarmer-submit: --report: paths failed at different addresses, which makes 2 jobs: retry without it, then write each one's with status\n",
  )
  expect(code).toBe(2)
  expect((await queues.service.list('')).filter((name) => name === names.job || name.includes('list'))).toEqual([])
})

test.each([
  ['nihgt', '"nihgt": no run and no waiting job goes by this name'],
  ['waiting', '"waiting": still waits in the queue, nothing was read yet'],
  ['running', 'run run000000002 still runs: what failed can be retried once it has ended'],
  ['refused', 'run run000000003 was refused, so nothing of it was read: submit the job anew'],
])('%s is refused', async (target, said) => {
  await submitJob(queues.service, prefix, aJob({ jobId: 'waiting' }))
  await queues.posts.post(aStatus({ run: 'run000000002', jobMessageId: 'm2', label: 'running' }))
  await queues.posts.post(anEnded('refused', { run: 'run000000003', jobMessageId: 'm3', label: 'refused', job: null }))
  expect(await run('--retry', target)).toEqual({ code: 2, stdout: '', stderr: `cachewarmer-submit: ${said}\n` })
})

test.each([
  [jobArguments, '--addresses: expected without --retry, which says what to warm'],
  [['--files-from', '-'], '--files-from: expected without --retry, which says what to warm'],
  [['--max-file-size-bytes', '1'], '--max-file-size-bytes: expected without --retry, which says what to warm'],
  [['--report', 'x.html'], '--report: there is no report before the job has ended; add --wait'],
])('beside %j is refused', async (argv, said) => {
  expect(await run('--retry', 'night', ...argv)).toEqual({
    code: 2,
    stdout: '',
    stderr: `cachewarmer-submit: ${said}\n`,
  })
})

test('of a run that ended early says that there is more', async () => {
  await queues.posts.post(anEnded('cancelled', { label: 'night', job }))
  void answerFailures(queues.service, hurriedClock, [allFailures(ended.run, [])])
  const { code, stderr } = await run('--retry', 'night')
  expect(stderr).toBe('warning: the run ended early (cancelled): what it did not come to is no failure of it\n')
  expect(code).toBe(0)
})
