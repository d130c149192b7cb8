import { optionInvalid, secretInvalid } from '../errors.ts'

/** What people may hand on to reach the world outside; see curl(1) for the form. */
export interface ProxySettings {
  /** `http://HOST:PORT`, or as curl takes it too, `HOST:PORT`. */
  readonly http?: string
  readonly https?: string
  /** Hosts reached directly, separated by commas or blanks; `*` for all. Instance metadata and this machine are added. */
  readonly no?: string
}

const direct = ['169.254.169.254', 'localhost', '127.0.0.1']

/**
 * The variables by which curl, Node and Azure's libraries find a proxy; none without one, or where `*` excepts every host.
 * What each of the three reads in another way is written in the one way that all of them understand.
 */
export function proxyEnvironment(proxy: ProxySettings = {}): Readonly<Record<string, string>> {
  const except = (proxy.no ?? '').split(/[\s,]+/).filter((host) => host !== '')
  if ((!proxy.http && !proxy.https) || except.includes('*')) return {}
  return {
    ...(proxy.http ? { http_proxy: withScheme('proxy.http', proxy.http) } : {}),
    ...(proxy.https ? { https_proxy: withScheme('proxy.https', proxy.https) } : {}),
    no_proxy: [...new Set([...except.map(plainly), ...direct])].join(','),
    NODE_USE_ENV_PROXY: '1',
  }
}

/** Azure's libraries know neither `*.domain` nor a port. */
const plainly = (host: string): string => host.replace(/^\*\./, '.').replace(/^([^:]+):\d+$/, '$1')

function withScheme(option: string, text: string): string {
  const given = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url?.username || url?.password) throw secretInvalid(option, 'without a user name and password')
  if (url && /^https?:$/.test(url.protocol)) return given
  throw optionInvalid(option, text, "a proxy, such as 'http://proxy.example:3128'")
}
