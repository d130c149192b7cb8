import { encodeJob } from '@cachewarmer/core'
import { type Logger, silentLogger } from '@cachewarmer/queue'
import { beginAsks } from './asks.ts'
import { Chaos } from './chaos.ts'
import { type SimJob, unreadOf, wrongEnding } from './expectations.ts'
import { addressesOf, drawExtras, type ExtraKind } from './extras.ts'
import { randomExport } from './filer.ts'
import { ManagerHost } from './manager-host.ts'
import type { Ending } from './monitor.ts'
import { unknownBeside } from './names.ts'
import { drawScenario, type Scenario } from './scenario.ts'
import { type Dice, dice } from './seeded.ts'
import { messageOf, submitList } from './submitter.ts'
import { drawWanted, listDiceOf, wantsAll, wantsFiltered } from './wanted.ts'
import { World } from './world.ts'

export interface Simulated {
  readonly seed: number
  /** The violations, in words. */
  readonly violations: readonly string[]
  readonly scenario: Scenario
  readonly extras: ReadonlySet<ExtraKind>
  /** How often each thing happened. */
  readonly counts: Readonly<Record<string, number>>
  readonly virtualMs: number
  readonly events: number
  /** The outcome, to compare two runs of one seed. */
  readonly outcome: string
}

/** No job may take longer than this once nothing goes wrong any more, and than its reads take two at a time. */
const longestMs = 20 * 60_000
/** Nor may it take longer than this until everything is gone after the last job. */
const quietMs = 45 * 60_000

/**
 * Runs jobs through the real managers, workers and fleets, all in this process, in virtual time, with what the seed
 * says that goes wrong. The same seed gives the same run, to the last read.
 */
export async function simulate(seed: number, options: { logger?: Logger } = {}): Promise<Simulated> {
  const root = dice(seed)
  const drawn = drawScenario(root)
  const extras = drawExtras(seed, drawn)
  const scenario = { ...drawn, ...extras.scenario }
  const ended: { job: SimJob; ending: Ending; unread: ReturnType<typeof unreadOf> }[] = []
  const noteEnd = (ending: Ending): void => {
    const job = jobs.find(({ label }) => label === ending.status.label)
    if (job !== undefined) ended.push({ job, ending, unread: unreadOf(job, world.reads) })
  }
  const world: World = new World(root, scenario, {
    logger: options.logger ?? silentLogger,
    ended: noteEnd,
    extras,
    names: dice((seed ^ 0x6e61_6d65) >>> 0),
  })
  const { sim, monitor, tally } = world
  const jobs = makeJobs(world, root, listDiceOf(seed, dice))
  const first = world.newLedger()
  const hosts = [new ManagerHost(world, first)]
  if (scenario.managers === 2) hosts.push(new ManagerHost(world, scenario.sharedLedger ? first : world.newLedger()))
  const abandoned = scenario.abandonedAtMs !== undefined
  const violations = monitor.violations
  const garbage = await sim.run(submit(world, jobs, root), longestMs)
  new Chaos(world, hosts).begin(jobs.map(({ label }) => label))
  if (!abandoned) beginAsks(world, jobs)

  const over = async (): Promise<void> => {
    const all = (): boolean => jobs.every((job) => ended.some((one) => one.job === job))
    while (abandoned ? sim.elapsedMs < scenario.faultsUntilMs : !all()) await sim.wait(500)
  }
  try {
    const reads = jobs.reduce((count, { of, addresses, wanted }) => {
      const files = [...of.files.keys()].reduce((sum, path) => sum + wanted.times(path), wanted.noFiles.size)
      return count + files * addresses.length
    }, 0)
    // As if all were read one by one, twice: a clock that leaps again and again has much of it read again.
    const longMs = longestMs + scenario.faultsUntilMs + reads * scenario.readMs * 2
    // A tree that changes may come to hold more.
    await sim.run(over(), () => longMs + Math.max(...jobs.map((job) => ceilingMs(job, scenario))))
    tally.count('virtual minutes until all jobs ended', sim.elapsedMs / 60_000)
    // A little of what goes wrong goes wrong while everything is let go.
    scenario.faultsUntilMs = Math.min(scenario.faultsUntilMs, sim.elapsedMs + 15_000)
    await sim.run(quiet(world, abandoned), quietMs + scenario.faultsUntilMs)
  } catch (error) {
    const left = jobs.filter((job) => !ended.some((one) => one.job === job)).map(({ label }) => label)
    monitor.violate(
      `${error instanceof Error ? error.message : String(error)}; jobs left: ${left.join(', ') || 'none'}`,
    )
    monitor.violate(await sim.run(whatIsLeft(world), longestMs).catch(String))
  }

  for (const { job, ending, unread } of ended) {
    const { status } = ending
    // One that was sent twice, and whose list went with the first one before the second was there.
    const isLate =
      job.wanted.list !== undefined && ended.some((one) => one.job === job && one.ending.atMs < ending.atMs)
    if (status.outcome === 'lost' && isLate) {
      tally.count('lists that came twice, too late')
      continue
    }
    const ledger = world.ledgerOf(status.run)
    const failures = ledger?.failures(status.run, Number.MAX_SAFE_INTEGER)
    const wornOut = monitor.wornOut(status.run)
    const away = scenario.faults.has('address away') || extras.openTimeouts.size > 0 || world.names?.hasUnknown === true
    const asked = scenario.cancels || extras.asks.cancelAtMs !== undefined
    if (status.outcome === 'cancelled' && !asked) monitor.violate(`${job.label}: cancelled without a request`)
    const isSteady = (one: string): boolean =>
      !world.filer.away.has(one) && !extras.openTimeouts.has(one) && !extras.refusing.has(one)
    const steady = job.addresses.some(isSteady)
    const known = {
      filesAtCancel: monitor.heard.filesAtCancel(job.label),
      job,
      status,
      unread,
      failures,
      reads: world.reads,
      scenario,
      away,
      steady,
      atMs: ending.atMs,
      wornOut,
    }
    for (const wrong of wrongEnding(known)) monitor.violate(wrong)
    tally.count(`outcome: ${status.outcome ?? 'none'}`)
    if (failures !== undefined) tally.count('failures told', failures.length)
    if ((ledger?.run(status.run)?.generation ?? 0) > 0) {
      if (monitor.retired.has(status.run)) tally.count('runs that started over')
      else monitor.violate(`${job.label}: items vanished, the run started over`)
    }
  }
  for (const text of [...garbage, ...monitor.spoiled])
    if (!monitor.poison.some((note) => note.includes(text))) monitor.violate(`${text} is not among the poison`)

  for (const host of hosts) host.close()
  for (const worker of world.workers) worker.stop('the simulation is over')
  await sim.run(sim.wait(125_000), longestMs).catch(() => undefined)
  if (world.workers.size > 0) monitor.violate(`${world.workers.size} workers were told to stop and did not`)
  world.ledgerFiles.remove()
  tally.count('reads', world.reads.reads)
  const outcome = JSON.stringify([ended.map(({ ending }) => ending), tally.counts, sim.elapsedMs, sim.events])
  const { counts } = tally
  const { elapsedMs: virtualMs, events } = sim
  return { seed, violations, scenario, extras: extras.kinds, counts, virtualMs, events, outcome }
}

