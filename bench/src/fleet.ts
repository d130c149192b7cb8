import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeJob, type RunStatus } from '@cachewarmer/core'
import { type QueueService, sleep, systemClock } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'
import { submitJob, watchJob } from '@cachewarmer/submit'
import { type Arm, type Machine, startArm, startInstanceMetadata, testSshKey } from '@cachewarmer/vmss/testing'
import { type Azurite, startAzurite } from '../../test/support/azurite.ts'
import { printTable, seconds } from './table.ts'

const prefix = 'bench'

export interface FleetOptions {
  readonly rounds: number
  readonly quick: boolean
}

/** Times until machines are requested and deleted, and the number of reads of Azure while they idle. */
export async function benchFleet({ rounds, quick }: FleetOptions): Promise<void> {
  const idleMs = quick ? 3_000 : 20_000
  await using world = await FleetBench.start(idleMs)
  const rows: string[][] = []
  for (let round = 1; round <= rounds; round += 1) rows.push([String(round), ...(await world.round())])
  printTable(
    `A scale set's life on loopback: manager, Azurite, resource manager; idle time ${seconds(idleMs)}`,
    ['round', 'job to create', 'end to delete, less the idle time', 'ARM reads while idle', 'per 10 s'],
    rows,
  )
}

class FleetBench implements AsyncDisposable {
  readonly #folder: string
  readonly #idleMs: number
  readonly #azurite: Azurite
  readonly #machines: Map<Machine, ChildProcess>
  readonly #arm: Arm
  readonly #queues: QueueService
  readonly #manager: ChildProcess
  readonly #close: () => Promise<void>

  constructor(parts: {
    folder: string
    idleMs: number
    azurite: Azurite
    machines: Map<Machine, ChildProcess>
    arm: Arm
    queues: QueueService
    manager: ChildProcess
    close: () => Promise<void>
  }) {
    this.#folder = parts.folder
    this.#idleMs = parts.idleMs
    this.#azurite = parts.azurite
    this.#machines = parts.machines
    this.#arm = parts.arm
    this.#queues = parts.queues
    this.#manager = parts.manager
    this.#close = parts.close
  }

  static async start(idleMs: number): Promise<FleetBench> {
    const folder = mkdtempSync(join(tmpdir(), 'cachewarmer-bench-'))
    makeExport(folder)
    const azurite = await startAzurite()
    const environment = {
      PATH: process.env['PATH'] ?? '',
      CACHEWARMER_QUEUE: azurite.url,
      STORAGE_KEY: azurite.accountKey,
      QUEUE_PREFIX: prefix,
      CACHEWARMER_FOLDER: `${folder}/mounts/{address}{export}`,
      CACHEWARMER_FOLDER_LINKS: '1',
    }
    const machines = new Map<Machine, ChildProcess>()
    const arm = await startArm({
      onInstanceStarted: (machine) => {
        const worker = program('worker', ['--exit-with-parent'], environment)
        worker.stderr?.resume()
        machines.set(machine, worker)
      },
      onInstanceStopped: (machine) => {
        machines.get(machine)?.kill('SIGKILL')
      },
    })
    const controller = await startInstanceMetadata()
    const ca = join(folder, 'ca.pem')
    writeFileSync(ca, arm.ca)
    const manager = program('manager', managerArguments(arm, controller.url, ca, idleMs), {
      ...environment,
      CACHEWARMER_LEDGER: join(folder, 'ledger.db'),
      AZURE_POD_IDENTITY_AUTHORITY_HOST: controller.url,
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
    })
    await leads(manager)
    const queues = await openService(azurite.url, { accountKey: azurite.accountKey })
    const close = (): Promise<void> => controller.close()
    return new FleetBench({ folder, idleMs, azurite, machines, arm, queues, manager, close })
  }

  pause(ms: number): Promise<void> {
    return sleep(systemClock, ms)
  }

  /** One job, from its message to the deletion of the scale set that it brought about. */
  async round(): Promise<string[]> {
    const { job } = makeJob({ addresses: ['cache-1'], exportPath: '/export', paths: ['/'] })
    const submittedAtMs = Date.now()
    const { messageId } = await submitJob(this.#queues, prefix, job)
    let last: RunStatus | undefined
    for await (const status of watchJob(this.#queues, prefix, { messageId }, { clock: systemClock, intervalMs: 50 }))
      last = status
    if (last?.outcome !== 'warmed') throw new Error(`the job ended as ${last?.outcome}: ${last?.problem}`)
    const endedAtMs = last.endedAtMs ?? Number.NaN
    const since = (method: string): number =>
      this.#arm.requests.find((request) => request.method === method && request.atMs >= submittedAtMs)?.atMs ?? 0
    while (since('DELETE') === 0) await this.pause(50)
    const deletedAtMs = since('DELETE')
    const reads = this.#arm.requests.filter(
      ({ method, atMs, path }) =>
        method === 'GET' && atMs > endedAtMs && atMs < deletedAtMs && !path.includes('/operations/'),
    ).length
    while (this.#arm.sets.size > 0) await this.pause(50)
    return [
      seconds(since('PUT') - submittedAtMs),
      seconds(deletedAtMs - endedAtMs - this.#idleMs),
      String(reads),
      ((reads * 10_000) / (deletedAtMs - endedAtMs)).toFixed(1),
    ]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#manager.kill('SIGTERM')
    await new Promise((resolve) => this.#manager.once('exit', resolve))
    for (const worker of this.#machines.values()) worker.kill('SIGKILL')
    await this.#queues.close()
    await this.#close()
    await this.#arm.close()
    await this.#azurite.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const packages = {
  manager: import.meta.resolve('@cachewarmer/manager/package.json'),
  worker: import.meta.resolve('@cachewarmer/worker/package.json'),
}

function program(name: 'manager' | 'worker', args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const file = join(dirname(fileURLToPath(packages[name])), 'dist/bin.js')
  return spawn(process.execPath, [file, ...args], { env, stdio: ['pipe', 'ignore', 'pipe'] })
}

/** A manager that has just been started looks for jobs only when it leads. */
async function leads({ stderr }: ChildProcess): Promise<void> {
  let log = ''
  await new Promise<void>((resolve, reject) => {
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (process.env['DEBUG'] !== undefined) process.stderr.write(text)
      log = (log + text).slice(-10_000)
      if (log.includes('"leading"')) resolve()
    })
    stderr?.once('end', () => reject(new Error(`the manager ended: ${log}`)))
  })
}

function managerArguments(arm: Arm, metadataUrl: string, ca: string, idleMs: number): string[] {
  const settings = {
    fleet: 'vmss',
    // The workers read folders: the job's addresses are no hosts.
    access: 'folder',
    workers: 2,
    'status-listen': 'none',
    'idle-ms': idleMs,
    'bootstrap-mount-address': '10.0.0.4',
    'bootstrap-export-path': '/b',
    'bootstrap-script-path': 'worker.sh',
    'vmss-ssh-public-key': testSshKey,
    'azure-arm-endpoint': arm.cloud.armEndpoint,
    'azure-ca-file': ca,
    'azure-metadata-url': metadataUrl,
  }
  return Object.entries(settings).flatMap(([option, value]) => [`--${option}`, String(value)])
}

function makeExport(folder: string): void {
  const files = join(folder, 'export')
  mkdirSync(files)
  for (let file = 0; file < 500; file += 1) writeFileSync(join(files, `f${file}`), 'warm')
  mkdirSync(join(folder, 'mounts/cache-1'), { recursive: true })
  symlinkSync(files, join(folder, 'mounts/cache-1/export'))
}
