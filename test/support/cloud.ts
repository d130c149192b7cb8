import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Arm,
  type ArmOptions,
  type InstanceMetadataServer,
  type Machine,
  startArm,
  startInstanceMetadata,
  testSshKey,
  testSubnetId,
} from '@cachewarmer/vmss/testing'

const workerFile = join(dirname(fileURLToPath(import.meta.resolve('@cachewarmer/worker/package.json'))), 'dist/bin.js')

/** A machine of the scale set: a real worker, started with nothing but the environment that its cloud-init writes. */
export interface Booted {
  readonly machine: Machine
  readonly process: ChildProcess
  readonly metadata: InstanceMetadataServer
  readonly exited: Promise<number | null>
  log(): string
}

interface CloudOptions {
  /** Settings of every program that on Azure's own machines come from the system, or a secret in its place. */
  readonly environment?: Readonly<Record<string, string>>
  /** The token that instance metadata gives for a resource. Default: `manager` for all. */
  readonly tokenFor?: (resource: string) => string
  /** What Azure is like otherwise. */
  readonly arm?: ArmOptions
}

export const workerIdentity =
  '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/render/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker'

/** Variables that make Azure's libraries ask this service for tokens instead of a machine's. */
export const identityOf = (metadata: InstanceMetadataServer): Readonly<Record<string, string>> => ({
  AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url,
  AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
})

/** The options of a manager on a controller in this Azure, whose authority is trusted by `ca`. */
export function controllerArguments(arm: Arm, controller: InstanceMetadataServer, ca: string): string[] {
  const bootstrap = ['--bootstrap-mount-address', '10.0.0.4', '--bootstrap-export-path', '/b']
  const azure = ['--azure-arm-endpoint', arm.cloud.armEndpoint, '--azure-ca-file', ca]
  const metadata = ['--azure-metadata-url', controller.url]
  const login = ['--bootstrap-script-path', 'worker.sh', '--vmss-ssh-public-key', testSshKey]
  return ['--fleet', 'vmss', ...bootstrap, ...login, '--vmss-identity', workerIdentity, ...azure, ...metadata]
}

const tokensOf = ({ tokenFor }: CloudOptions): Pick<CloudOptions, 'tokenFor'> => (tokenFor ? { tokenFor } : {})

/** Azure with its resource manager, the controller's instance metadata, and machines that are worker processes. */
export class Cloud implements AsyncDisposable {
  readonly booted: Booted[] = []
  readonly arm: Arm
  readonly controller: InstanceMetadataServer
  readonly #options: CloudOptions

  constructor(arm: Arm, controller: InstanceMetadataServer, options: CloudOptions) {
    this.arm = arm
    this.controller = controller
    this.#options = options
  }

  static async start(options: CloudOptions): Promise<Cloud> {
    const hooks = {
      onInstanceStarted: (machine: Machine): Promise<void> => cloud.#boot(machine),
      onInstanceNotice: (machine: Machine, event: 'Terminate' | 'Preempt'): Promise<void> =>
        cloud.#notice(machine, event),
      onInstanceStopped: (machine: Machine): Promise<void> => cloud.#stop(machine),
    }
    const resources = [testSubnetId, workerIdentity]
    const arm = await startArm({ ...hooks, resources, ...options.arm })
    const cloud: Cloud = new Cloud(arm, await startInstanceMetadata(tokensOf(options)), options)
    return cloud
  }

  /** A manager's options on the controller; it finds its place by itself. */
  managerArguments(folder: string): string[] {
    const ca = join(folder, 'ca.pem')
    writeFileSync(ca, this.arm.ca)
    return controllerArguments(this.arm, this.controller, ca)
  }

  /** Variables that let Azure's libraries find this service on the controller. */
  get environment(): Readonly<Record<string, string>> {
    return { ...this.#options.environment, ...identityOf(this.controller) }
  }

  async #boot(machine: Machine): Promise<void> {
    const set = this.arm.sets.get(machine.set)
    const profile = set?.body.properties.virtualMachineProfile?.osProfile as { customData?: string } | undefined
    const cloudInit = Buffer.from(profile?.customData ?? '', 'base64').toString()
    const environment = Object.fromEntries(
      [...cloudInit.matchAll(/^ {6}([A-Za-z_]+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value]),
    )
    const resourceId = `/virtualMachineScaleSets/${machine.set}/virtualMachines/${machine.id}`
    const tags = set?.body.tags ?? {}
    const metadata = await startInstanceMetadata({
      ...tokensOf(this.#options),
      machine: { name: machine.name, resourceId, scaleSet: machine.set, tags },
    })
    const child = spawn(process.execPath, [workerFile, '--exit-with-parent'], {
      env: {
        PATH: process.env['PATH'],
        ...environment,
        ...this.#options.environment,
        ...identityOf(metadata),
        CACHEWARMER_METADATA_URL: metadata.url,
      },
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    let log = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text
    })
    child.stdin.on('error', () => undefined)
    const exited = once(child, 'close').then(([code]) => code as number | null)
    this.booted.push({ machine, process: child, metadata, exited, log: () => log })
  }

  /** As Azure does, waits for the worker's answer, though not for ever. */
  async #notice(machine: Machine, event: 'Terminate' | 'Preempt'): Promise<void> {
    const booted = this.#of(machine)
    if (booted === undefined) return
    const { acknowledged } = booted.metadata.announce(event, [machine.name])
    await Promise.race([acknowledged, booted.exited, new Promise((resolve) => setTimeout(resolve, 30_000).unref())])
  }

  async #stop(machine: Machine): Promise<void> {
    const booted = this.#of(machine)
    // A worker that acknowledged is about to end by itself.
    if (booted?.log().includes('takes this machine away')) await booted.exited
    booted?.process.kill('SIGKILL')
    await booted?.exited
    await booted?.metadata.close()
  }

  #of(machine: Machine): Booted | undefined {
    return this.booted.find((one) => one.machine === machine)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.booted) process.kill('SIGKILL')
    await Promise.all(this.booted.map(({ exited }) => exited))
    await Promise.all(this.booted.map(({ metadata }) => metadata.close().catch(() => undefined)))
    await this.controller.close()
    await this.arm.close()
  }
}
