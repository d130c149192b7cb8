import { decodeControl, encodeFailureList, encodeJob } from '@cachewarmer/core'
import { sleep } from '@cachewarmer/queue'
import { aJob, anEnded, aStatus, names, withCounts } from '@cachewarmer/service/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hurriedClock, runHere } from '../testing/here.ts'
import { openQueueFile, type QueueFile } from '../testing/queue-file.ts'
import type { Finished } from '../testing/spoken.ts'

let queues: QueueFile
beforeEach(() => {
  queues = openQueueFile(hurriedClock)
})
afterEach(() => queues.remove())

const run = (...argv: string[]): Promise<Finished> => runHere([...argv, ...queues.arguments]).finished

describe('watch', () => {
  const of = (label: string, id: string) => ({
    label,
    jobMessageId: id,
    run: `${label}00000000`.slice(0, 12).padEnd(12, '0'),
  })

  test('shows several jobs until all have ended, and exits with the worst of them', async () => {
    const night = of('night', 'm1')
    const day = of('day', 'm2')
    await queues.posts.post(withCounts(aStatus(night), { files: 5 }))
    await queues.posts.post(withCounts(anEnded('completed with failures', day), { files: 9, failures: { IO: 2 } }))
    const watching = runHere(['watch', 'night', 'day', ...queues.arguments])
    await watching.said('night: 5 files')
    await watching.said('day: ended, 9 files, 2 failures')
    await queues.posts.post(withCounts(anEnded('warmed', night), { files: 7 }))
    const { code, stdout } = await watching.finished
    expect(stdout).toMatch(/Warmed\. Each of 7 files.*Completed with 2 failures/s)
    expect(code).toBe(1)
  })

  test('prints a line of JSON for each status', async () => {
    const night = of('night', 'm1')
    await queues.posts.post(withCounts(anEnded('warmed', night), { files: 7 }))
    const { stdout, code } = await run('watch', 'night', '--json')
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { outcome: string; files: number })
    expect(lines).toMatchObject([{ outcome: 'warmed', files: 7 }])
    expect(code).toBe(0)
  })

  test('of a job that nothing goes by is a mistake, and ends the others', async () => {
    await queues.posts.post(withCounts(aStatus(of('night', 'm1')), { files: 5 }))
    const { code, stdout, stderr } = await run('watch', 'night', 'nobody')
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/(?:^|\n)cachewarmer-submit: "nobody": [^\n]*\n$/)
  })

  test('of a job that waits says so once, and of a run that takes over', async () => {
    await queues.service.create(names.job)
    await queues.service.queue(names.job).send(encodeJob(aJob({ jobId: 'night' })))
    const [message] = await queues.service.queue(names.job).peek({ max: 1 })
    const watching = runHere(['watch', 'night', ...queues.arguments])
    await watching.said('night: waiting for a manager\n')
    await queues.posts.post(aStatus({ label: 'night', jobMessageId: message?.id ?? '', run: 'run000000001' }))
    await watching.said('night: 0 files')
    const later = aStatus().updatedAtMs + 60_000
    await queues.posts.post(
      anEnded('warmed', {
        label: 'night',
        jobMessageId: message?.id ?? '',
        run: 'run000000002',
        updatedAtMs: later,
      }),
    )
    const { code, stderr } = await watching.finished
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stderr).toContain('night: run run000000002 takes over from run000000001\n')
    expect(stderr.match(/waiting/g)).toHaveLength(1)
  })

  test('stops at Ctrl-C, and says that the job continues', async () => {
    await queues.posts.post(aStatus(of('night', 'm1')))
    const watching = runHere(['watch', 'night', ...queues.arguments])
    await watching.said('night: ')
    watching.signals.emit('SIGINT')
    expect(await watching.finished).toMatchObject({
      code: 130,
      stderr: expect.stringMatching(/\nStopped watching; the job continues\.\n$/),
    })
  })
})

describe('history', () => {
  test('lists what has ended, the latest first, and of one job alone', async () => {
    await queues.posts.post(
      anEnded('warmed', { label: 'old', run: 'old000000000', jobMessageId: 'm1', endedAtMs: 1_000 }),
    )
    await queues.posts.post(
      anEnded('lost', { label: 'new', run: 'new000000000', jobMessageId: 'm2', endedAtMs: 9_000 }),
    )
    await queues.posts.post(aStatus({ label: 'now', run: 'now000000000', jobMessageId: 'm3' }))
    const { stdout } = await run('history')
    expect(stdout).toMatch(/^ENDED +JOB.*\n.* new +lost.*\n.* old +warmed.*\n$/)
    expect(JSON.parse((await run('history', 'old', '--json')).stdout)).toMatchObject([{ label: 'old' }])
    expect(await run('history', 'nobody')).toMatchObject({ code: 2 })
  })
})

describe('failures', () => {
  const told = [
    { path: '/a b\n', code: 'IO', address: '10.0.0.1', message: 'input/output error' },
    { path: '/a b\n', code: 'IO', address: '10.0.0.2' },
    { path: '/\udcff', code: 'NOT_FOUND' },
  ]

  /** Asks, and answers as a manager does. */
  async function asked(...argv: string[]): Promise<Finished> {
    await queues.posts.post(anEnded('completed with failures', { label: 'night' }))
    const asking = runHere(['failures', 'night', ...argv, ...queues.arguments])
    for (;;) {
      const [body] = await queues.bodies(names.control)
      if (body === undefined) {
        await sleep(hurriedClock, 500)
        continue
      }
      const { target, reply = '' } = decodeControl(body)
      await queues.service
        .queue(names.failed(reply))
        .send(encodeFailureList({ v: 1, run: target, part: 0, last: true, failures: told }))
      return asking.finished
    }
  }

  test('are lines for people, safe for a terminal', async () => {
    const { stdout, stderr, code } = await asked()
    expect(stdout).toBe('IO\t10.0.0.1\t/a b\\n\tinput/output error\nIO\t10.0.0.2\t/a b\\n\nNOT_FOUND\t-\t/\\xff\n')
    expect([stderr, code]).toEqual(['3 failures\n', 0])
  })

  test('are JSON for programs', async () => {
    const { stdout } = await asked('--json')
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(told)
  })
})
