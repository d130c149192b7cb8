import { readdirSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { Prefix } from '@cachewarmer/core'
import type { Logger } from '@cachewarmer/queue'
import { afterEach, describe, expect, test } from 'vitest'
import { World } from '../testing/world.ts'
import { maxConnections } from './door.ts'
import { openMetrics } from './metrics.ts'
import { openStatusServer, type StatusServer, type StatusServerOptions } from './server.ts'
import { StatusStore } from './status-store.ts'
import { steeringBy } from './steering.ts'

const token = 'a-token-of-16-or-more'
const bearer = { authorization: `Bearer ${token}` }
const opened: StatusServer[] = []
let now = 0
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close()
})

/** Waits for what sockets do, which no clock of ours drives. */
async function until(met: () => boolean): Promise<void> {
  while (!met()) await after(5)
}

interface Answered {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly text: string
}

/** By hand, because fetch allows neither a foreign Host nor an Origin. */
function ask(
  url: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

interface Served {
  readonly world: World
  readonly url: string
  readonly logged: string[]
}

/** A manager with one run under way, and its page. */
async function served(
  options: Partial<StatusServerOptions>,
  body: (served: Served & { run: string }) => Promise<void>,
) {
  const world = new World()
  const store = new StatusStore(world.ports, {
    name: 'manager-1',
    prefix: 'studio',
    steering: options.token !== undefined,
  })
  const logged: string[] = []
  const log = (message: string, fields: unknown): void => void logged.push(`${message} ${JSON.stringify(fields)}`)
  const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
  const registry = openMetrics(store, { process: false })
  const server = await openStatusServer(store, {
    host: '127.0.0.1',
    port: 0,
    token: undefined,
    names: [],
    secureNames: [],
    clock: {
      now: () => now,
      setTimer: () => {
        throw new Error('nothing waits')
      },
    },
    logger,
    metrics: { contentType: registry.contentType, text: () => registry.metrics() },
    steering: steeringBy(world.service, 'studio'),
    ...options,
  })
  opened.push(server)
  const running = world.start({}, { observer: store })
  const id = await world.submit({ jobId: 'night' })
  const { item } = await world.takeItem(id)
  await body({ world, url: server.url, logged, run: item.run })
  running.stop()
  await world.clock.run(running.ended)
}

const open = (body: Parameters<typeof served>[1]) => served({}, body)
const locked = (body: Parameters<typeof served>[1]) => served({ token }, body)

describe('the status page', () => {
  test('is one page that needs nothing else, and what it asks for', async () => {
    await open(async ({ url, run }) => {
      const page = await ask(url)
      expect(page.status).toBe(200)
      expect(page.headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
      })
      expect(page.text).toMatch(/^<!doctype html>/)
      const overview = JSON.parse((await ask(`${url}api/overview`)).text)
      expect(overview).toMatchObject({
        manager: { name: 'manager-1', steering: false },
        runs: [{ run, label: 'night' }],
      })
      expect(JSON.parse((await ask(`${url}api/runs/${run}`)).text)).toMatchObject({ status: { run } })
      expect(JSON.parse((await ask(`${url}api/runs/${run}/failures`)).text)).toEqual({ v: 1, total: 0, failures: [] })
      expect((await ask(`${url}api/runs/${run}/report.html`)).text).toContain('id="report"')
      const metrics = await ask(`${url}metrics`)
      expect(metrics.headers['content-type']).toMatch(/^text\/plain/)
      expect(metrics.text).toContain(`cachewarmer_run_files{run="${run}",job="night"} 0`)
      expect((await ask(url, { method: 'HEAD' })).text).toBe('')
    })
  })

  test('says what is wrong with a request, and changes nothing', async () => {
    await open(async ({ url, run, world }) => {
      const error = async (path: string, given: Parameters<typeof ask>[1] = {}) => {
        const { status, text } = await ask(`${url}${path}`, given)
        return [status, (JSON.parse(text) as { error: string }).error]
      }
      expect(await error('nowhere')).toEqual([404, 'There is nothing under this path.'])
      expect(await error('api/runs/nobodyknows1')).toEqual([404, 'run nobodyknows1: this manager does not know it'])
      expect(await error(`api/runs/${run}/secrets`)).toEqual([404, 'There is nothing under this path.'])
      expect(await error('api/overview', { method: 'DELETE' })).toEqual([405, 'DELETE is not answered here.'])
      expect(await error('', { headers: { host: 'evil.example' } })).toEqual([403, expect.stringContaining('Host')])
      expect(await error('metrics', { headers: { 'sec-fetch-site': 'cross-site' } })).toEqual([403, expect.anything()])
      const pause = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"command":"pause"}' }
      expect(await error(`api/runs/${run}/control`, pause)).toEqual([403, expect.stringContaining('without a token')])
      expect(await world.depth(new Prefix('studio').control)).toBe(0)
    })
  })
})

