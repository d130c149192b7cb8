import { accessOptions } from '../../cli/access-options.ts'
import { type Environment, isFileQueue, type QueueSettings, queueVariables } from '../../cli/index.ts'

/** What any program may need: where programs, homes and temporary files are, the language, and what Node itself looks at. */
const ofPrograms = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'TZ',
  'LANG',
  'LC_ALL',
  'NODE_OPTIONS',
  'UV_THREADPOOL_SIZE',
  // The journal takes standard error, and a service has a folder of its own.
  'JOURNAL_STREAM',
  'RUNTIME_DIRECTORY',
]

/** How a queue on another machine is reached. A proxy's URL may hold a password. */
const ofNetwork = [
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'NODE_USE_ENV_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]

const ofWorkers = Object.values(accessOptions).flatMap(({ envVar }) => (envVar === undefined ? [] : [envVar]))

/**
 * The environment of a worker process of this machine. A worker reads what hostile filers send, so it gets what it needs for
 * its queue and no other secret of the manager: variables that are not named here stay behind.
 */
export function workerEnvironment(config: QueueSettings, own: Environment): Record<string, string> {
  const network = isFileQueue(config.queue) ? [] : ofNetwork
  const names = [...ofPrograms, ...ofWorkers, ...network, ...queueVariables(config, own)]
  const kept = names.map((name) => [name, own[name]] as const)
  const given = [
    ['CACHEWARMER_QUEUE', config.queue !== undefined && mayHoldSecret(config.queue) ? config.queue : undefined],
    ['STORAGE_KEY', isFileQueue(config.queue) ? undefined : config.storageKey],
    ['AZURE_CLIENT_ID', config.azureClientId],
    ['AZURE_AUTHORITY_HOST', config.azureAuthorityHost],
  ] as const
  const all = [...kept, ...given].flatMap(([name, value]) => (value ? [[name, value] as const] : []))
  return Object.fromEntries(all)
}

/** A URL of a storage account may hold a signature; everybody can list the arguments of a process. */
export const mayHoldSecret = (queue: string): boolean => !queue.startsWith('sqlite:') && /[?@]/.test(queue)
