import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { toWire } from '@cachewarmer/core'
import type { Logger } from '@cachewarmer/queue'
import { reportPage, statusPage } from '@cachewarmer/status-page'
import { type AccessPolicy, refuse } from './access.ts'
import type { StatusSource } from './board.ts'
import type { Steering } from './wish.ts'

export interface StatusServerOptions extends AccessPolicy {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly logger: Logger
  /** In the text format of Prometheus. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  /** Without it, or without a token, nothing can be changed through the page. */
  readonly steering?: Steering | undefined
}

export interface StatusServer {
  readonly url: string
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

const maxBodyBytes = 16_384
const page = statusPage()

/** Nothing is kept by anybody on the way, guessed at, framed, or read by pages of other origins. */
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
  const server = createServer((request, response) => {
    answer(source, options, request).then(
      (given) => send(response, request, given),
      (error: unknown) => {
        options.logger.error('a request to the status page failed', { error })
        send(response, request, failure(500, 'This is a fault of the manager; its log has more.'))
      },
    )
  })
  await listen(server, options)
  return { url: urlOf(server, options.host), close: () => close(server) }
}

async function answer(source: StatusSource, options: StatusServerOptions, request: IncomingMessage): Promise<Answer> {
  const { method = 'GET', headers } = request
  const [path = '/'] = (request.url ?? '/').split('?')
  const refusal = refuse({ method, path, headers }, options)
  if (refusal !== undefined) return failure(refusal.status, refusal.error)
  const [, run, what] = /^\/api\/runs\/([a-z0-9]{12})(?:\/([a-z.]+))?$/.exec(path) ?? []
  if (run !== undefined && what === 'control') return control(options, request, run)
  if (method !== 'GET' && method !== 'HEAD')
    return { ...failure(405, `${method} is not answered here.`), headers: { allow: 'GET, HEAD' } }
  if (path === '/') return pageAnswer()
  if (path === '/metrics') return { status: 200, type: options.metrics.contentType, body: await options.metrics.text() }
  if (path === '/api/overview') return json(source.overview())
  if (run !== undefined) return runAnswer(source, run, what)
  return failure(404, 'There is nothing under this path.')
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
async function control(options: StatusServerOptions, request: IncomingMessage, run: string): Promise<Answer> {
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
const failure = (status: number, error: string): Answer => ({ ...json({ v: 1, error }), status })

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