describe('with a token', () => {
  test('nothing but the page is shown without it, and it is in no log', async () => {
    await locked(async ({ url, run, logged }) => {
      expect((await ask(url)).status).toBe(200)
      for (const path of ['api/overview', `api/runs/${run}`, `api/runs/${run}/report.html`, 'metrics']) {
        const { status, headers, text } = await ask(`${url}${path}`)
        expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer'])
        expect(text).not.toContain('night')
        const wrong = await ask(`${url}${path}`, { headers: { authorization: `Bearer ${token}1` } })
        expect(wrong.text).toContain('The token is wrong.')
        expect((await ask(`${url}${path}`, { headers: bearer })).status).toBe(200)
      }
      expect(logged.join('\n')).not.toContain(token)
    })
  })

  const post = (url: string, run: string, body: string, headers: Record<string, string> = {}) =>
    ask(`${url}api/runs/${run}/control`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer, ...headers },
      body,
    })

  test('a run is paused, changed and cancelled', async () => {
    await locked(async ({ url, run, world, logged }) => {
      const status = async (state: string) =>
        world.until(async () => (await world.statuses()).find((one) => one.state === state))
      expect((await post(url, run, '{"command":"pause"}')).status).toBe(202)
      expect(logged.at(-1)).toMatch(/^audit: a run was steered .*"from":"127.0.0.1 port \d+"/)
      expect(logged.at(-1)).toContain(`"run":"${run}","body":"{\\"command\\":\\"pause\\"}","status":202`)
      await status('paused')
      const change = { command: 'change', weight: 30, ceilings: { maxWorkers: 2, maxBytesPerSecond: 1_000_000 } }
      expect((await post(url, run, JSON.stringify(change))).status).toBe(202)
      await world.until(async () => ((await world.statuses())[0]?.weight === 30 ? true : undefined))
      expect(await status('paused')).toMatchObject({ ceilings: change.ceilings })
      const lift = { command: 'change', ceilings: { maxWorkers: null } }
      expect((await post(url, run, JSON.stringify(lift))).status).toBe(202)
      await world.until(async () => ((await world.statuses())[0]?.ceilings.maxWorkers === undefined ? true : undefined))
      expect((await post(url, run, '{"command":"cancel"}')).status).toBe(202)
      expect(await status('ended')).toMatchObject({ outcome: 'cancelled' })
      const late = await post(url, run, '{"command":"resume"}')
      expect([late.status, late.text]).toEqual([409, expect.stringContaining('it has ended: cancelled')])
    })
  })

  test.each([
    ['no JSON', '{', {}, 400],
    ['no object', '[]', {}, 400],
    ['an unknown command', '{"command":"explode"}', {}, 400],
    ['a ceiling of zero', '{"command":"change","ceilings":{"maxWorkers":0}}', {}, 400],
    ['a ceiling below', '{"command":"change","ceilings":{"maxBytesPerSecond":-5}}', {}, 400],
    ['a weight of text', '{"command":"change","weight":"7"}', {}, 400],
    ['a weight that has no text', '{"command":"change","weight":{"toString":1}}', {}, 400],
    ['a ceiling beside the ceilings', '{"command":"change","weight":3,"maxWorkers":1}', {}, 400],
    ['nothing to change', '{"command":"change"}', {}, 400],
    ['an unknown ceiling', '{"command":"change","ceilings":{"maxFun":1}}', {}, 400],
    ['a weight to pause by', '{"command":"pause","weight":3}', {}, 400],
    ['another content type', '{"command":"pause"}', { 'content-type': 'text/plain' }, 415],
    ['too much', ' '.repeat(20_000), {}, 413],
    ['a wrong token', '{"command":"pause"}', { authorization: 'Bearer wrong' }, 401],
    ['a foreign origin', '{"command":"pause"}', { origin: 'http://evil.example' }, 403],
    ['another site', '{"command":"pause"}', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 403],
  ])('what is wrong is refused, and nothing is sent: %s', async (_, body, headers, status) => {
    await locked(async ({ url, run, world }) => {
      const refused = await post(url, run, body, headers)
      expect([refused.status, JSON.parse(refused.text)]).toEqual([status, { v: 1, error: expect.any(String) }])
      expect(await world.depth(new Prefix('studio').control)).toBe(0)
    })
  })

  test('an unknown run can not be steered', async () => {
    await locked(async ({ url, world }) => {
      expect((await post(url, 'nobodyknows1', '{"command":"cancel"}')).status).toBe(404)
      expect(await world.depth(new Prefix('studio').control)).toBe(0)
    })
  })
})

