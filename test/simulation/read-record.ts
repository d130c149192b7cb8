import type { SimExport } from './filer.ts'
import type { Life } from './life.ts'
import { getOrMake } from './tally.ts'

type Ranges = [from: number, to: number][]

/** What really arrived at each address, for every reader, also for readers that died before the answer. */
export class ReadRecord {
  /** Byte ranges by export, address and path. */
  readonly #ranges = new Map<SimExport, Map<string, Map<string, Ranges>>>()
  reads = 0
  bytes = 0
  /** Their number per process. */
  readonly byReader = new Map<string, number>()
  readonly byExport = new Map<SimExport, number>()
  /** Bytes by export and address, those that came again included. */
  readonly #bytes = new Map<SimExport, Map<string, number>>()
  /** Directories whose last page an address gave, by export. */
  readonly #listed = new Map<SimExport, Set<string>>()
  /** When each export was first read. */
  readonly #sinceMs = new Map<SimExport, number>()
  readonly #now: () => number
  readonly #heard: (life: Life, of: SimExport) => void

  /** `heard` gets each read and each page at the moment of the filer's answer. */
  constructor(now: () => number, heard: (life: Life, of: SimExport) => void) {
    this.#now = now
    this.#heard = heard
  }

  note(of: SimExport, address: string, path: string, offset: number, bytes: number, life: Life): void {
    this.#heard(life, of)
    const reader = life.name
    if (!this.#sinceMs.has(of)) this.#sinceMs.set(of, this.#now())
    this.reads += 1
    this.bytes += bytes
    const byAddress = getOrMake(this.#bytes, of, () => new Map<string, number>())
    byAddress.set(address, (byAddress.get(address) ?? 0) + bytes)
    this.byReader.set(reader, (this.byReader.get(reader) ?? 0) + 1)
    this.byExport.set(of, (this.byExport.get(of) ?? 0) + 1)
    const known = this.#of(of, address)
    const ranges = known.get(path)
    if (ranges === undefined) known.set(path, [[offset, offset + bytes]])
    else ranges.push([offset, offset + bytes])
  }

  /** A page of a listing was given. */
  noteListed(of: SimExport, address: string, path: string, life: Life, last: boolean): void {
    this.#heard(life, of)
    if (last) getOrMake(this.#listed, of, () => new Set<string>()).add(`${address} ${path}`)
  }

  listed(of: SimExport, address: string, path: string): boolean {
    return this.#listed.get(of)?.has(`${address} ${path}`) === true
  }

  /** Bytes read of an export, through all addresses, and since when. */
  paceOf(of: SimExport): { readonly count: number; readonly bytes: number; readonly sinceMs: number } {
    const bytes = [...(this.#bytes.get(of)?.values() ?? [])].reduce((sum, one) => sum + one, 0)
    return { count: this.byExport.get(of) ?? 0, bytes, sinceMs: this.#sinceMs.get(of) ?? this.#now() }
  }

  bytesThrough(of: SimExport, address: string): number {
    return this.#bytes.get(of)?.get(address) ?? 0
  }

  /** How far each path was read, through any address. */
  furthest(of: SimExport): ReadonlyMap<string, number> {
    const furthest = new Map<string, number>()
    for (const known of this.#ranges.get(of)?.values() ?? [])
      for (const [path, ranges] of known)
        furthest.set(path, Math.max(furthest.get(path) ?? 0, ...ranges.map(([, to]) => to)))
    return furthest
  }

  /** Whether every byte of a file has come through an address. */
  covers(of: SimExport, address: string, path: string, size: number): boolean {
    const ranges = this.#of(of, address).get(path)
    return ranges !== undefined && coversAll(ranges, size)
  }

  /** Whether every byte has come through one address or another. */
  coversTogether(of: SimExport, addresses: readonly string[], path: string, size: number): boolean {
    const ranges = addresses.flatMap((address) => this.#of(of, address).get(path) ?? [])
    return ranges.length > 0 && coversAll(ranges, size)
  }

  #of(of: SimExport, address: string): Map<string, Ranges> {
    const byAddress = getOrMake(this.#ranges, of, () => new Map<string, Map<string, Ranges>>())
    return getOrMake(byAddress, address, () => new Map<string, Ranges>())
  }
}

function coversAll(ranges: Ranges, size: number): boolean {
  if (ranges.length === 1) return ranges[0]?.[0] === 0 && ranges[0][1] >= size
  let covered = 0
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (from > covered) break
    covered = Math.max(covered, to)
  }
  return covered >= size
}
