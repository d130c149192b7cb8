import { type Control, decodeStatus, encodeControl, encodeJob, makeJob, type RunStatus } from '@cachewarmer/core'
import { silentLogger } from '@cachewarmer/queue'
import { expect, test } from 'vitest'
import { join, type SimDirectory, type SimExport } from './filer.ts'
import { ManagerHost } from './manager-host.ts'
import { drawScenario } from './scenario.ts'
import { dice } from './seeded.ts'
import { World } from './world.ts'

/*
 * A change of a running job takes effect on all of its workers within ten seconds, and the shown figures are never older
 * than five: with three workers and queues as Azure's are looked into, in virtual time, so that the bounds are exact.
 */

const effectiveMs = 10_000
const freshMs = 5_000
const workers = 3
const fileBytes = 4_096

/** Directories of files, all alike. */
function uniformExport(path: string, directories: number, filesEach: number): SimExport {
  const made = (): SimDirectory => ({ kind: 'directory', entries: [], byName: new Map(), changed: false, gone: false })
  const of: SimExport = { path, root: made(), files: new Map(), directories: new Map(), denied: new Set(), specials: 0 }
  of.directories.set('/', of.root)
  for (let at = 0; at < directories; at += 1) {
    const directory = made()
    of.directories.set(join('/', `d${at}`), directory)
    of.root.entries.push({ name: `d${at}`, node: directory })
    of.root.byName.set(`d${at}`, directory)
    for (let n = 0; n < filesEach; n += 1) {
      const file = { kind: 'file' as const, size: fileBytes, changed: false, gone: false }
      directory.entries.push({ name: `f${n}`, node: file })
      directory.byName.set(`f${n}`, file)
      of.files.set(join(`/d${at}`, `f${n}`), file)
    }
  }
  return of
}

/** A manager and its workers at jobs that take much longer than the test. */
class Steered {
  readonly world: World
  readonly exports: SimExport[] = []
  readonly #host: ManagerHost

  constructor(seed: number) {
    const root = dice(seed)
    const scenario = {
      ...drawScenario(root),
      faults: new Set<never>(),
      queueMs: 40,
      polling: { minMs: 500, maxMs: 5_000 },
      readMs: 150,
      leaseMs: 60_000,
      managers: 1 as const,
      fleet: 'processes' as const,
      maxWorkers: workers,
      slots: 4,
      concurrency: 16,
      budgetMs: 90_000,
      idleMs: 60_000,
      pageSize: 100,
      throttleSpells: [],
      outageSpells: [],
      slowSpells: [],
    }
    this.world = new World(root, scenario, { logger: silentLogger, ended: () => undefined })
    this.#host = new ManagerHost(this.world, this.world.newLedger())
  }

  async submit(label: string, change: object = {}): Promise<void> {
    const { service, monitor, filer } = this.world
    const of = uniformExport(`/${label}`, 400, 100)
    filer.exports.set(of.path, of)
    this.exports.push(of)
    const { job } = makeJob({ addresses: ['a'], exportPath: of.path, paths: ['/'], jobId: label, ...change })
    await service.create(monitor.names.job)
    await service.queue(monitor.names.job).send(encodeJob(job))
  }

  ask(control: Omit<Control, 'v'>): Promise<unknown> {
    return this.world.service.queue(this.world.monitor.names.control).send(encodeControl({ v: 1, ...control }))
  }

  wait(ms: number): Promise<void> {
    return this.world.sim.wait(ms)
  }

  /** The reads of the coming period: in all, per worker, and per export and second. */
  async during(ms: number) {
    const { reads } = this.world
    const before = { reads: reads.reads, bytes: reads.bytes, by: new Map(reads.byReader), of: new Map(reads.byExport) }
    await this.wait(ms)
    const by = [...reads.byReader]
      .map(([name, count]) => count - (before.by.get(name) ?? 0))
      .filter((count) => count > 0)
    return {
      reads: reads.reads - before.reads,
      bytes: reads.bytes - before.bytes,
      workers: by.length,
      ofExport: this.exports.map((of) => (reads.byExport.get(of) ?? 0) - (before.of.get(of) ?? 0)),
    }
  }

  async untilAllWork(): Promise<void> {
    while ((await this.during(2_000)).workers < workers);
  }