describe('an attacker without a token', () => {
  /** Connects, sends half a request, and tells when the connection is over. */
  const halfSent = (url: string): Promise<{ socket: Socket; over: Promise<void> }> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
        socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n')
        resolve({ socket, over })
      })
      const over = new Promise<void>((done) => void socket.once('close', () => done()))
      socket.once('error', reject)
    })

  test('who sends half of many requests takes no more than 64 descriptors, and the page still answers', async () => {
    await open(async ({ url, logged }) => {
      const descriptors = (): number => readdirSync('/proc/self/fd').length
      const before = descriptors()
      const sockets: Socket[] = []
      let over = 0
      for (let n = 0; n < 200; n++) {
        const { socket, over: ended } = await halfSent(url)
        sockets.push(socket)
        void ended.then(() => {
          over += 1
        })
      }
      expect((await ask(url)).status).toBe(200)
      await until(() => over >= 200 - maxConnections)
      // This process has both ends of each.
      expect(descriptors() - before).toBeLessThanOrEqual(2 * maxConnections + 10)
      for (const socket of sockets) socket.destroy()
      const lines = logged.filter((line) => line.includes('there were too many'))
      expect([lines.length > 0, lines.length <= 30]).toEqual([true, true])
    })
  })

  test('who guesses tokens is slowed down, and others are not', async () => {
    await locked(async ({ url, logged }) => {
      const guess = (shown: string) => ask(`${url}metrics`, { headers: { authorization: `Bearer ${shown}` } })
      for (let n = 0; n < 20; n++) expect((await guess(`wrong-${n}`)).status).toBe(401)
      const right = await guess(token)
      expect([right.status, right.headers['retry-after']]).toEqual([429, '1'])
      expect((await ask(url)).status).toBe(200)
      now += 1_000
      expect((await guess(token)).status).toBe(200)
      expect(logged.join('\n')).not.toMatch(/wrong-\d/)
    })
  })

  test('leaves a line in the log for each request, with the address, and no more than 30 a minute', async () => {
    await locked(async ({ url, run, logged }) => {
      now += 60_000
      await ask(`${url}api/overview?secret=1`)
      expect(logged.at(-1)).toMatch(/^audit: a request to the page was refused .*"from":"127.0.0.1 port \d+"/)
      expect(logged.at(-1)).toContain('"method":"GET","path":"/api/overview","status":401')
      expect(logged.at(-1)).not.toContain('secret')
      for (let n = 0; n < 100; n++) await ask(`${url}api/runs/${run}/${'x'.repeat(1_000)}`)
      const refused = () => logged.filter((line) => line.startsWith('audit: a request'))
      expect(refused()).toHaveLength(30)
      expect(Math.max(...logged.map((line) => line.length))).toBeLessThan(600)
      now += 60_000
      await ask(`${url}metrics`)
      expect(refused().at(-1)).toContain('"unlogged":71')
    })
  })

  test('who sends two Host headers, or no HTTP, is refused', async () => {
    await open(async ({ url, logged }) => {
      const raw = async (text: string): Promise<string> => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1', () => void socket.write(text))
        let answered = ''
        for await (const chunk of socket) answered += String(chunk)
        return answered
      }
      const hosts = 'Host: 127.0.0.1\r\nHost: evil.example'
      expect(await raw(`GET / HTTP/1.1\r\n${hosts}\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 403 /)
      expect(await raw('NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
      expect(logged.filter((line) => line.startsWith('audit: a request'))).toHaveLength(2)
    })
  })
})

test('a place that is taken is an error that says so', async () => {
  await open(async ({ url }) => {
    const port = Number(new URL(url).port)
    await expect(served({ port }, async () => undefined)).rejects.toThrow(/EADDRINUSE/)
  })
})
