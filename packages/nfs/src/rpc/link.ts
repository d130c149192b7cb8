import { connect, type Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import { NfsError, type NfsErrorCode } from '../errors.ts'
import type { Target } from './target.ts'

/*
 * A link is one TCP connection as the RPC layer sees it, so that everything above it can be tested without a socket.
 */

export interface Link {
  /** Sends bytes, which stay the link's until it calls `done`. */
  write(bytes: Buffer, done: () => void): void
  /** Calls `run` when everything has had its turn that arrived together: calls made meanwhile go out in one write. */
  soon(run: () => void): void
  /** Ends the link at once. The handler hears nothing any more. */
  destroy(): void
}

export interface LinkHandler {
  opened(): void
  /** The first `length` of `bytes` arrived; they are the handler's until it returns. Gives the calls that are still out. */
  received(bytes: Buffer, length: number): number
  /** The link never came about, or is gone, by the other side or by an error. Called at most once. */
  lost(error: NfsError): void
}

/** Starts to open a link. Calls the handler only after it has returned. */
export type OpenLink = (handler: LinkHandler) => Link

/*
 * The one file with a socket in it.
 */

/**
 * Bytes that one read from the socket takes at most: small enough to stay in a core's cache while it is parsed, large
 * enough that a read costs little. See the README for what was measured.
 */
const receiveBytes = 262_144

/**
 * While this many calls stay out, the server has enough to do: then answers that trickle in one by one are left alone for
 * `lingerMs`, to be read together. Waking up for each would cost more than everything else that is done with it.
 */
const lingerCalls = 32
/** More than this in one read is no trickle. */
const trickleBytes = 65_536

/** Source ports that servers take for privileged, without those that well-known services like to have. */
const firstPrivilegedPort = 665
const lastPrivilegedPort = 1023
const privilegedTries = 32

export interface SocketOptions {
  readonly target: Target
  readonly port: number
  /** From a source port below 1024. */
  readonly privileged: boolean
  readonly random: () => number
  /** How long answers may wait for others, when many are to come; 0 for not at all. */
  readonly lingerMs: number
  readonly clock: Clock
}

/** Links over TCP. */
export const openSocket =
  (options: SocketOptions): OpenLink =>
  (handler) =>
    new SocketLink(options, handler)

class SocketLink implements Link {
  private readonly options: SocketOptions
  private readonly handler: LinkHandler
  private readonly buffer = Buffer.allocUnsafeSlow(receiveBytes)
  private socket: Socket
  private over = false
  private tries = 1
  private stopLinger: (() => void) | undefined

  constructor(options: SocketOptions, handler: LinkHandler) {
    this.options = options
    this.handler = handler
    this.socket = this.open()
  }

  write(bytes: Buffer, done: () => void): void {
    this.socket.write(bytes, done)
  }

  soon(run: () => void): void {
    setImmediate(run)
  }

  destroy(): void {
    this.over = true
    this.stopLinger?.()
    this.socket.destroy()
  }

  private open(): Socket {
    const { target, port, privileged, random } = this.options
    const range = lastPrivilegedPort - firstPrivilegedPort + 1
    const socket = connect({
      host: target.host,
      lookup: target.lookup,
      port,
      noDelay: true,
      ...(privileged && { localPort: firstPrivilegedPort + Math.floor(random() * range) }),
      onread: {
        buffer: this.buffer,
        callback: (length: number) => this.received(length),
      },
    })
    socket.once('connect', () => {
      target.connectedTo(socket.remoteAddress)
      if (!this.over) this.handler.opened()
    })
    socket.on('error', (error) => this.failed(error))
    // The other side said that it will send no more; what is out will never be answered.
    socket.once('end', () => this.lost(new NfsError('TIMEOUT', 'the server closed the connection')))
    socket.once(
      'close',
      () => socket === this.socket && this.lost(new NfsError('TIMEOUT', 'the connection was closed')),
    )
    return socket
  }

  /** False makes the socket stop reading. */
  private received(length: number): boolean {
    if (this.over) return false
    const calls = this.handler.received(this.buffer, length)
    const { lingerMs, clock } = this.options
    if (this.over || lingerMs === 0 || calls < lingerCalls || length > trickleBytes) return !this.over
    this.stopLinger = clock.setTimer(lingerMs, () => this.socket.resume())
    return false
  }

  private failed(error: NodeJS.ErrnoException): void {
    if (this.over) return
    const taken = error.code === 'EADDRINUSE' || error.code === 'EADDRNOTAVAIL'
    if (this.options.privileged && taken && this.tries++ < privilegedTries) {
      const old = this.socket
      this.socket = this.open()
      old.destroy()
      return
    }
    this.lost(socketError(error, this.options))
  }

  private lost(error: NfsError): void {
    if (this.over) return
    this.destroy()
    this.handler.lost(error)
  }
}

const codes: Readonly<Record<string, NfsErrorCode>> = {
  ECONNREFUSED: 'REFUSED',
  ENOTFOUND: 'UNREACHABLE',
  EAI_AGAIN: 'UNREACHABLE',
  EHOSTUNREACH: 'UNREACHABLE',
  EHOSTDOWN: 'UNREACHABLE',
  ENETUNREACH: 'UNREACHABLE',
  EADDRNOTAVAIL: 'UNREACHABLE',
  EADDRINUSE: 'PRIVILEGED_PORT',
  ETIMEDOUT: 'TIMEOUT',
}

/** What the system says about a connection, in our words. */
function socketError(error: NodeJS.ErrnoException, { port, privileged }: SocketOptions): NfsError {
  const { code = '', syscall } = error
  if (privileged && syscall === 'bind' && (code === 'EACCES' || code === 'EPERM')) {
    return new NfsError('PRIVILEGED_PORT', 'this process may not use a source port below 1024', {
      hint: 'run it with CAP_NET_BIND_SERVICE, or export with the option "insecure"',
      cause: error,
    })
  }
  const known = codes[code] ?? 'TIMEOUT'
  const what = {
    REFUSED: `nothing listens at port ${port}`,
    UNREACHABLE:
      code === 'ENOTFOUND' || code === 'EAI_AGAIN' ? 'there is no such host' : 'there is no way to this host',
    PRIVILEGED_PORT: 'all source ports below 1024 that were tried are in use',
    TIMEOUT: `the connection to port ${port} broke`,
  }
  return new NfsError(known, `${what[known as keyof typeof what]} (${code === '' ? error.message : code})`, {
    cause: error,
  })
}