  async status(): Promise<RunStatus | undefined> {
    const { service, monitor } = this.world
    const [name] = await service.list(monitor.names.runStatus(''))
    const [message] = name === undefined ? [] : await service.queue(name).peek({ max: 1 })
    return message === undefined ? undefined : decodeStatus(message.body)
  }

  run(work: () => Promise<void>): Promise<void> {
    return this.world.sim.run(work(), 3_600_000).finally(() => {
      this.#host.abandon()
      this.world.ledgerFiles.remove()
    })
  }
}

test('pause, resume and cancel', { timeout: 120_000 }, () => {
  const steered = new Steered(1)
  return steered.run(async () => {
    await steered.submit('night')
    await steered.untilAllWork()
    // At different moments of everybody's looking here and there.
    for (const offsetMs of [0, 1_300, 2_700]) {
      await steered.wait(offsetMs)
      await steered.ask({ command: 'pause', target: 'night' })
      await steered.wait(effectiveMs)
      expect((await steered.during(20_000)).reads).toBe(0)
      await steered.wait(offsetMs)
      await steered.ask({ command: 'resume', target: 'night' })
      expect(await steered.during(effectiveMs)).toMatchObject({ workers })
    }
    await steered.ask({ command: 'cancel', target: 'night' })
    await steered.wait(effectiveMs)
    expect((await steered.during(20_000)).reads).toBe(0)
  })
})

test('ceilings', { timeout: 120_000 }, () => {
  const steered = new Steered(2)
  return steered.run(async () => {
    await steered.submit('night')
    await steered.untilAllWork()
    const change = async (ceilings: NonNullable<Control['ceilings']>): Promise<void> => {
      await steered.ask({ command: 'change', target: 'night', ceilings })
      await steered.wait(effectiveMs)
    }
    const free = (await steered.during(20_000)).reads
    await change({ maxRequestsPerSecond: 30 })
    const few = (await steered.during(20_000)).reads
    expect(few).toBeLessThanOrEqual(20 * 30 * 1.05)
    expect(few).toBeGreaterThan(20 * 30 * 0.7)
    await change({ maxRequestsPerSecond: 0, maxBytesPerSecond: 20 * fileBytes })
    const { bytes } = await steered.during(20_000)
    // Reads in flight when the ceiling is reached still arrive, and are waited for.
    expect(bytes).toBeLessThanOrEqual(20 * 20 * fileBytes * 1.15)
    expect(bytes).toBeGreaterThan(20 * 20 * fileBytes * 0.7)
    await change({ maxBytesPerSecond: 0 })
    expect((await steered.during(20_000)).reads).toBeGreaterThan(free * 0.8)
    await change({ maxWorkers: 1 })
    expect(await steered.during(20_000)).toMatchObject({ workers: 1 })
    await change({ maxWorkers: 0 })
    expect(await steered.during(20_000)).toMatchObject({ workers })
  })
})

test('weights', { timeout: 120_000 }, () => {
  const steered = new Steered(3)
  const share = async (ms: number): Promise<number> => {
    const { ofExport } = await steered.during(ms)
    return (ofExport[0] ?? 0) / ofExport.reduce((sum, count) => sum + count, 0)
  }
  return steered.run(async () => {
    await steered.submit('night', { weight: 30 })
    await steered.submit('day', { weight: 10 })
    await steered.untilAllWork()
    await steered.wait(effectiveMs)
    const first = await share(60_000)
    expect(first).toBeGreaterThan(0.65)
    expect(first).toBeLessThan(0.85)
    await steered.ask({ command: 'change', target: 'night', weight: 5 })
    await steered.wait(effectiveMs)
    const then = await share(30_000)
    expect(then).toBeGreaterThan(0.23)
    expect(then).toBeLessThan(0.43)
  })
})

test('the shown figures are at most five seconds old', { timeout: 120_000 }, () => {
  const steered = new Steered(4)
  return steered.run(async () => {
    await steered.submit('night')
    await steered.untilAllWork()
    const history: number[] = []
    const stepMs = 250
    for (let atMs = 0; atMs < 60_000; atMs += stepMs) {
      history.push(steered.world.reads.reads)
      const status = await steered.status()
      const then = history.at(-1 - freshMs / stepMs)
      if (then !== undefined) expect(status?.progress.counts.files).toBeGreaterThanOrEqual(then)
      await steered.wait(stepMs)
    }
    expect(history.length).toBeGreaterThan(200)
  })
})
