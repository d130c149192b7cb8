/** Wrong tokens that one client may show in a row, and how long it then takes until it may show another. */
const atOnce = 20
const oneMoreMs = 1_000
/** Clients that are remembered; those silent for longest are forgotten first. */
const maxClients = 1_024

/**
 * Slows down guessing: a client with too many wrong tokens is refused without a look at the next one, so that a right guess
 * shows no sooner than a wrong one. A bucket per client, which refills with time; memory is bounded.
 */
export class Guesses {
  readonly #wrong = new Map<string, { count: number; atMs: number }>()

  /** Milliseconds until this client may show a token again; 0: now. */
  waitMs(client: string, nowMs: number): number {
    const known = this.#wrong.get(client)
    return known === undefined ? 0 : Math.max(0, (known.count - atOnce + 1) * oneMoreMs - since(known.atMs, nowMs))
  }

  /** Notes a wrong token. */
  wrong(client: string, nowMs: number): void {
    const count = this.#count(client, nowMs) + 1
    this.#wrong.delete(client)
    this.#wrong.set(client, { count, atMs: nowMs })
    for (const oldest of this.#wrong.keys()) {
      if (this.#wrong.size <= maxClients) return
      this.#wrong.delete(oldest)
    }
  }

  #count(client: string, nowMs: number): number {
    const known = this.#wrong.get(client)
    return known === undefined ? 0 : Math.max(0, known.count - since(known.atMs, nowMs) / oneMoreMs)
  }
}

/** A clock that was set back stands still here. */
const since = (atMs: number, nowMs: number): number => Math.max(0, nowMs - atMs)

/** Who counts as one client: an IPv4 address, or an IPv6 network of 64 bits, of which one machine has all addresses. */
export function clientOf(remoteAddress: string | undefined): string {
  const address = (remoteAddress ?? '').replace(/^::ffff:(?=[\d.]+$)/i, '')
  if (!address.includes(':')) return address
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const all = tail === undefined ? groups : [...groups, ...Array(8 - groups.length - after.length).fill('0'), ...after]
  return `${all.slice(0, 4).join(':')}::/64`
}
