import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { NfsError, type NfsErrorDetails } from '../errors.ts'

/** Addresses of a host that may be connected to, in the order in which they are tried. Rejects to refuse the host. */
export type Resolve = (host: string) => Promise<readonly string[]>

/**
 * Where the connections of one mount lead. The name is resolved once; the first connection settles which of its addresses is
 * the server's, and all later ones, also to other ports and after a loss, go there. So a name that suddenly has other
 * addresses (DNS rebinding) changes nothing.
 */
export class Target {
  /** What `connect` gets: a name makes it use `lookup`, an address is connected to as it is. */
  readonly host: string
  private addresses: readonly LookupAddress[]

  constructor(host: string, addresses: readonly string[]) {
    this.host = isIP(host) === 0 ? host : (addresses[0] ?? '')
    this.addresses = addresses.map((address) => ({ address, family: isIP(address) }))
  }

  /** For `connect`: gives the known addresses, without a query. */
  readonly lookup: LookupFunction = (_host, { all }, callback) => {
    const [first] = this.addresses
    if (first === undefined) callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '', 0)
    else if (all === true) callback(null, [...this.addresses])
    else callback(null, first.address, first.family)
  }

  /** The server's address, once a connection came about; before, the one that is tried first. */
  get peer(): string | undefined {
    return this.addresses[0]?.address
  }

  /** A connection came about at this address. */
  connectedTo(address: string | undefined): void {
    const same = this.addresses.filter((one) => one.address === address)
    if (same.length > 0) this.addresses = same
  }
}

/** What the system's resolver says. */
export const systemResolve: Resolve = async (host) =>
  isIP(host) === 0 ? (await lookup(host, { all: true })).map(({ address }) => address) : [host]

/** Resolves a host for one mount. Throws `ADDRESS_REFUSED` or `UNREACHABLE`, or the signal's reason. */
export async function openTarget(
  { host, resolve, signal }: { host: string; resolve: Resolve; signal?: AbortSignal | undefined },
  where: NfsErrorDetails,
): Promise<Target> {
  try {
    const addresses = await abortable(resolve(host), signal)
    if (addresses.length > 0) return new Target(host, addresses)
    throw new Error('it has no address')
  } catch (error) {
    signal?.throwIfAborted()
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ADDRESS_REFUSED') throw new NfsError('ADDRESS_REFUSED', message, { ...where, cause: error })
    const detail = { ...where, cause: error }
    throw new NfsError('UNREACHABLE', `there is no such host (${code ?? message})`, detail)
  }
}

/** The resolver can't be stopped; after an abort its answer is dropped. */
function abortable<T>(wanted: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return wanted
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', leave, { once: true })
    wanted.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
