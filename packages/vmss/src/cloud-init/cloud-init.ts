import { checkResourceId, checkText, checkWhole, optionInvalid, secretInvalid } from '../errors.ts'
import { type Cloud, clouds } from '../machine/place.ts'
import { type ProxySettings, proxyEnvironment } from './proxy.ts'
import { bootstrapScript, lifeLimitService, lifeLimitTimer, selfDeleteScript, workerUnit } from './scripts.ts'

const secretName = /(?:^|_)(?:KEY|SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIAL|CONNECTION_STRING|SAS)(?:_|$)/i
/** A storage account's key, a shared access signature, a connection string. */
const secretValue = /(?:^|[^A-Za-z0-9+/])[A-Za-z0-9+/]{86}==|AccountKey=|[?&]sig=/

/**
 * Lines of an environment file that a shell and systemd read alike: between single quotes both take everything as it is.
 * Throws `OPTION_INVALID` for what cannot be written so, and for what looks like a secret: cloud-init can be read by
 * everybody who may look at the scale set, and by every process on the machine.
 */
export function environmentFile(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('')
}

function checkEnvironment(variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(variables)) {
    checkText('environment', name, /^[A-Za-z_][A-Za-z0-9_]*$/, 'names of letters, digits and underscores')
    const option = `environment.${name}`
    if (secretName.test(name) || secretValue.test(value)) {
      throw secretInvalid(option, 'no secret: workers get theirs with a managed identity')
    }
    checkText(option, value, /^[\x20-\x26\x28-\x7e]*$/, 'printable ASCII without single quotes')
  }
  return variables
}

/** Where a machine gets its worker from. */
export type WorkerSource =
  | {
      readonly from: 'export'
      /** Host name or IPv4 address of the NFS server that has the bootstrap export. */
      readonly address: string
      readonly exportPath: string
      /** The script that installs and starts a worker, relative to the export. It is run by bash. */
      readonly script: string
      /** Of the script, in hexadecimal digits: the machine runs no other. Default: no check. */
      readonly scriptSha256?: string
      /** Default `/b`, as the original has it. */
      readonly mountPoint?: string
    }
  | {
      readonly from: 'image'
      /** Program and arguments. Default: the image has a `cachewarmer-worker.service` of its own. */
      readonly command?: readonly [string, ...string[]]
    }

export interface WorkerCloudInitOptions {
  readonly source: WorkerSource
  /** What the worker finds in its environment, such as `STORAGE_ACCOUNT` and `QUEUE_PREFIX`. No secrets. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  readonly proxy?: ProxySettings | undefined
  /** Certificates (PEM) that the machine trusts besides its own: of a private authority, or of a proxy that opens TLS. */
  readonly authorities?: string | undefined
  /** Where a machine deletes itself. Default: the public cloud. */
  readonly cloud?: Cloud | undefined
  /** Resource id of the identity that it does so with. Default: the machine's only one. */
  readonly identityId?: string | undefined
  /** How often the start is tried, minutes altogether, before the machine deletes itself. Default 20. */
  readonly attempts?: number | undefined
  /** A machine deletes itself at this age, even while it works. Default 24 hours; `Infinity` for never. */
  readonly lifeLimitMs?: number | undefined
}

/** "The maximum length of the binary array is 65535 bytes" (`osProfile.customData`, compute API). */
export const maxCloudInitBytes = 65_535

const day = 24 * 60 * 60_000

/**
 * The cloud-init that makes a machine a worker. Pure, without secrets, and it needs nothing from the internet and no
 * package manager. Throws `OPTION_INVALID` for what could not be written or would not fit.
 */
export function workerCloudInit(options: WorkerCloudInitOptions): string {
  const { source, lifeLimitMs = day } = options
  const files: File[] = [
    { path: '/etc/cachewarmer/worker.env', mode: '0644', content: environmentFile(variables(options)) },
    { path: '/usr/local/sbin/cachewarmer-bootstrap', mode: '0755', content: bootstrapScript },
    { path: '/usr/local/sbin/cachewarmer-self-delete', mode: '0755', content: selfDeleteScript },
  ]
  const trusted = options.authorities === undefined ? [] : certificates(options.authorities)
  if (trusted.length > 0) files.push({ path: authoritiesFile, mode: '0644', content: `${trusted.join('\n')}\n` })
  const commands = [['/usr/local/sbin/cachewarmer-bootstrap']]
  if (source.from === 'image' && source.command) {
    const content = workerUnit(checkCommand(source.command))
    files.push({ path: '/etc/systemd/system/cachewarmer-worker.service', mode: '0644', content })
  }
  if (lifeLimitMs !== Number.POSITIVE_INFINITY) {
    checkWhole('lifeLimitMs', lifeLimitMs, 60_000, 365 * day)
    const unit = '/etc/systemd/system/cachewarmer-life-limit'
    files.push({ path: `${unit}.service`, mode: '0644', content: lifeLimitService })
    files.push({ path: `${unit}.timer`, mode: '0644', content: lifeLimitTimer(lifeLimitMs) })
    commands.unshift(['systemctl', 'daemon-reload'], ['systemctl', 'enable', '--now', 'cachewarmer-life-limit.timer'])
  }
  return checkCloudInit(write(files, commands, trusted))
}