/** Time that a job needs for its ceiling alone, if each worker has its share and one of them does all. */
function ceilingMs({ of, addresses, asked, wanted }: SimJob, { maxWorkers }: Scenario): number {
  const { maxRequestsPerSecond, maxBytesPerSecond } = asked
  const sizes = [...of.files].map(([path, { size }]) => size * wanted.times(path))
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  const requests = 2 * (sizes.length + of.directories.size) + bytes / 1_048_576
  const seconds = Math.max(requests / (maxRequestsPerSecond ?? Infinity), bytes / (maxBytesPerSecond ?? Infinity))
  return 2_000 * seconds * addresses.length * maxWorkers
}

function makeJobs(world: World, root: Dice, lists: Dice | undefined): SimJob[] {
  const { scenario, filer, extras, monitor } = world
  return Array.from({ length: scenario.jobs }, (_, at) => {
    const path = `/export${at}`
    const of = randomExport(root.fork(), path, { scale: scenario.treeScale, denied: scenario.denied })
    filer.exports.set(path, of)
    const through = scenario.throughSpread ? 'spread' : 'each'
    const hasList = lists !== undefined && (at === 0 || lists.chance(0.7))
    const { asked, filtered, headBytes, mode, refused } = extras.job(of, hasList)
    const wanted = hasList ? drawWanted(lists.fork(), of) : filtered === undefined ? wantsAll : wantsFiltered(filtered)
    of.refused = refused
    const label = `job-${at}`
    const { names } = world
    const known = addressesOf(scenario.addresses)
    const submitted = names?.inPlaceOf(known) ?? known
    const addresses = names?.hasUnknown ? [...known, unknownBeside] : known
    const isUnknown = names?.allUnknown === true
    const { refusing } = extras
    monitor.heard.submitted(label, path)
    return { label, of, addresses, submitted, isUnknown, through, wanted, asked, headBytes, mode, refusing }
  })
}

