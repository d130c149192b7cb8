import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isIPv4, isIPv6 } from 'node:net'

export interface AccessPolicy {
  /** Whoever asks for more than the page itself must show it. Undefined: nobody is asked. */
  readonly token: string | undefined
  /** Host names, in lower case, under which this server may be spoken to; IP addresses and `localhost` always may. */
  readonly names: readonly string[]
  /** Those of `names` that browsers reach by HTTPS, through a proxy. */
  readonly secureNames: readonly string[]
}

export interface Asked {
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** All Host headers: `headers` has the first alone. */
  readonly hosts: readonly string[]
}

/** Why a request is not answered. */
export interface Refusal {
  readonly status: 401 | 403
  readonly error: string
  /** A token was shown, and it is wrong. */
  readonly isGuess?: true
}

/**
 * Who may be answered. A foreign Host header is that of a page whose name was made to lead here (DNS rebinding): only a
 * name can be, so that addresses are let in. A request that another site's page makes is refused by what the browser says
 * of it (Fetch Metadata, Origin); following a link to the page itself is not. Undefined: the request is welcome.
 */
export function refuse({ method, path, headers, hosts }: Asked, policy: AccessPolicy): Refusal | undefined {
  const host = hosts[0]?.toLowerCase() ?? ''
  // A proxy on the way may have gone by the other one.
  if (hosts.length > 1) return { status: 403, error: 'A request has one Host header.' }
  if (!isOwnHost(host, policy.names)) {
    return { status: 403, error: 'This Host is not one of this manager; see --status-host.' }
  }
  const site = headers['sec-fetch-site']
  const isVisit = path === '/' && method === 'GET' && headers['sec-fetch-mode'] === 'navigate'
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isVisit) {
    return { status: 403, error: 'Pages of other sites may not ask.' }
  }
  const { origin } = headers
  if (origin !== undefined && !isOwnOrigin(origin, host, policy.secureNames)) {
    return { status: 403, error: 'Pages of other origins may not ask.' }
  }
  // The page holds nothing but the form that asks for the token.
  if (policy.token === undefined || path === '/') return undefined
  const [, shown] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? []
  if (shown === undefined) return { status: 401, error: 'This manager asks for its token.' }
  return isSame(shown, policy.token) ? undefined : { status: 401, error: 'The token is wrong.', isGuess: true }
}

const nameOf = (host: string): string | undefined => /^(\[[^\]]*\]|[^:]*)(?::\d{1,5})?$/.exec(host)?.[1]

function isOwnHost(host: string, names: readonly string[]): boolean {
  const name = nameOf(host)
  if (name === undefined || name === '') return false
  const isAddress = name.startsWith('[') ? isIPv6(name.slice(1, -1)) : isIPv4(name)
  return isAddress || name === 'localhost' || names.includes(name)
}

/** Scheme, name and port have to be those that this page is reached by. */
function isOwnOrigin(origin: string, host: string, secureNames: readonly string[]): boolean {
  const isSecure = secureNames.includes(nameOf(host) ?? '')
  const own = originOf(`${isSecure ? 'https' : 'http'}://${host}`)
  return own !== undefined && originOf(origin) === own
}

function originOf(url: string): string | undefined {
  try {
    return new URL(url).origin
  } catch {
    return undefined
  }
}

/** Digests have one length, so that the comparison takes the same time whatever was shown. */
function isSame(shown: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(shown), digest(token))
}
