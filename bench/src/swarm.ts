import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { encodeJob, makeJob, Prefix } from '@cachewarmer/core'
import { noFleet, openLedger, runManager } from '@cachewarmer/manager'
import { type Clock, memoryService, type Queue, type QueueService, silentLogger } from '@cachewarmer/queue'
import type { Mount } from '@cachewarmer/walker'
import { type MemoryDirectory, manyEntries, memoryMount } from '@cachewarmer/walker/testing'
import { runWorker } from '@cachewarmer/worker'
import { SimClock } from '../../test/simulation/sim-clock.ts'
import { count, printTable } from './table.ts'

/** A fleet in virtual time. */
interface SwarmSetting {
  readonly workers: number
  readonly files: number
  readonly filesEach: number
  readonly slots?: number
  /** Reads in flight of a worker. */
  readonly concurrency?: number
  readonly callMs?: number
  readonly readMs?: number
}

interface SwarmOutcome {
  /** From the job message to the status that says that it ended. */
  readonly elapsedMs: number
  readonly lastReadMs: number
  readonly idealMs: number
  readonly items: number
  readonly calls: number
  readonly managerCalls: number
  readonly cpuMs: number
}

const prefix = 'swarm'
const file = { kind: 'file', size: 4_096 } as const

/**
 * One job from its message to its end, in virtual time: the real manager and the real workers, on queues in memory whose calls
 * take `callMs` and a filer whose answers take `readMs`. What a fleet costs and how long it takes can so be told without one.
 */
async function swarm(setting: SwarmSetting): Promise<SwarmOutcome> {
  const { workers, files, filesEach, slots = 4, concurrency = 64, callMs = 20, readMs = 40 } = setting
  const sim = new SimClock()
  const clock: Clock = { now: () => sim.nowMs, setTimer: (ms, run) => sim.after(Math.max(1, ms), run) }
  const calls = { all: 0, manager: 0, items: 0 }
  const shared = memoryService({ clock, random: dice(1), latencyMs: () => callMs / 2 })
  const counted = (by: 'manager' | 'worker'): QueueService =>
    countCalls(shared, (queue, call) => {
      calls.all += 1
      if (by === 'manager') calls.manager += 1
      if (call === 'send' && queue.startsWith(new Prefix(prefix).runWork(''))) calls.items += 1
    })
  const tree = treeOf(files, filesEach)
  let lastReadMs = 0
  const open = (): Mount => {
    const mount = memoryMount({
      name: 'a',
      tree,
      pageSize: 1_024,
      resumable: true,
      latencyMs: readMs,
      clock,
      handleSpace: 'tree',
      maxInFlight: concurrency,
    })
    const read: Mount['read'] = async (...given) => {
      const outcome = await mount.read(...given)
      lastReadMs = sim.elapsedMs
      return outcome
    }
    return { ...mount, read }
  }
  const stop = new AbortController()
  const cpu = process.cpuUsage()
  const ended = (async (): Promise<number> => {
    await shared.create(new Prefix(prefix).job)
    let endedAtMs = 0
    const managing = runManager(
      {
        service: counted('manager'),
        clock,
        random: dice(2),
        logger: silentLogger,
        ledger: openLedger(':memory:'),
        fleet: noFleet,
        observer: {
          leads: () => undefined,
          saw: ({ state }) => {
            if (state === 'ended') endedAtMs = sim.elapsedMs
          },
        },
      },
      { prefix, maxWorkers: workers },
      { stop: stop.signal },
    )
    const working = Array.from({ length: workers }, (_, at) =>
      runWorker(
        {
          service: counted('worker'),
          clock,
          random: dice(at + 3),
          logger: silentLogger,
          openMount: () => Promise.resolve(open()),
        },
        { prefix, name: `w${at}`, slots, concurrency, serveOriginal: false },
        { stopTaking: stop.signal, abortWork: new AbortController().signal },
      ),
    )
    // Workers look for runs at a time of their own.
    await sim.wait(10_000)
    const submittedMs = sim.elapsedMs
    const before = { ...calls }
    await shared
      .queue(new Prefix(prefix).job)
      .send(encodeJob(makeJob({ addresses: ['10.0.0.1'], exportPath: '/', paths: ['/'] }).job))
    while (endedAtMs === 0) await sim.wait(100)
    calls.all -= before.all
    calls.manager -= before.manager
    stop.abort(new Error('the job ended'))
    await Promise.all([managing, ...working])
    lastReadMs -= submittedMs
    return endedAtMs - submittedMs
  })()
  const elapsedMs = await sim.run(ended, 24 * 3_600_000)
  const { user, system } = process.cpuUsage(cpu)
  const idealMs = (files * readMs) / (workers * concurrency)
  return {
    elapsedMs,
    lastReadMs,
    idealMs,
    items: calls.items,
    calls: calls.all,
    managerCalls: calls.manager,
    cpuMs: (user + system) / 1_000,
  }
}

