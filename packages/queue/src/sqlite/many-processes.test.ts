import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sleep, systemClock } from '../port/clock.ts'
import { openSqliteService } from './service.ts'

let folder: string
let children: ChildProcess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cw-processes-'))
  children = []
})

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(folder, { recursive: true })
})

/** Runs `script` in a process of its own. */
function start(script: string) {
  const code = `
    import { openSqliteService } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
    ${script}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'pipe' })
  children.push(child)
  const started = { child, output: '', problems: '', exit: once(child, 'close') }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    started.output += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    started.problems += chunk
  })
  return started
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

async function finished(started: ReturnType<typeof start>): Promise<string[]> {
  await started.exit
  // Older Nodes warn that node:sqlite is experimental, which is no problem of ours.
  expect(lines(started.problems).filter((line) => !/warning/i.test(line))).toEqual([])
  expect(started.child.exitCode).toBe(0)
  return lines(started.output)
}

/** Runs `script` in a process of its own, where `service` is open on `file`. */
const startOn = (file: string, script: string) =>
  start(`
    const service = openSqliteService({ file: ${JSON.stringify(file)} })
    const queue = service.queue('queue')
    ${script}
    await service.close()`)

test('processes that make, use and close one file at the same moment agree on it', async () => {
  const files = [...Array(10).keys()].map((n) => join(folder, `${n}.db`))
  const script = `
    console.log('ready')
    await new Promise((resolve) => process.stdin.once('end', resolve).resume())
    for (const file of ${JSON.stringify(files)}) {
      const service = openSqliteService({ file })
      console.log(file, await service.create('queue'))
      await service.queue('queue').send(String(process.pid))
      await service.close()
    }`
  const started = [...Array(4).keys()].map(() => start(script))
  for (const one of started) while (one.output === '' && one.child.exitCode === null) await sleep(systemClock, 10)
  for (const { child } of started) child.stdin.end()
  const told = (await Promise.all(started.map(finished))).flat()
  for (const file of files) {
    expect(told.filter((line) => line === `${file} created`)).toHaveLength(1)
    expect(told.filter((line) => line === `${file} existed`)).toHaveLength(3)
    const service = openSqliteService({ file })
    expect(await service.queue('queue').approximateDepth()).toBe(4)
    await service.close()
  }
})

test('processes whose wall clocks are hours apart agree on leases and delays, by the clock of the machine', async () => {
  const file = join(folder, 'clocks.db')
  const service = openSqliteService({ file })
  await service.create('queue')
  const queue = service.queue('queue')
  await queue.send('short')
  await queue.receive({ max: 1, leaseMs: 300 })
  await queue.send('long')
  const [long] = await queue.receive({ max: 1, leaseMs: 600_000 })
  await queue.send('delayed', { delayMs: 300 })
  const reader = (aheadMs: number) => `
    import { sleep, systemClock } from ${JSON.stringify(new URL('../port/clock.ts', import.meta.url).href)}
    const { steadyMs, setTimer, bootId } = systemClock
    const clock = { now: () => Date.now() + ${aheadMs}, steadyMs, setTimer, bootId }
    const service = openSqliteService({ file: ${JSON.stringify(file)}, clock })
    const seen = new Set()
    while (seen.size < 2) {
      for (const { body } of await service.queue('queue').peek({ max: 9 })) seen.add(body)
      await sleep(clock, 20)
    }
    console.log([...seen].sort().join(' '))
    await service.close()`
  const twoHoursMs = 2 * 3_600_000
  const readers = [-twoHoursMs, twoHoursMs].map((aheadMs) => start(reader(aheadMs)))
  expect((await Promise.all(readers.map(finished))).flat()).toEqual(['delayed short', 'delayed short'])
  await long?.complete()
  await service.close()
})

test('a process on a machine that was started anew finds leases void', async () => {
  const file = join(folder, 'boots.db')
  const service = openSqliteService({ file })
  await service.create('queue')
  await service.queue('queue').send('leased')
  await service.queue('queue').receive({ max: 1, leaseMs: 600_000 })
  await service.close()
  const reader = start(`
    import { systemClock } from ${JSON.stringify(new URL('../port/clock.ts', import.meta.url).href)}
    const { now, steadyMs, setTimer } = systemClock
    const service = openSqliteService({ file: ${JSON.stringify(file)}, clock: { now, steadyMs, setTimer, bootId: 'the next' } })
    for (const { body, deliveries } of await service.queue('queue').receive({ max: 9, leaseMs: 1_000 }))
      console.log(body, deliveries)
    await service.close()`)
  expect(await finished(reader)).toEqual(['leased 2'])
})

test('every message is completed once by readers and writers in many processes, although one is killed', async () => {
  const file = join(folder, 'shared.db')
  const service = openSqliteService({ file })
  await service.create('queue')
  const queue = service.queue('queue')

  // Takes everything it can and completes nothing.
  const taking = 'for (;;) for (const { id } of await queue.receive({ max: 2, leaseMs: 2_000 })) console.log(id)'
  const victim = startOn(file, taking)
  const bait = await queue.send('bait')
  while (!lines(victim.output).includes(bait.id)) await sleep(systemClock, 10)

  const writing = (writer: number) => `
    await Promise.all([...Array(200).keys()].map((n) => queue.send('${writer}-' + n)))`
  await Promise.all([0, 1].map((writer) => finished(startOn(file, writing(writer)))))
  const last = await queue.send('last')

  const reader = `
    for (;;) {
      const leases = await queue.receive({ max: 7, leaseMs: 60_000 })
      await Promise.all(leases.map((lease) => lease.complete()))
      for (const { id, body } of leases) console.log(id + ' ' + body)
      if (leases.length === 0 && (await queue.approximateDepth()) === 0) break
    }`
  const readers = [0, 1, 2].map(() => startOn(file, reader))
  victim.child.kill('SIGKILL')
  await victim.exit

  const completed = (await Promise.all(readers.map(finished))).flat()
  expect(new Set(completed.map((line) => line.split(' ')[0])).size).toBe(completed.length)
  const bodies = [0, 1].flatMap((writer) => [...Array(200).keys()].map((n) => `${writer}-${n}`))
  expect(completed.map((line) => line.split(' ')[1]).sort()).toEqual([...bodies, 'bait', 'last'].sort())
  expect(completed).toContain(`${last.id} last`)
  await service.close()

  const db = new DatabaseSync(file)
  expect(db.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
  db.close()
})