/** Throws `OPTION_INVALID` for what Azure would refuse as custom data, or cloud-init would not take for its own. */
export function checkCloudInit(text: string): string {
  const bytes = Buffer.byteLength(text, 'utf8')
  if (bytes > maxCloudInitBytes) {
    throw optionInvalid('cloudInit', `${bytes} bytes`, `at most ${maxCloudInitBytes} bytes, as Azure takes no more`)
  }
  if (!/^#(?:cloud-config\n|!)/.test(text))
    throw optionInvalid('cloudInit', text, "text that begins with '#cloud-config'")
  return text
}

function variables(options: WorkerCloudInitOptions): Readonly<Record<string, string>> {
  const { source, identityId, cloud = clouds.AzurePublicCloud } = options
  const attempts = checkWhole('attempts', options.attempts ?? 20, 1, 10_000)
  return checkEnvironment({
    ...options.environment,
    ...proxyEnvironment(options.proxy),
    ...(options.authorities === undefined ? {} : { NODE_EXTRA_CA_CERTS: authoritiesFile }),
    ...(source.from === 'export' ? exportVariables(source) : {}),
    CACHEWARMER_BOOTSTRAP_ATTEMPTS: String(attempts),
    CACHEWARMER_ARM_ENDPOINT: checkText('cloud.armEndpoint', cloud.armEndpoint, /^https:\/\/[^\s/]+$/, 'https://host'),
    ...(identityId ? { CACHEWARMER_IDENTITY_ID: checkResourceId('identityId', identityId, /./, 'an identity') } : {}),
  })
}

function exportVariables(source: Extract<WorkerSource, { from: 'export' }>): Readonly<Record<string, string>> {
  const { address, exportPath, script, scriptSha256, mountPoint = '/b' } = source
  checkText('source.address', address, /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'a host name or an IPv4 address')
  checkPath('source.exportPath', exportPath)
  checkPath('source.mountPoint', mountPoint)
  const relative = script.replace(/^\/+/, '')
  checkPath('source.script', `/${relative}`)
  return {
    BOOTSTRAP_MOUNT_ADDRESS: address,
    BOOTSTRAP_EXPORT_PATH: exportPath,
    BOOTSTRAP_PATH: mountPoint,
    BOOTSTRAP_SCRIPT: relative,
    ...(scriptSha256 === undefined
      ? {}
      : {
          BOOTSTRAP_SCRIPT_SHA256: checkText(
            'source.scriptSha256',
            scriptSha256,
            /^[0-9a-f]{64}$/,
            '64 hexadecimal digits',
          ),
        }),
  }
}

function checkPath(option: string, path: string): void {
  checkText(option, path, /^\/[\x21-\x26\x28-\x7e]*$/, 'an absolute path without spaces and quotes')
  if (path.split('/').includes('..')) throw optionInvalid(option, path, "a path without '..'")
}

/** A systemd command line without anything that systemd would read as more than a word. */
function checkCommand(command: readonly string[]): readonly string[] {
  checkText('source.command', command[0] ?? '', /^\/[A-Za-z0-9_./-]+$/, 'the absolute path of a program')
  for (const word of command.slice(1)) {
    checkText('source.command', word, /^[A-Za-z0-9_.,:/=@+-]+$/, 'words without spaces, quotes and dollar signs')
  }
  return command
}

const authoritiesFile = '/etc/cachewarmer/authorities.pem'

/** The certificates of a bundle, without the comments around them. Throws `OPTION_INVALID` for a bundle of none, or with a key. */
function certificates(bundle: string): string[] {
  if (bundle.includes('PRIVATE KEY-----'))
    throw secretInvalid('authorities', 'certificates alone, without a private key')
  const found = bundle.match(/^-----BEGIN CERTIFICATE-----\s+[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/gm) ?? []
  if (found.length === 0) throw optionInvalid('authorities', bundle, 'certificates in PEM')
  return found.map((certificate) => certificate.replaceAll(/\s*\r?\n/g, '\n'))
}

interface File {
  readonly path: string
  readonly mode: string
  /** Lines of printable text. */
  readonly content: string
}

/** YAML that people can read in a plan: files as literal blocks, commands as lists that no shell touches. */
function write(files: readonly File[], commands: readonly (readonly string[])[], trusted: readonly string[]): string {
  const lines = [
    '#cloud-config',
    '# A CacheWarmer worker.',
    'package_update: false',
    'package_upgrade: false',
    'write_files:',
  ]
  const block = (text: string): string[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => (line === '' ? '' : `      ${line}`))
  for (const { path, mode, content } of files)
    lines.push(`  - path: ${path}`, `    permissions: '${mode}'`, '    content: |', ...block(content))
  // For curl and whatever else takes the machine's own list; Node has its variable.
  if (trusted.length > 0) lines.push('ca_certs:', '  trusted:')
  for (const certificate of trusted) lines.push('    - |', ...block(certificate))
  lines.push('runcmd:', ...commands.map((words) => `  - ${JSON.stringify(words)}`))
  return `${lines.join('\n')}\n`
}
