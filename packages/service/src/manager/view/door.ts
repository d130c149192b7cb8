import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders, Server } from 'node:http'
import { isIPv4, isIPv6, type Socket } from 'node:net'
import type { Logger } from '@cachewarmer/queue'

export interface AccessPolicy {
  /** Needed for all but the page itself. Undefined: not needed. */
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

/** Digests have one length, so that the comparison takes the same time for any token. */
function isSame(shown: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(shown), digest(token))
}

/** Wrong tokens that one client may show in a row, and how long it then takes until it may show another. */
const atOnce = 20
const oneMoreMs = 1_000
/** Clients that are remembered; those silent for longest are forgotten first. */
const maxClients = 1_024

/**
 * Slows down guessing: a client with too many wrong tokens is refused without a look at the next one, so that a right guess
 * shows no sooner than a wrong one. A bucket per client, which refills with time; memory is bounded.
 */
export class Guesses {
  readonly #wrong = new Map<string, { count: number; atMs: number }>()

  /** Milliseconds until this client may show a token again; 0: now. */
  waitMs(client: string, nowMs: number): number {
    const known = this.#wrong.get(client)
    return known === undefined ? 0 : Math.max(0, (known.count - atOnce + 1) * oneMoreMs - since(known.atMs, nowMs))
  }

  /** Notes a wrong token. */
  wrong(client: string, nowMs: number): void {
    const count = this.#count(client, nowMs) + 1
    this.#wrong.delete(client)
    this.#wrong.set(client, { count, atMs: nowMs })
    for (const oldest of this.#wrong.keys()) {
      if (this.#wrong.size <= maxClients) return
      this.#wrong.delete(oldest)
    }
  }

  #count(client: string, nowMs: number): number {
    const known = this.#wrong.get(client)
    return known === undefined ? 0 : Math.max(0, known.count - since(known.atMs, nowMs) / oneMoreMs)
  }
}

/** A clock that was set back stands still here. */
const since = (atMs: number, nowMs: number): number => Math.max(0, nowMs - atMs)

/** One client: an IPv4 address, or an IPv6 network of 64 bits, whose addresses all belong to one machine. */
export function clientOf(remoteAddress: string | undefined): string {
  const address = (remoteAddress ?? '').replace(/^::ffff:(?=[\d.]+$)/i, '')
  if (!address.includes(':')) return address
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const all = tail === undefined ? groups : [...groups, ...Array(8 - groups.length - after.length).fill('0'), ...after]
  return `${all.slice(0, 4).join(':')}::/64`
}

/** Connections at once. A page in a browser takes two, Prometheus one. */
export const maxConnections = 64

/** Bounds of time on a request, for `createServer`. */
export const requestBounds = {
  /** Until the headers have arrived in full. */
  headersTimeout: 5_000,
  /** Until the request has arrived in full. */
  requestTimeout: 10_000,
  /** Node looks for requests beyond these bounds this often. */
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 16_384,
} as const

/** A connection on which nothing moves for this long ends, as of a client that never reads its answer. */
const silentMs = 30_000

/**
 * Bounds what connections of a server take of this process's descriptors, which queues, workers and Azure need. When one too
 * many comes, the one that got no answer for longest ends: half-sent requests make room, and a client that asks gets its
 * answer. Tells `dropped` of each connection that had to go.
 */
export function boundConnections(server: Server, dropped: (socket: Socket) => void): void {
  /** In the order of their latest answer, or of their begin. */
  const open = new Set<Socket>()
  server.setTimeout(silentMs)
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    if (open.size <= maxConnections) return
    const [longest] = open
    if (longest === undefined) return
    open.delete(longest)
    dropped(longest)
    longest.destroy()
  })
  server.on('request', ({ socket }, response) => {
    response.once('finish', () => {
      if (open.delete(socket)) open.add(socket)
    })
  })
}

/** A request to the page, as the log has it. */
export interface AuditedRequest {
  /** Address and port of the client. */
  readonly from: string
  readonly method: string
  /** Without its query. */
  readonly path: string
}

export interface Steered {
  readonly run: string
  readonly body: string
  readonly status: number
  /** Why nothing was changed. */
  readonly error: string | undefined
}

const windowMs = 60_000
/** Lines about refusals in one window: what an attacker writes into the log is bounded. */
const linesAtMost = 30
/** Characters of a path or a body. */
const longest = 200

/**
 * The audit lines of the page: each request that steers, and each that is refused, with the client, what was asked, and the
 * log's time. Beyond a number of lines a minute refusals are counted, and the next line tells how many had none.
 */
export class Audit {
  readonly #logger: Logger
  #windowAtMs = Number.NEGATIVE_INFINITY
  #lines = 0
  #unlogged = 0

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** `asked.body` is logged as it came, not as it was understood. */
  steered(request: AuditedRequest, asked: Steered): void {
    const fields = { ...shown(request), ...asked, body: asked.body.slice(0, longest) }
    this.#logger.info('audit: a run was steered from the page', fields)
  }

  refused(request: AuditedRequest, refusal: { status: number; error: string }, nowMs: number): void {
    this.#line(nowMs, 'audit: a request to the page was refused', { ...shown(request), ...refusal })
  }

  dropped(from: string, nowMs: number): void {
    this.#line(nowMs, 'audit: a connection to the page was ended, as there were too many', { from })
  }

  #line(nowMs: number, message: string, fields: object): void {
    if (!(nowMs - this.#windowAtMs < windowMs)) {
      this.#windowAtMs = nowMs
      this.#lines = 0
    }
    if (this.#lines === linesAtMost) {
      this.#unlogged += 1
      return
    }
    this.#lines += 1
    this.#logger.warn(message, { ...fields, ...(this.#unlogged > 0 ? { unlogged: this.#unlogged } : {}) })
    this.#unlogged = 0
  }
}

const shown = ({ from, method, path }: AuditedRequest): AuditedRequest => ({
  from,
  method: method.slice(0, 20),
  path: path.slice(0, longest),
})
