import assert from 'node:assert/strict'
import { request } from 'node:http'
import { isIP } from 'node:net'
import { text } from 'node:stream/consumers'
import { decodeControl, encodeStatus, Prefix } from '@cachewarmer/core'
import { aRunId, aStatus } from '@cachewarmer/core/testing'
import { type Logger, memoryService, silentLogger, systemClock } from '@cachewarmer/queue'
import { refuse } from '../../packages/service/src/manager/view/door.ts'
import { openStatusServer } from '../../packages/service/src/manager/view/server.ts'
import { steeringBy } from '../../packages/service/src/manager/view/steering.ts'
import type { Target } from './target.ts'

const token = 'a-token-of-16-or-more'
const names = new Prefix('studio')

/** An entry of the status server's log: a request that failed by a fault of the manager. */
function loggerInto(faults: string[]): Logger {
  const logger: Logger = {
    ...silentLogger,
    error: (message, fields) => void faults.push(`${message}: ${String(fields?.['error'])}`),
    child: () => logger,
  }
  return logger
}

const notAsked = (): never => {
  throw new Error('who steers a run asks for nothing else')
}
const source = { overview: notAsked, run: notAsked, failures: notAsked, report: notAsked }

function post(url: string, bytes: Buffer): Promise<{ status: number; answer: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const sent = request(`${url}api/runs/${aRunId}/control`, { method: 'POST', agent: false, headers }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, answer }), reject)
    })
    sent.on('error', reject)
    sent.end(bytes)
  })
}

/** A browser's post that steers a run: it gives one message in the control queue for that run, or none and a reason. */
export const steering: Target = async (bytes) => {
  const faults: string[] = []
  const service = memoryService({ clock: systemClock, random: Math.random })
  await service.create(names.control)
  await service.create(names.runStatus(aRunId))
  await service.queue(names.runStatus(aRunId)).send(encodeStatus(aStatus()))
  const server = await openStatusServer(source, {
    host: '127.0.0.1',
    port: 0,
    token,
    names: [],
    secureNames: [],
    clock: systemClock,
    logger: loggerInto(faults),
    metrics: { contentType: 'text/plain', text: notAsked },
    steering: steeringBy(service, 'studio'),
  })
  try {
    const { status, answer } = await post(server.url, bytes)
    assert.deepEqual(faults, [])
    const { v, error } = JSON.parse(answer) as { v: number; error?: string }
    assert.equal(v, 1)
    const queued = await service.queue(names.control).peek({ max: 32 })
    const commands = queued.map(({ body }) => decodeControl(body))
    if (status === 202) {
      assert.deepEqual([error, commands.map(({ target }) => target)], [undefined, [aStatus().jobMessageId]])
      return true
    }
    assert.ok(status === 400 || status === 413, `it was answered with ${status}`)
    assert.match(error ?? '', /^[ -~]+$/)
    assert.deepEqual(commands, [])
    return false
  } finally {
    await server.close()
  }
}

/**
 * A request's first line and its headers: an accepted client speaks to this host, from its own page, and has the token.
 */
export const pageRequest: Target = (bytes) => {
  const [first = '', ...lines] = bytes.toString('latin1').split('\n')
  const [method = '', path = ''] = first.split(' ')
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':', 1)[0] ?? '', line.slice(line.indexOf(':') + 1).trim()]),
  )
  const hosts = lines.filter((line) => line.startsWith('host:')).map((line) => line.slice(5).trim())
  const refusal = refuse({ method, path, headers, hosts }, { token, names: ['cache.example'], secureNames: [] })
  if (refusal !== undefined) return false
  // The port in it does not matter, not even an impossible one.
  assert.equal(hosts.length, 1)
  const hostnameOf = (host: string): string => new URL(`http://${host.replace(/:\d+$/, '')}`).hostname
  const hostname = hostnameOf(hosts[0] ?? '')
  const isOwn = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 || /^(localhost|cache\.example)$/.test(hostname)
  assert.ok(isOwn, `let in as ${hostname}`)
  const { origin } = headers
  if (origin !== undefined) assert.equal(new URL(origin).hostname, hostname)
  if (path !== '/') assert.ok(headers['authorization']?.endsWith(token))
  return true
}
