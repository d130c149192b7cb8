import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { toWire } from '@cachewarmer/core'
import { type Clock, type Logger, steadyClock } from '@cachewarmer/queue'
import { UsageError } from '../../cli/index.ts'
import { reportPage, statusPage } from '../../report/page/index.ts'
import {
  type AccessPolicy,
  Audit,
  type AuditedRequest,
  boundConnections,
  clientOf,
  Guesses,
  refuse,
  requestBounds,
} from './door.ts'
import { openMetrics } from './metrics.ts'
import type { StatusPlace } from './place.ts'
import type { StatusSource, StatusStore } from './status-store.ts'
import type { Steering } from './steering.ts'

/**
 * Serves the status page at its place. Where the default place is taken, perhaps by another manager, there is
 * none, which the log says. Throws `UsageError` where a place was asked for.
 */
export async function serveStatus(
  store: StatusStore,
  place: StatusPlace | undefined,
  { logger, steering }: { logger: Logger; steering: Steering },
): Promise<AsyncDisposable> {
  const nothing: AsyncDisposable = { [Symbol.asyncDispose]: () => Promise.resolve() }
  if (place === undefined) return nothing
  const registry = openMetrics(store)
  const metrics = { contentType: registry.contentType, text: () => registry.metrics() }
  try {
    const server = await openStatusServer(store, { ...place, clock: steadyClock, logger, metrics, steering })
    logger.info('the status page is served', { url: server.url })
    return server
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (place.asked) throw new UsageError(`--status-listen: ${reason}`, { cause: error })
    logger.warn('the status page is not served; --status-listen names another place', { reason })
    return nothing
  }
}

export interface StatusServerOptions extends AccessPolicy {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly clock: Clock
  readonly logger: Logger
  /** In the text format of Prometheus. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  /** Without it, or without a token, nothing can be changed through the page. */
  readonly steering?: Steering | undefined
}

export interface StatusServer extends AsyncDisposable {
  readonly url: string
  close(): Promise<void>
}

/** What all requests to one server share. */
interface Door {
  readonly source: StatusSource
  readonly options: StatusServerOptions
  readonly audit: Audit
  readonly guesses: Guesses
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  /** Why nothing was done. */
  readonly error?: string
  readonly headers?: Readonly<Record<string, string>>
}

const maxBodyBytes = 16_384
const page = statusPage()

/** Answers are not cached, sniffed, framed, or read by pages of other origins. */
const headersOfAll = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
}

/** Serves the page, what it asks for, and the metrics. Rejects with the system's error where it can't listen. */
export async function openStatusServer(source: StatusSource, options: StatusServerOptions): Promise<StatusServer> {
  const door: Door = { source, options, audit: new Audit(options.logger), guesses: new Guesses() }
  const server = createServer(requestBounds, (request, response) => {
    const audited = auditedOf(request)
    answer(door, request, audited).then(
      (given) => {
        auditRefusal(door, audited, given)
        send(response, request, given)
      },
      (error: unknown) => {
        options.logger.error('a request to the status page failed', { error })
        send(response, request, failure(500, 'This is a fault of the manager; its log has more.'))
      },
    )
  })
  boundConnections(server, (socket) => door.audit.dropped(placeOf(socket), options.clock.now()))
  server.on('clientError', (error, socket) => refuseBytes(door, error, socket))
  await listen(server, options)
  const end = (): Promise<void> => close(server)
  return { url: urlOf(server, options.host), close: end, [Symbol.asyncDispose]: end }
}

async function answer(door: Door, request: IncomingMessage, audited: AuditedRequest): Promise<Answer> {
  const { source, options } = door
  const { method = 'GET' } = request
  const { path } = audited
  const refusal = refuseAtDoor(door, request)
  if (refusal !== undefined) return refusal
  const [, run, what] = /^\/api\/runs\/([a-z0-9]{12})(?:\/([a-z.]+))?$/.exec(path) ?? []
  if (run !== undefined && what === 'control') return control(door, request, { run, audited })
  if (method !== 'GET' && method !== 'HEAD')
    return { ...failure(405, `${method} is not answered here.`), headers: { allow: 'GET, HEAD' } }
  if (path === '/') return pageAnswer()
  if (path === '/metrics') return { status: 200, type: options.metrics.contentType, body: await options.metrics.text() }
  if (path === '/api/overview') return json(source.overview())
  if (run !== undefined) return runAnswer(source, run, what)
  return failure(404, 'There is nothing under this path.')
}

