import { decodeControl, type Failure } from '@cachewarmer/core'
import { submitJob } from '@cachewarmer/service/submit'
import {
  aJob,
  allFailures,
  anEnded,
  answerFailures,
  aStatus,
  names,
  prefix,
  withCounts,
} from '@cachewarmer/service/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hurriedClock, runHere } from './testing/here.ts'
import { jobArguments as job, openQueueFile, type QueueFile } from './testing/queue-file.ts'
import type { Finished, Running } from './testing/spoken.ts'

let queues: QueueFile
beforeEach(() => {
  queues = openQueueFile(hurriedClock)
})
afterEach(() => queues.remove())

/** The program on the queues of this test. */
const begin = (...argv: string[]): Running => runHere([...argv, ...queues.arguments])
const run = (...argv: string[]): Promise<Finished> => begin(...argv).finished

describe('waiting for the end', () => {
  /** Submits and waits; once the job is in the queue, a run of it ends so. */
  async function waited(outcome: Parameters<typeof anEnded>[0], ...argv: string[]): Promise<Finished> {
    const waiting = begin(...job, '--job-id', 'night', '--wait', ...argv)
    await waiting.said('waiting for a manager')
    const [message] = await queues.service.queue(names.job).peek({ max: 1 })
    const of = { jobMessageId: message?.id ?? '', label: 'night' }
    await queues.posts.post(withCounts(aStatus({ ...of, state: 'paused' }), { files: 7 }))
    await waiting.said('paused, 7 files')
    await queues.posts.post(withCounts(anEnded(outcome, { ...of, problem: 'the reason' }), { files: 20 }))
    return waiting.finished
  }

  test.each([
    ['warmed', 0, 'Warmed. Each of 20 files was read through 2 of 2 addresses.'],
    ['completed with failures', 1, 'Completed with 0 failures: the reason.'],
    ['cancelled', 1, 'Cancelled: the reason.'],
    ['lost', 1, 'Lost: the reason.'],
    ['refused', 2, 'Refused: the reason'],
  ] as const)(
    '%s: exit code %i, progress on standard error, the report on standard output',
    async (outcome, exit, said) => {
      const { code, stdout, stderr } = await waited(outcome)
      // On a busy machine the hurried clock may see a silence that is none.
      const progress = stderr.replaceAll(/^The manager has said nothing.*\n/gm, '')
      expect(progress).toMatch(/^Submitted as night\.\nwaiting for a manager\npaused, 7 files.*\nended, 20 files.*\n$/)
      expect(stdout.startsWith(said)).toBe(true)
      expect(code).toBe(exit)
    },
  )

  test('with --report writes a page, opened before the job is sent', async () => {
    const written = new Map<string, string>()
    const waiting = runHere([...job, '--job-id', 'night', '--wait', '--report', 'night.html', ...queues.arguments], {
      written,
    })
    await waiting.said('waiting for a manager')
    const [message] = await queues.service.queue(names.job).peek({ max: 1 })
    const of = { jobMessageId: message?.id ?? '', label: 'night' }
    await queues.posts.post(withCounts(aStatus(of), { files: 7 }))
    await waiting.said('7 files')
    await queues.posts.post(withCounts(anEnded('warmed', of), { files: 20 }))
    expect((await waiting.finished).code).toBe(0)
    const [, embedded = ''] = /id="report">(.*)<\/script>/.exec(written.get('night.html') ?? '') ?? []
    expect(JSON.parse(embedded)).toMatchObject({
      status: { label: 'night', outcome: 'warmed' },
      timeline: { files: [7, 20] },
    })
  })

  test('with --report lists all failures, as a manager tells them, or those that are known where none does', async () => {
    const failed = (at: number): Failure => ({ path: `/f${at}`, code: 'IO' })
    const all = [0, 1, 2].map(failed)
    await queues.posts.post(
      withCounts(anEnded('completed with failures', { failures: [failed(0)] }), { failures: { IO: 3 } }),
    )
    const reported = async () => {
      const written = new Map<string, string>()
      const { stderr } = await runHere(['status', 'm1', '--report', 'x.html', ...queues.arguments], { written })
        .finished
      const [, embedded = ''] = /id="report">(.*)<\/script>/.exec(written.get('x.html') ?? '') ?? []
      return { stderr, failures: (JSON.parse(embedded) as { failures: Failure[] }).failures }
    }
    const answer = answerFailures(queues.service, hurriedClock, [allFailures('run000000001', all)])
    expect(await reported()).toEqual({ stderr: '', failures: all })
    await answer
    const { stderr, failures } = await reported()
    expect(failures).toEqual([failed(0)])
    expect(stderr).toMatch(/^warning: the report lists 1 of 3 failures: .*no manager has answered\n$/)
  })

  test.each([
    [['--report', 'night.html'], '--report: there is no report before the job has ended; add --wait'],
    [['--wait', '--report', '/nowhere/night.html'], '--report /nowhere/night.html: EACCES: permission denied'],
  ])('refuses %j, and sends nothing', async (argv, said) => {
    const { code, stderr } = await run(...job, ...argv)
    expect([code, stderr]).toEqual([2, `cachewarmer-submit: ${said}\n`])
    expect(await queues.service.list(names.job)).toEqual([])
  })

  test('with --json ends with one line of JSON', async () => {
    const { code, stdout } = await waited('warmed', '--json')
    expect(stdout).toMatch(/^[ -~]+\n$/)
    expect(JSON.parse(stdout)).toMatchObject({ format: 1, label: 'night', outcome: 'warmed', files: 20 })
    expect(code).toBe(0)
  })

  test('ends with the first signal, and says so', async () => {
    await queues.posts.post(aStatus())
    const waiting = runHere(['status', 'm1', '--wait', ...queues.arguments])
    await waiting.said('0 files')
    waiting.signals.emit('SIGINT')
    const { code, stdout, stderr } = await waiting.finished
    expect(stderr).toContain(
      'Stopped waiting; the job continues. To see it again: cachewarmer-submit status m1 --wait\n',
    )
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(waiting.signals.eventNames()).toEqual([])
  })

  test('shows that a new run takes over', async () => {
    await queues.posts.post(aStatus())
    const waiting = begin('status', 'm1', '--wait')
    await waiting.said('0 files')
    await queues.posts.post(anEnded('warmed', { run: 'run000000002' }))
    const { code, stderr } = await waiting.finished
    expect(stderr).toContain('run run000000002 takes over from run000000001\n')
    expect(code).toBe(0)
  })

  test('says that the manager is silent', async () => {
    await queues.posts.post(aStatus())
    const waiting = begin('status', 'm1', '--wait')
    await waiting.said('The manager has said nothing for a while')
    await queues.posts.post(anEnded('warmed'))
    expect(await waiting.finished).toMatchObject({ code: 0 })
  })

  test('a job that goes away without a report is a failure, told without a stack', async () => {
    await queues.posts.post(aStatus())
    const waiting = begin('status', 'm1', '--wait')
    await waiting.said('0 files')
    await queues.service.delete(names.runStatus('run000000001'))
    const { code, stdout, stderr } = await waiting.finished
    expect(stderr).toMatch(/cachewarmer-submit: the job has left the queue, and no run reports on it/)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })
})

