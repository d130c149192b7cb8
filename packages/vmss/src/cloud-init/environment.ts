import { checkText, optionInvalid, secretInvalid } from '../check.ts'

/** What people may hand on to reach the world outside; see curl(1) for the form. */
export interface ProxySettings {
  readonly http?: string
  readonly https?: string
  /** Hosts reached directly. Instance metadata and this machine are added. */
  readonly no?: string
}

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

export function checkEnvironment(variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
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

const direct = ['169.254.169.254', 'localhost', '127.0.0.1']

/** The variables by which curl, Node and Azure's libraries find a proxy; none without one. */
export function proxyEnvironment(proxy: ProxySettings = {}): Readonly<Record<string, string>> {
  if (!proxy.http && !proxy.https) return {}
  const given = (proxy.no ?? '').split(',').map((host) => host.trim())
  return {
    ...(proxy.http ? { http_proxy: checkProxy('proxy.http', proxy.http) } : {}),
    ...(proxy.https ? { https_proxy: checkProxy('proxy.https', proxy.https) } : {}),
    no_proxy: [...new Set([...given, ...direct])].filter((host) => host !== '').join(','),
    NODE_USE_ENV_PROXY: '1',
  }
}

function checkProxy(option: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.username || url?.password) throw secretInvalid(option, 'without a user name and password')
  if (url && /^https?:$/.test(url.protocol)) return text
  throw optionInvalid(option, text, "a proxy, such as 'http://proxy.example:3128'")
}
