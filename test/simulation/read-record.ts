import type { Mount } from '@cachewarmer/walker'

/** What really arrived at each address, whoever asked for it and whether or not they lived to hear of it. */
export class ReadRecord {
  /** Bytes ranges by address and path. */
  readonly #ranges = new Map<string, [from: number, to: number][]>()

  watch(inner: Mount): Mount {
    return {
      ...inner,
      read: async (file, options) => {
        const outcome = await inner.read(file, options)
        const key = `${inner.name} ${file.path}`
        const known = this.#ranges.get(key)
        const range: [number, number] = [options.offset, options.offset + outcome.bytes]
        if (known === undefined) this.#ranges.set(key, [range])
        else known.push(range)
        return outcome
      },
    }
  }

  /** Whether every byte of a file has come through an address. */
  covers(address: string, path: string, size: number): boolean {
    const ranges = this.#ranges.get(`${address} ${path}`)
    if (ranges === undefined) return false
    let covered = 0
    for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
      if (from > covered) return false
      covered = Math.max(covered, to)
    }
    return covered >= size
  }
}