describe('status', () => {
  test.each([
    ['warmed', 0],
    ['completed with failures', 1],
    ['cancelled', 1],
    ['lost', 1],
    ['nothing matched', 4],
    ['refused', 2],
  ] as const)('of a run that ended %s exits with %i', async (outcome, exit) => {
    await queues.posts.post(anEnded(outcome, { label: 'night', problem: 'why' }))
    const plain = await run('status', 'night')
    expect(plain.code).toBe(exit)
    expect(plain.stdout).toContain('night (run run000000001)')
    const waited = await run('status', 'night', '--wait')
    expect(waited.code).toBe(exit)
    expect(waited.stdout).toBe(plain.stdout)
  })

  test('of a running run is its report so far, and no failure', async () => {
    await queues.posts.post(withCounts(aStatus({ updatedAtMs: hurriedClock.now() - 300_000 }), { files: 12 }))
    const { code, stdout } = await run('status', 'run000000001')
    expect(stdout).toMatch(/^Running\. So far, 12 files were read.*\nIts manager has said nothing for 5m/)
    expect(code).toBe(0)
  })

  test('of a job that waits says so', async () => {
    await run(...job, '--job-id', 'night')
    expect(await run('status', 'night')).toEqual({ code: 0, stdout: 'Waiting for a manager.\n', stderr: '' })
    const { stdout } = await run('status', 'night', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ format: 1, state: 'waiting', label: 'night' })
  })

  test('as JSON is one line of ASCII', async () => {
    await queues.posts.post(
      anEnded('completed with failures', { failures: [{ path: '/\udcff\u009b\u202e', code: 'IO' }] }),
    )
    const { code, stdout } = await run('status', 'm1', '--json')
    expect(stdout).toMatch(/^[ -~]+\n$/)
    expect(JSON.parse(stdout)).toMatchObject({ failures: { sample: [{ path: '/\udcff\u009b\u202e' }] } })
    expect(code).toBe(1)
  })

  test('says when a label means several jobs', async () => {
    await queues.posts.post(anEnded('lost', { label: 'night' }))
    await queues.posts.post(
      anEnded('warmed', {
        label: 'night',
        run: 'run000000002',
        jobMessageId: 'm2',
        jobInsertedAtMs: Date.UTC(2027, 0),
      }),
    )
    const { code, stdout, stderr } = await run('status', 'night')
    expect(stderr).toBe('2 jobs go by this name; this is m2\n')
    expect(stdout).toMatch(/^Warmed/)
    expect(code).toBe(0)
  })

  test.each([[], ['--wait']])('of a name that nothing goes by is refused %s', async (...argv) => {
    const { code, stdout, stderr } = await run('status', 'nihgt', ...argv)
    expect(stderr).toBe('cachewarmer-submit: "nihgt": no run and no waiting job goes by this name\n')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})

describe('list', () => {
  test('of nothing says so', async () => {
    expect(await run('list')).toEqual({ code: 0, stdout: 'No jobs.\n', stderr: '' })
    expect((await run('list', '--json')).stdout).toBe('[]\n')
  })

  test('shows waiting jobs, then runs, the latest first', async () => {
    await run(...job, '--job-id', 'tomorrow')
    await queues.posts.post(
      withCounts(anEnded('completed with failures', { label: 'night' }), {
        files: 20_000,
        bytes: 2 ** 30,
        failures: { IO: 3 },
      }),
    )
    await queues.posts.post(aStatus({ run: 'run000000002', jobMessageId: 'm2', jobInsertedAtMs: Date.UTC(2026, 0, 2) }))
    const { code, stdout } = await run('list')
    expect(stdout.replace(/20\d\d-\d\d-\d\d \d\d:\d\dZ(?=\n)/, 'NOW').split('\n')).toEqual([
      'JOB       STATE                     FILES   SIZE  FAILURES  SUBMITTED          RUN',
      'tomorrow  waiting                                           NOW',
      'm2        running                       0    0 B         0  2026-01-02 00:00Z  run000000002',
      'night     completed with failures  20,000  1 GiB         3  2026-01-01 00:00Z  run000000001',
      '',
    ])
    expect(code).toBe(0)
  })

  test('shows a job that waits again, because its manager died, once', async () => {
    await run(...job, '--job-id', 'night')
    const [message] = await queues.service.queue(names.job).peek({ max: 1 })
    await queues.posts.post(aStatus({ label: 'night', jobMessageId: message?.id ?? '' }))
    const { stdout } = await run('list')
    expect(stdout.match(/^night .*/gm)).toEqual([expect.stringContaining('running')])
  })

  test('tells that more jobs wait than can be seen', async () => {
    for (let at = 0; at < 33; at++) await submitJob(queues.service, prefix, aJob({ jobId: `job-${at}` }))
    const { stdout, stderr } = await run('list')
    expect(stdout.match(/ waiting /g)).toHaveLength(32)
    expect(stderr).toBe('More jobs wait than can be seen: about 33 jobs in the queue.\n')
  })

  test('as JSON is a list of reports', async () => {
    await run(...job, '--job-id', 'tomorrow')
    await queues.posts.post(anEnded('warmed'))
    const { stdout } = await run('list', '--json')
    expect(JSON.parse(stdout)).toMatchObject([
      { state: 'waiting', label: 'tomorrow' },
      { state: 'ended', outcome: 'warmed' },
    ])
  })

  test('tells what it could not read', async () => {
    await queues.service.create(names.runStatus('run000000001'))
    await queues.service.queue(names.runStatus('run000000001')).send('{"v":2}')
    const { code, stdout, stderr } = await run('list')
    expect(stderr).toMatch(/^warning: run run000000001 can't be read: v: /)
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'No jobs.\n' })
  })
})