/** Refuses requests that may not come in. After too many guesses a client does not learn whether this one was right. */
function refuseAtDoor({ options, guesses }: Door, request: IncomingMessage): Answer | undefined {
  const { method = 'GET', headers, headersDistinct } = request
  const client = clientOf(request.socket.remoteAddress)
  const now = options.clock.now()
  const waitMs = headers.authorization === undefined ? 0 : guesses.waitMs(client, now)
  if (waitMs > 0) {
    const seconds = Math.ceil(waitMs / 1000)
    return {
      ...failure(429, `Too many wrong tokens; ask again in ${seconds} s.`),
      headers: { 'retry-after': `${seconds}` },
    }
  }
  const refusal = refuse({ method, path: pathOf(request), headers, hosts: headersDistinct['host'] ?? [] }, options)
  if (refusal?.isGuess === true) guesses.wrong(client, now)
  return refusal === undefined ? undefined : failure(refusal.status, refusal.error)
}

const pathOf = ({ url = '/' }: IncomingMessage): string => url.split('?')[0] ?? '/'
const placeOf = ({ remoteAddress = 'unknown', remotePort = 0 }: Socket): string => `${remoteAddress} port ${remotePort}`
const auditedOf = (request: IncomingMessage): AuditedRequest => ({
  from: placeOf(request.socket),
  method: request.method ?? 'GET',
  path: pathOf(request),
})

/** What is merely not there was not refused; what was asked of a run has a line of its own. */
function auditRefusal({ audit, options }: Door, audited: AuditedRequest, { status, error }: Answer): void {
  if (status < 400 || status === 404 || error === undefined) return
  audit.refused(audited, { status, error }, options.clock.now())
}

/** Answers what is no request, or did not arrive in time, as Node does, and notes it. */
function refuseBytes({ audit, options }: Door, error: Error & { code?: string }, socket: Duplex): void {
  const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ''] ?? 400
  if (error.code !== 'ECONNRESET') {
    const what = { status, error: error.code ?? error.message }
    audit.refused({ from: placeOf(socket as Socket), method: '', path: '' }, what, options.clock.now())
  }
  if (!socket.writable) socket.destroy()
  else socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`)
}

const pageAnswer = (): Answer => ({
  status: 200,
  type: 'text/html; charset=utf-8',
  body: page.html,
  headers: { 'content-security-policy': page.contentSecurityPolicy },
})

function runAnswer(source: StatusSource, run: string, what: string | undefined): Answer {
  const unknown = failure(404, `run ${run}: this manager does not know it`)
  switch (what) {
    case undefined:
      return jsonOr(unknown, source.run(run))
    case 'failures':
      return jsonOr(unknown, source.failures(run))
    case 'report.html': {
      const report = source.report(run)
      return report === undefined
        ? unknown
        : { status: 200, type: 'text/html; charset=utf-8', body: reportPage(report) }
    }
    default:
      return failure(404, 'There is nothing under this path.')
  }
}

/** Only who shows a token may change anything: being on the same machine is not enough. */
async function control(
  { options, audit }: Door,
  request: IncomingMessage,
  { run, audited }: { run: string; audited: AuditedRequest },
): Promise<Answer> {
  const { steering, token } = options
  if (request.method !== 'POST') return { ...failure(405, 'Only POST is answered here.'), headers: { allow: 'POST' } }
  if (steering === undefined || token === undefined)
    return failure(403, 'This manager was started without a token for its page: it only shows. Use cachewarmer-submit.')
  if (!/^application\/json(;|$)/i.test(request.headers['content-type'] ?? ''))
    return failure(415, 'content-type: expected application/json')
  const body = await read(request)
  if (body === undefined) return failure(413, `the request: expected at most ${maxBodyBytes} bytes`)
  let wish: unknown
  try {
    wish = JSON.parse(body)
  } catch {
    return failure(400, 'the request: expected JSON')
  }
  const { status, error } = await steering.ask(run, wish)
  audit.steered(audited, { run, body, status, error })
  return error === undefined ? { ...json({ v: 1 }), status } : failure(status, error)
}

/** Undefined for a body that is too long. */
async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** ASCII alone: lone surrogates, which stand for bytes that are no UTF-8, outlive the way. */
const json = (value: unknown): Answer => ({ status: 200, type: 'application/json', body: toWire(value) })
const jsonOr = (otherwise: Answer, value: unknown): Answer => (value === undefined ? otherwise : json(value))
const failure = (status: number, error: string): Answer => ({
  ...json({ v: 1, error }),
  status,
  error,
})

function send(response: ServerResponse, request: IncomingMessage, { status, type, body, headers }: Answer): void {
  response.writeHead(status, {
    ...headersOfAll,
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    // What was not read of a request must not be taken for the next one.
    ...(request.complete ? {} : { connection: 'close' }),
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function listen(server: Server, { host, port }: StatusServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function urlOf(server: Server, host: string): string {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/`
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
