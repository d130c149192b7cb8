import type { Server } from 'node:http'
import type { Socket } from 'node:net'

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