describe('control', () => {
  test.each(['cancel', 'pause', 'resume'] as const)('%s asks the manager', async (command) => {
    await queues.posts.post(aStatus({ label: 'night' }))
    expect(await run(command, 'night')).toEqual({
      code: 0,
      stdout: `Asked the manager to ${command} it.\n`,
      stderr: '',
    })
    expect((await queues.bodies(names.control)).map(decodeControl)).toEqual([{ v: 1, command, target: 'm1' }])
    expect(JSON.parse((await run(command, 'night', '--json')).stdout)).toEqual({
      command,
      messageId: 'm1',
      where: 'running',
    })
  })

  test('of a name that nothing goes by is refused', async () => {
    const { code, stderr } = await run('cancel', 'nihgt')
    expect(stderr).toBe('cachewarmer-submit: "nihgt": no run and no waiting job goes by this name\n')
    expect(code).toBe(2)
    expect(await queues.service.list('')).toEqual([])
  })
})

describe('the program itself', () => {
  test('teaches with its help', async () => {
    const { code, stdout } = await runHere(['--help']).finished
    expect(code).toBe(0)
    for (const word of [
      '--addresses',
      '--wait',
      'Examples',
      'cachewarmer-submit cancel night',
      'Exit codes',
      'STORAGE_KEY',
    ]) {
      expect(stdout).toContain(word)
    }
    expect((await runHere(['submit', '--help']).finished).stdout).toContain('--queue-name-prefix')
  })

  test('exits with 3 where the queue can not be reached', async () => {
    // Nothing listens on the discard port, and the key is no secret.
    const elsewhere = ['--queue', 'http://127.0.0.1:9/acct', '--queue-name-prefix', 'studio']
    const { code, stdout, stderr } = await runHere([...job, ...elsewhere], { env: { STORAGE_KEY: 'a2V5' } }).finished
    expect(stderr).toMatch(/^cachewarmer-submit: studiojob: /)
    expect(stderr).not.toContain('a2V5')
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
  })
})

