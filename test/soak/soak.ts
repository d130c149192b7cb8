import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Prefix } from '@cachewarmer/core'
import { between, seededRandom, shuffled } from '@cachewarmer/core/testing'
import { type QueueService, systemClock, withRetry } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'
import { startAzurite } from '../support/azurite.ts'
import { ganeshaMissing, startGanesha } from '../support/ganesha.ts'
import { Lab, makeTree, pause, type Running } from '../support/lab.ts'
import { type RpcProxy, startRpcProxy } from '../support/rpc-proxy.ts'
import { Faults } from './faults.ts'
import type { Mark } from './plot.ts'
import { Watch } from './watch.ts'

export interface SoakOptions {
  readonly minutes: number
  readonly seed: number
  readonly samplesFile: string
  readonly log: (line: string) => void
}

export interface SoakSeen {
  readonly beganAtMs: number
  readonly jobs: number
  readonly files: number
  readonly faults: string
  readonly marks: readonly Mark[]
  /** Violations: a job that ended badly, an impossible count, a lasting process that ended. */
  readonly problems: readonly string[]
}

const hosts = ['127.0.0.11', '127.0.0.12', '127.0.0.13']
const lastingWorkers = 2
const leaseMs = 20_000

/**
 * Jobs one after the other in two lanes, a tree that changes all the while, and one fault after the other. A manager
 * and some workers live as long as the soak and show what they hold; a rival manager and the workers of both come and
 * go.
 */
export async function soak({ minutes, seed, samplesFile, log }: SoakOptions): Promise<SoakSeen> {
  const missing = ganeshaMissing()
  if (missing !== undefined) throw new Error(`a soak needs a real NFS server, and ${missing}`)
  const random = seededRandom(seed)
  await using place = new Lab()
  const azuriteFolder = join(place.folder, 'azurite')
  mkdirSync(azuriteFolder)
  let azurite = await startAzurite({ folder: azuriteFolder })
  const { url, accountKey } = azurite
  const port = Number(new URL(url).port)
  const lab = new Lab({
    CACHEWARMER_QUEUE: url,
    STORAGE_KEY: accountKey,
    NODE_OPTIONS: `--import=${import.meta.resolve('./probe.ts')}`,
    SOAK_SAMPLES: samplesFile,
  })
  const stable = makeTree(join(lab.exportFolder, 'stable'), 60, 40, 2_000)
  makeTree(join(lab.exportFolder, 'changing'), 40, 30)
  const filer = await startGanesha({ folder: lab.exportFolder })
  if (filer === undefined) throw new Error('nfs-ganesha did not start')
  const addresses: RpcProxy[] = []
  for (const host of hosts) {
    const samePort = addresses[0]?.port
    addresses.push(
      await startRpcProxy({ targetPort: filer.nfsPort, random, host, ...(samePort && { port: samePort }) }),
    )
    // A call is sent three times before its path fails.
    for (const { weather } of addresses) weather.lostInARow = 2
  }
  const service = withRetry(await openService(url, { accountKey, clock: systemClock }), {
    clock: systemClock,
    random: Math.random,
  })
  const ports = ['--nfs-port', String(addresses[0]?.port), '--mount-port', String(filer.mountPort)]
  const direct = ['--access', 'direct', '--allow-address', '127.0.0.0/8', '--nfs-timeout-ms', '5000', ...ports]
  const times = ['--lease-ms', String(leaseMs)]
  const startManager = (name: string): Running => {
    const own = ['--ledger', join(lab.folder, `${name}.db`), '--status-listen', '127.0.0.1:0']
    return lab.start('manager', [...own, '--workers', '2', '--idle-ms', '600000', ...times, ...direct])
  }
  const manager = startManager('lasting')
  const workers = Array.from({ length: lastingWorkers }, (_, at) =>
    lab.start('worker', ['--name', `lasting-${at}`, ...times, ...direct]),
  )
  const beganAtMs = Date.now()
  const stop = AbortSignal.timeout(minutes * 60_000)
  const watch = new Watch({ addresses: hosts, exportPath: lab.exportFolder, stable }, log)
  const faults = new Faults({
    random,
    addresses,
    filer,
    manager,
    workers,
    startRival: () => startManager('rival'),
    queue: {
      stop: () => azurite.stop('SIGTERM'),
      start: async () => {
        azurite = await startAzurite({ folder: azuriteFolder, port })
      },
    },
    log,
  })
  try {
    await Promise.all([
      watch.lane(service, '/stable', stop),
      watch.lane(service, '/changing', stop),
      changeTree(join(lab.exportFolder, 'changing'), random, stop),
      faults.bringAbout(stop),
      lookAtPage(manager, stop),
    ])
    watch.problems.push(...(await left(service)))
    for (const lasting of [manager, ...workers]) watch.problems.push(...(await stopped(lasting)))
  } finally {
    await lab[Symbol.asyncDispose]()
    await service.close()
    for (const address of addresses) await address[Symbol.asyncDispose]()
    await filer.stop()
    await azurite.stop()
  }
  const { jobs, files, problems } = watch
  return { beganAtMs, jobs, files, problems, marks: faults.marks, faults: faults.summary }
}

/** Once all jobs have ended, none waits and nothing was put aside. */
async function left(service: QueueService): Promise<string[]> {
  const names = new Prefix('lab')
  const notes = (await service.queue(names.poison).peek({ max: 32 })).map(({ body }) => `among the poison: ${body}`)
  const depth = await service.queue(names.job).approximateDepth()
  return depth === 0 ? notes : [...notes, `${depth} jobs were left`]
}

/** Problems of a process that should run until it gets the signal to stop. */
async function stopped(lasting: Running): Promise<string[]> {
  const early = lasting.process.exitCode !== null || lasting.process.signalCode !== null
  lasting.process.kill('SIGTERM')
  const { code } = await lasting.finished
  return code === 0 && !early ? [] : [`a process ended with ${code}: ${lasting.log().slice(-2_000)}`]
}

/** A person has the status page open, and Prometheus scrapes. */
async function lookAtPage(manager: Running, stop: AbortSignal): Promise<void> {
  for (let look = 0; !stop.aborted; look += 1) {
    await pause(1_000)
    const page = /"url":"(http:[^"]+?)\/?".*the status page is served/.exec(manager.log())?.[1]
    if (page === undefined) continue
    try {
      const signal = AbortSignal.timeout(1_000)
      await (await fetch(`${page}${look % 10 === 0 ? '/metrics' : '/api/overview'}`, { signal })).text()
    } catch {
      // A stalled manager does not answer.
    }
  }
}

/** Writes, removes and renames files and directories, for as long as it may. */
async function changeTree(folder: string, random: () => number, stop: AbortSignal): Promise<void> {
  for (let made = 0; !stop.aborted; made += 1) {
    await pause(50)
    const group = join(folder, `group-${between(random, 0, 9)}`)
    const [below] = shuffled(random, readdirSync(group))
    const target = join(group, below ?? '')
    const files = readdirSync(target)
    // Its size stays about the same: what grows with the tree would not be seen apart from what leaks.
    if (random() < 0.1) renameSync(target, join(group, `d-renamed-${made}`))
    else if (files.length < between(random, 20, 40))
      writeFileSync(join(target, `new-${made}.dat`), Buffer.alloc(between(random, 0, 40_000)))
    else rmSync(join(target, shuffled(random, files)[0] ?? ''))
  }
}