const treeOf = (files: number, filesEach: number): MemoryDirectory => {
  const directories = files / filesEach
  const leaf = (): MemoryDirectory => manyEntries(filesEach, () => file)
  if (directories <= 1) return leaf()
  const width = Math.ceil(Math.sqrt(directories))
  return manyEntries(width, () => manyEntries(Math.round(directories / width), leaf, 'd'), 'd')
}

function dice(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c_1b_3c_6d) + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 12), 0x29_7a_2d_39)
    mixed ^= mixed >>> 15
    return (mixed >>> 0) / 2 ** 32
  }
}

/** A service that tells of each call. */
function countCalls(service: QueueService, saw: (queue: string, call: string) => void): QueueService {
  const queue = (name: string): Queue => {
    const inner = service.queue(name)
    return {
      name,
      polling: inner.polling,
      send: (body, options) => {
        saw(name, 'send')
        return inner.send(body, options)
      },
      receive: async (options) => {
        saw(name, 'receive')
        const leases = await inner.receive(options)
        return leases.map((lease) => ({
          ...lease,
          complete: (given) => {
            saw(name, 'complete')
            return lease.complete(given)
          },
          renew: (ms, given) => {
            saw(name, 'renew')
            return lease.renew(ms, given)
          },
          giveBack: (ms, given) => {
            saw(name, 'giveBack')
            return lease.giveBack(ms, given)
          },
        }))
      },
      peek: (options) => {
        saw(name, 'peek')
        return inner.peek(options)
      },
      approximateDepth: (options) => {
        saw(name, 'depth')
        return inner.approximateDepth(options)
      },
    }
  }
  return {
    ...service,
    queue,
    list: (start, options) => {
      saw(start, 'list')
      return service.list(start, options)
    },
  }
}

const settings = (quick: boolean): readonly SwarmSetting[] => [
  ...[1, 2, 4, 8, 16, 17, 64, 256].map((workers) => ({ workers, files: 100_000, filesEach: 50 })),
  ...(quick ? [] : [64, 256, 1_000].map((workers) => ({ workers, files: 600_000, filesEach: 50 }))),
  ...(quick ? [] : [64, 256, 1_000].map((workers) => ({ workers, files: 6_000_000, filesEach: 50 }))),
  { workers: 8, files: 100_000, filesEach: 100_000 },
]

/** Each in a process of its own, as one holds a whole fleet. */
export async function benchSwarm({ quick }: { readonly quick: boolean }): Promise<void> {
  const rows: string[][] = []
  for (const setting of settings(quick)) {
    const outcome = await elsewhere(setting)
    const { elapsedMs, lastReadMs, idealMs, items, calls, managerCalls, cpuMs } = outcome
    const shape = setting.filesEach === setting.files ? 'one directory' : `directories of ${setting.filesEach}`
    rows.push([
      `${count(setting.files)} files, ${shape}`,
      count(setting.workers),
      count(items),
      count(calls),
      count(managerCalls),
      (idealMs / 1_000).toFixed(1),
      (lastReadMs / 1_000).toFixed(1),
      (elapsedMs / 1_000).toFixed(1),
      (cpuMs / 1_000).toFixed(1),
    ])
    console.log(rows.at(-1)?.join('  '))
  }
  printTable(
    'A fleet in virtual time: 20 ms a call of the queues, 40 ms a read, 64 reads in flight of a worker; seconds',
    ['tree', 'workers', 'items', 'calls', "manager's", 'ideal', 'last read', 'ended', 'CPU of all'],
    rows,
  )
}

const elsewhere = (setting: SwarmSetting): Promise<SwarmOutcome> =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(setting)])
    child.once('message', (outcome) => resolve(outcome as SwarmOutcome))
    child.once('exit', (code) => reject(new Error(`the swarm ended with ${code}`)))
  })

const [program = '', asked] = process.argv.slice(1)
if (program === fileURLToPath(import.meta.url) && asked !== undefined) {
  const outcome = await swarm(JSON.parse(asked) as SwarmSetting)
  if (process.send) process.send(outcome)
  else console.log(JSON.stringify(outcome))
}
