import { openStatusServer } from '@cachewarmer/manager'
import { silentLogger as logger, steadyClock } from '@cachewarmer/queue'
import { busyManager } from '../../test/support/busy.ts'

/*
 * The manager's side of the page's bench, in a process of its own: its processor time is the cost of the page and of
 * the status store, which gets the status of 50 runs per second. It prints where it listens, and answers each message with the
 * processor time that it has used.
 */
const busy = busyManager({ runs: 50, workers: 500, failures: 10_000 })
setInterval(() => busy.tick(), 1_000)
busy.tick()
const server = await openStatusServer(busy.store, {
  host: '127.0.0.1',
  port: 0,
  token: undefined,
  names: [],
  secureNames: [],
  clock: steadyClock,
  logger,
  metrics: { contentType: 'text/plain', text: async () => '' },
})
process.send?.({ url: server.url, worst: busy.worst })
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuMs: (user + system) / 1_000 })
})
process.on('disconnect', () => process.exit())
