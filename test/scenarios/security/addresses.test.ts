import { directory, file, type NfsServer, startNfsServer } from '@cachewarmer/nfs/testing'
import { systemClock } from '@cachewarmer/queue'
import { openResolver } from '@cachewarmer/service/cli'
import { openAccess } from '@cachewarmer/worker'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

/*
 * An address of a job leads a worker to a service that is no filer. Here a filer listens on
 * loopback, so that every connection is seen.
 */
let server: NfsServer
beforeEach(async () => {
  server = await startNfsServer({ tree: directory({ a: file('x') }) })
})
afterEach(() => server.stop())

const { signal } = new AbortController()
const access = (policy: 'direct' | 'mount' | 'auto', loopback: boolean, allowed?: string) => {
  const resolve = openResolver({ loopback, allowed })
  const { nfsPort, mountPort } = server
  return openAccess({
    policy,
    folder: { template: '/nowhere' },
    direct: { resolve, nfsPort, mountPort, maxInFlight: 4, clock: systemClock },
    kernel: { resolve, parent: '/nowhere', run: () => Promise.reject(new Error('mount was run')) },
  })
}

describe.each(['direct', 'mount', 'auto'] as const)('a job that names an address of this machine, by %s', (policy) => {
  test.each(['127.0.0.1', 'localhost', '::ffff:127.0.0.1', '127.1', '0.0.0.0', '169.254.169.254'])(
    'has nothing connected to where the queue is not a file: %s',
    async (host) => {
      await expect(access(policy, false)(host, server.exportPath, { signal })).rejects.toMatchObject({
        code: 'ACCESS_DENIED',
        message: expect.stringContaining('--allow-address'),
        cause: { code: 'ADDRESS_REFUSED' },
      })
      expect([server.connections.total, server.calls]).toEqual([0, {}])
    },
  )
})

test('an address of this machine is read where the queue is a file, or where it is allowed', async () => {
  for (const open of [access('direct', true), access('direct', false, '127.0.0.0/8')]) {
    const mount = await open('127.0.0.1', server.exportPath, { signal })
    await mount.close()
  }
  expect(server.calls['MNT']).toBe(2)
})
