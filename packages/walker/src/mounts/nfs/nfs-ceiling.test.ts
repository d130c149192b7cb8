import { directory, file, link, type NfsServer } from '@cachewarmer/nfs/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { type RateLimit, rateLimit } from '../../limits/rate-limit.ts'
import { fakeClock } from '../../testing/fake-clock.ts'
import { collect, entryOf, NfsMounts, read, signal } from '../../testing/nfs-mounts.ts'
import { walk } from '../../walk/walk.ts'
import type { Mount } from '../mount.ts'
import { throttledMount } from '../wrappers/throttled-mount.ts'

const mounts = new NfsMounts()
afterEach(() => mounts.close())
const { serve, mountOf } = mounts

const shots = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`shot${at}`, directory({ q: folder() })]))
const tree = directory({ ...shots, a: directory({ b: folder() }), big: file(5_000_000) })

function folder() {
  return directory({ 'x.exr': file(10), link: link('x.exr') })
}

const callsOf = (server: NfsServer): number => Object.values(server.calls).reduce((sum, calls) => sum + calls, 0)

/** No ceiling, but an account of what would count. */
function counting(): RateLimit & { readonly requests: number } {
  const inner = rateLimit()
  let requests = 0
  return {
    ceilings: inner.ceilings,
    busy: false,
    set: (ceilings) => inner.set(ceilings),
    run: (task) => inner.run(task),
    take(asked) {
      requests++
      return inner.take(asked)
    },
    spent(bytes, more = 0) {
      requests += more
      inner.spent(bytes, more)
    },
    get requests() {
      return requests
    },
  }
}

const listed = async (mount: Mount, path: string, handle?: unknown) =>
  await collect(mount.list({ path, handle }, { attributes: false, signal }))

const questions: Record<string, (mount: Mount) => Promise<unknown>> = {
  'a listing by its path': (mount) => listed(mount, '/a/b'),
  'a listing of what is not there': (mount) => listed(mount, '/a/b/c/d').catch(() => undefined),
  'a link by its path': async (mount) => await mount.readLink?.('/a/b/link', { signal }),
  'what a path is': (mount) => mount.stat('/a/b/x.exr', { signal }),
  'what the export itself is': (mount) => mount.stat('/', { signal }),
  'a read by its path': (mount) => mount.read({ path: '/a/b/x.exr' }, read()),
}

describe('every call counts for a ceiling of requests', () => {
  const servers = {
    usual: {},
    'without READDIRPLUS': { readdirplus: false },
    'without attributes': { attributes: false },
  }
  for (const [what, options] of Object.entries(servers))
    test.each(Object.entries(questions))(`${what}: %s`, async (_, ask) => {
      const server = await serve({ tree, ...options })
      const bucket = counting()
      const mount = throttledMount(await mountOf(server), bucket)
      // Twice: with nothing remembered, and with the directories above.
      for (let time = 0; time < 2; time++) {
        const [before, counted] = [callsOf(server), bucket.requests]
        await ask(mount)
        expect(bucket.requests - counted).toBe(callsOf(server) - before)
      }
    })

  test('a stale handle, by which nothing can be listed or read', async () => {
    const server = await serve({ tree })
    const bucket = counting()
    const mount = throttledMount(await mountOf(server), bucket)
    const { handle } = await entryOf(mount, '/a', 'b')
    const x = await entryOf(mount, '/a/b', 'x.exr')
    for (const procedure of ['READDIRPLUS', 'READ']) {
      const [before, counted] = [callsOf(server), bucket.requests]
      let stale = 1
      server.fault = (call) =>
        call.procedure === procedure && stale-- > 0 ? { kind: 'status', status: 'STALE' } : undefined
      if (procedure === 'READ') await mount.read({ path: '/a/b/x.exr', handle: x.handle }, read())
      else await listed(mount, '/a/b', handle)
      expect(stale).toBeLessThan(1)
      expect(bucket.requests - counted).toBe(callsOf(server) - before)
    }
  })

  test.each([
    ['short', 100],
    ['long', 5_000_000],
  ])('a file that turns stale between its READs, which was thought %s', async (_how, size) => {
    const server = await serve({ tree })
    const bucket = counting()
    const mount = throttledMount(await mountOf(server), bucket)
    const { handle } = await entryOf(mount, '/', 'big')
    const [before, counted] = [callsOf(server), bucket.requests]
    let reads = 0
    server.fault = ({ procedure }) =>
      procedure === 'READ' && ++reads === 3 ? { kind: 'status', status: 'STALE' } : undefined
    const asked = { ...read(), offset: 0, length: Number.POSITIVE_INFINITY, size }
    expect(await mount.read({ path: '/big', handle }, asked)).toMatchObject({ bytes: 5_000_000, end: true })
    expect(bucket.requests - counted).toBe(callsOf(server) - before)
  })

  test('the check of whether a handle of another address is good here', async () => {
    const server = await serve({ tree })
    const [one, other] = [await mountOf(server), await mountOf(server)]
    const { handle } = await entryOf(one, '/a/b', 'x.exr')
    const bucket = counting()
    const mount = throttledMount(other, bucket)
    const before = callsOf(server)
    for (let time = 0; time < 2; time++) await mount.read({ path: '/a/b/x.exr', handle, foreign: true }, read())
    expect(bucket.requests).toBe(callsOf(server) - before)
  })
})

test('a walk whose directories have to be looked up makes no more calls than its ceiling lets it', async () => {
  const server = await serve({ tree })
  const clock = fakeClock()
  const mount = throttledMount(await mountOf(server), rateLimit({ requestsPerSecond: 50, clock }))
  const before = callsOf(server)
  const parts = Object.keys(shots).map((name) => ({ kind: 'tree', path: `/${name}/q` }) as const)
  const under = walk([mount], { entries: 'none', parts })
  let ended = false
  const done = under.done.finally(() => {
    ended = true
  })
  /** The server answers in its own time, while that of the ceiling stands still. */
  const quiet = async (): Promise<void> => {
    for (let calls = -1; calls !== callsOf(server); await new Promise((resolve) => setTimeout(resolve, 3)))
      calls = callsOf(server)
  }
  while (!ended) {
    await clock.advance(50)
    await quiet()
  }
  await done
  expect(under.counters).toMatchObject({ files: 60, directories: 60, failures: {} })
  const calls = callsOf(server) - before
  // Two LOOKUPs to see what it is, a page to list it, and a READ.
  expect(calls).toBe(60 * 4)
  // Beyond it goes once what a tenth of a second saves up, and what the first listings were not known to take.
  expect(calls).toBeLessThanOrEqual((clock.now() / 1_000) * 50 + 20)
})