/** Puts the jobs into the queue, some later than others, with unreadable messages in front. Returns those. */
async function submit(world: World, jobs: readonly SimJob[], root: Dice): Promise<readonly string[]> {
  const { service, monitor, sim, scenario } = world
  const { names } = monitor
  for (const name of [names.job, names.control, names.poison]) await service.create(name)
  const garbage: string[] = []
  const spoil = async (queue: string): Promise<void> => {
    const text = `unreadable-${garbage.length}`
    garbage.push(text)
    await service.queue(queue).send(`{"${text}"`)
  }
  if (scenario.garbage) await spoil(names.job)
  jobs.forEach((job, at) => {
    const { list } = job.wanted
    sim.after(at === 0 ? 0 : root.next() * 20_000, () => {
      const body = encodeJob(messageOf(job))
      if (list === undefined)
        void service
          .queue(names.job)
          .send(body)
          .then(({ id }) => monitor.sawJob(id, body))
      else submitList(world, job, list)
    })
  })
  if (scenario.garbage && scenario.abandonedAtMs === undefined) spoilRun(world, garbage)
  return scenario.abandonedAtMs === undefined ? garbage : []
}

/** Writes foreign messages into the queues of the first visible run. */
function spoilRun(world: World, garbage: readonly string[]): void {
  const { service, monitor, sim } = world
  const look = async (): Promise<void> => {
    const [work] = await service.list(monitor.names.runWork(''))
    const run = work === undefined ? undefined : monitor.names.runOf(work)
    if (work === undefined || run === undefined) {
      sim.after(300, () => void look())
      return
    }
    try {
      await service.queue(work).send('{"unreadable-item"')
      await service.queue(monitor.names.runResults(run)).send('{"unreadable-result"')
      world.tally.count('unreadable messages', garbage.length + 2)
    } catch {
      // The run is over already.
    }
  }
  void look()
}

/** Returns once nothing is left that costs or holds anything; a service that was abandoned keeps its queues. */
async function quiet(world: World, abandoned: boolean): Promise<void> {
  for (;;) {
    await world.sim.wait(2_000)
    if (world.workers.size > 0 || world.compute.sets > 0) {
      const overdue = overdueMs(world, abandoned)
      if (overdue > 0) throw new Error(`what is paid for was to be gone ${Math.round(overdue / 1_000)} s ago`)
      // A machine that never started cannot delete itself, and no manager comes back for it.
      const alone =
        abandoned && world.compute.machines.every(({ state }) => state === 'failed') && world.workers.size === 0
      if (!alone) continue
    }
    if (abandoned) return
    if (world.sim.elapsedMs < world.scenario.faultsUntilMs) continue
    if ((await leftovers(world)).length === 0) return
  }
}

/** Time for which workers and machines have had no work: after the last job, or after the last manager. */
function overdueMs({ sim, scenario, monitor, troubledAtMs }: World, abandoned: boolean): number {
  const { idleMs, leaseMs, abandonedAfterMs } = scenario
  const fromMs = abandoned ? sim.startMs + (scenario.abandonedAtMs ?? 0) : monitor.noJobsSinceMs
  if (fromMs === undefined) return 0
  const mayStayMs = abandoned ? 2 * abandonedAfterMs : idleMs + leaseMs
  return sim.nowMs - Math.max(fromMs, troubledAtMs, sim.startMs + scenario.faultsUntilMs) - mayStayMs - goneMs
}

/** Machines take this long to be deleted. */
const goneMs = 60_000

async function leftovers(world: World): Promise<string[]> {
  const { service, monitor } = world
  const { names } = monitor
  const left: string[] = []
  for (const name of [names.job, names.control]) {
    const depth = await service.queue(name).approximateDepth()
    if (depth > 0) left.push(`${depth} in ${name}`)
  }
  for (const name of await service.list(prefixOfRuns)) {
    // The list of a submitter that died goes after a day.
    if (monitor.lists.has(name)) left.push(name)
    if (names.runOf(name) === undefined) continue
    if (!name.startsWith(names.runStatus(''))) left.push(name)
  }
  return left
}

const prefixOfRuns = 'sim'

async function whatIsLeft(world: World): Promise<string> {
  const { workers, compute } = world
  const machines = compute.machines.map(({ state }) => state).join(' ')
  return `left: ${(await leftovers(world)).join(', ')}; ${workers.size} workers, ${compute.sets} sets, machines: ${machines || 'none'}`
}