describe('change', () => {
  test('asks for what is to change', async () => {
    await queues.posts.post(aStatus({ label: 'night' }))
    const { code, stdout } = await run(
      'change',
      'night',
      '--weight',
      '30',
      '--max-workers',
      '2',
      '--max-bytes-per-second',
      'none',
    )
    expect([code, stdout]).toEqual([0, 'Asked the manager to change it. Workers follow within seconds.\n'])
    const [message] = await queues.service.queue(names.control).peek({ max: 1 })
    expect(decodeControl(message?.body ?? '')).toMatchObject({
      command: 'change',
      weight: 30,
      ceilings: { maxWorkers: 2, maxBytesPerSecond: 0 },
    })
  })

  test.each([
    [['night', '--max-workers', '0'], 'whole number of at least 1, or none'],
    [['night', '--max-bytes-per-second=-1'], 'whole number of at least 1, or none'],
    [['night', '--max-requests-per-second', '1e3'], 'whole number of at least 1, or none'],
    [['night', '--weight', '0'], 'a whole number from 1 to 100'],
    [['night'], 'a weight or a ceiling'],
    [['nihgt', '--weight', '3'], 'no run and no waiting job goes by this name'],
    [['over', '--weight', '3'], 'it has ended: warmed'],
  ])('refuses %j, and sends nothing', async (argv, said) => {
    await queues.posts.post(aStatus({ label: 'night' }))
    await queues.posts.post(anEnded('warmed', { label: 'over', run: 'run000000002', jobMessageId: 'm2' }))
    const { code, stderr } = await run('change', ...argv)
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)])
    expect(await queues.service.list(names.control)).toEqual([])
  })
})
