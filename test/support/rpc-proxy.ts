import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Splits what a server says into its records (RFC 5531, section 11), whole with their fragment headers. */
class Records {
  #held: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): Buffer[] {
    this.#held = Buffer.concat([this.#held, chunk])
    const whole: Buffer[] = []
    for (let end = this.#endOfFirst(); end !== undefined; end = this.#endOfFirst()) {
      whole.push(this.#held.subarray(0, end))
      this.#held = this.#held.subarray(end)
    }
    return whole
  }

  #endOfFirst(): number | undefined {
    for (let at = 0; at + 4 <= this.#held.length; ) {
      const header = this.#held.readUInt32BE(at)
      at += 4 + (header & 0x7fff_ffff)
      if (at > this.#held.length) return undefined
      if (header >= 0x8000_0000) return at
    }
    return undefined
  }
}

/** Faults of a filer's network on its answers; may be changed at any time. */
interface Weather {
  /** Delay of each answer. */
  delayMs: number
  /** The share of answers that never arrive, whole ones: the connection stays. */
  lost: number
  /** Largest number of lost answers to one call. */
  lostInARow: number
}

export interface RpcProxy extends AsyncDisposable {
  readonly port: number
  readonly weather: Weather
  readonly passed: number
  readonly dropped: number
  /** Ends all connections, and refuses new ones until `open()`. */
  close(): Promise<void>
  open(): Promise<void>
}

export interface RpcProxyOptions {
  /** Where the server is, at 127.0.0.1. */
  readonly targetPort: number
  readonly random: () => number
  /** Default: every loopback address. */
  readonly host?: string
  /** Default: any free one. */
  readonly port?: number
  /** Is shown each answer that passes, at the moment at which it does. */
  readonly onPassed?: (record: Buffer) => void
}

/** A way to an RPC server that loses and delays its answers. */
export async function startRpcProxy(options: RpcProxyOptions): Promise<RpcProxy> {
  const { targetPort, random, host = '0.0.0.0', onPassed } = options
  const weather: Weather = { delayMs: 0, lost: 0, lostInARow: Number.POSITIVE_INFINITY }
  const sockets = new Set<Socket>()
  const lostByCall = new Map<number, number>()
  let server: Server | undefined
  let port = options.port ?? 0
  let passed = 0
  let dropped = 0

  const pass = (record: Buffer, to: Socket): void => {
    onPassed?.(record)
    to.write(record)
  }
  const answer = (record: Buffer, to: Socket): void => {
    // The first word after the fragment's header: the call that this answers, also when it was sent again.
    const xid = record.readUInt32BE(4)
    const lost = lostByCall.get(xid) ?? 0
    if (lost < weather.lostInARow && random() < weather.lost) {
      lostByCall.set(xid, lost + 1)
      dropped += 1
      return
    }
    passed += 1
    if (weather.delayMs === 0) pass(record, to)
    else setTimeout(() => to.writable && pass(record, to), weather.delayMs)
  }

  const serve = (client: Socket): void => {
    const target = connect({ host: '127.0.0.1', port: targetPort, noDelay: true })
    const records = new Records()
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
    client.on('data', (chunk) => target.write(chunk))
    target.on('data', (chunk: Buffer) => {
      for (const record of records.push(chunk)) answer(record, client)
    })
  }

  const open = async (): Promise<void> => {
    server = createServer({ noDelay: true }, serve).listen(port, host)
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  }
  const close = async (): Promise<void> => {
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
    server = undefined
  }

  await open()
  return {
    get port() {
      return port
    },
    weather,
    get passed() {
      return passed
    },
    get dropped() {
      return dropped
    },
    open,
    close,
    [Symbol.asyncDispose]: close,
  }
}
