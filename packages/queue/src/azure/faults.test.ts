import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { withRetry } from '../port/retry.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { openAzureService } from './service.ts'

/** A service that answers as the test says. */
let answer: (request: IncomingMessage, response: ServerResponse) => void
let requests: string[]
let server: Server
let url: string

beforeEach(async () => {
  requests = []
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    request.resume()
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/account`
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

const accountKey = Buffer.from('key').toString('base64')

const refuse = (status: number, code: string) => (_request: IncomingMessage, response: ServerResponse) => {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>No.</Message></Error>`
  response
    .writeHead(status, { 'x-ms-error-code': code, 'x-ms-request-id': 'r-1', 'content-type': 'application/xml' })
    .end(body)
}

describe('the Azure driver, on a bad day', () => {
  test.each([
    [500, 'InternalError', 'UNAVAILABLE'],
    [503, 'ServerBusy', 'THROTTLED'],
    [409, 'QueueBeingDeleted', 'QUEUE_BEING_DELETED'],
    [403, 'AuthorizationPermissionMismatch', 'DENIED'],
  ])('status %i %s is reported at once, after one try', async (status, code, expected) => {
    answer = refuse(status, code)
    const service = openAzureService({ url, accountKey })
    await expect(service.create('queue')).rejects.toMatchObject({
      code: expected,
      queue: 'queue',
      message: expect.stringMatching(new RegExp(`status ${status}, ${code}, request r-1`)),
    })
    expect(requests).toHaveLength(1)
  })

  test('a HEAD without a body is understood by its header', async () => {
    answer = refuse(404, 'QueueNotFound')
    const service = openAzureService({ url, accountKey })
    await expect(service.queue('queue').approximateDepth()).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' })
  })

  test('a connection that breaks off is UNAVAILABLE, after one try', async () => {
    answer = (request) => request.destroy()
    const service = openAzureService({ url, accountKey })
    await expect(service.queue('queue').send('x')).rejects.toMatchObject({ code: 'UNAVAILABLE', queue: 'queue' })
    expect(requests).toHaveLength(1)
  })

  test('a port without a listener is UNAVAILABLE', async () => {
    server.close()
    await once(server, 'close')
    const service = openAzureService({ url, accountKey })
    await expect(service.list('')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/ECONNREFUSED/),
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })

  test('a host that does not exist is UNAVAILABLE, and its SAS is not shown', async () => {
    const service = openAzureService({ url: 'https://account.invalid', sas: 'sv=2025&sig=SECRET' })
    const failure = service.list('')
    await expect(failure).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(failure).rejects.not.toThrow('SECRET')
  })

  test('a server that hangs is UNAVAILABLE after the time of a call, by the clock given', async () => {
    const clock = fakeClock()
    const asked = new Promise<void>((resolve) => {
      answer = () => resolve()
    })
    const service = openAzureService({ url, accountKey, clock, callTimeoutMs: 5_000 })
    const late = { code: 'UNAVAILABLE', message: 'queue: no answer within 5000 ms' }
    const failure = expect(service.queue('queue').peek({ max: 1 })).rejects.toMatchObject(late)
    await asked
    await clock.advance(4_999)
    expect(clock.timers).toBe(1)
    await clock.advance(1)
    await failure
  })

  test('the time of a call is thirty seconds unless told otherwise, and ends with it', async () => {
    const clock = fakeClock()
    answer = refuse(500, 'InternalError')
    const service = openAzureService({ url, accountKey, clock })
    await expect(service.list('')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(clock.timers).toBe(0)

    const asked = new Promise<void>((resolve) => {
      answer = () => resolve()
    })
    const call = service.list('')
    await asked
    await expect(clock.run(call)).rejects.toThrow('no answer within 30000 ms')
  })

  test('an abort ends a call on its way at once, with its reason', async () => {
    const stop = new AbortController()
    const asked = new Promise<void>((resolve) => {
      answer = () => resolve()
    })
    const service = openAzureService({ url, accountKey })
    const call = service.queue('queue').receive({ max: 1, leaseMs: 1_000, signal: stop.signal })
    await asked
    const reason = new Error('enough')
    stop.abort(reason)
    await expect(call).rejects.toBe(reason)
  })

  test('times are sent in whole seconds, rounded up; a message lives for ever unless told otherwise', async () => {
    answer = refuse(404, 'QueueNotFound')
    const queue = openAzureService({ url, accountKey }).queue('queue')
    await Promise.allSettled([
      queue.send('x', { delayMs: 1_001 }),
      queue.send('x', { ttlMs: 59_001 }),
      queue.receive({ max: 3, leaseMs: 1 }),
      queue.receive({ max: 32, leaseMs: 604_800_000 }),
    ])
    expect(requests.map((line) => line.replace('&timeout=30', '')).sort()).toEqual([
      'GET /account/queue/messages?numofmessages=3&visibilitytimeout=1',
      'GET /account/queue/messages?numofmessages=32&visibilitytimeout=604800',
      'POST /account/queue/messages?visibilitytimeout=0&messagettl=60',
      'POST /account/queue/messages?visibilitytimeout=2&messagettl=-1',
    ])
  })

  test('withRetry gets through when the service recovers', async () => {
    const clock = fakeClock()
    const faults = [
      refuse(503, 'ServerBusy'),
      refuse(500, 'InternalError'),
      (request: IncomingMessage) => request.destroy(),
    ]
    answer = (request, response) => {
      const fault = faults.shift()
      if (fault !== undefined) return fault(request, response)
      response.writeHead(201, { 'x-ms-request-id': 'r-2' }).end()
    }
    const service = withRetry(openAzureService({ url, accountKey }), {
      clock: {
        ...clock,
        setTimer: (_ms, run) => {
          queueMicrotask(run)
          return () => {}
        },
      },
      random: () => 0,
    })
    expect(await service.create('queue')).toBe('created')
    expect(requests).toHaveLength(4)
  })
})
