import type { SimExport } from './filer.ts'
import { getOrMake } from './get-or-make.ts'

type Ranges = [from: number, to: number][]

/** What really arrived at each address, whoever asked for it and whether or not they lived to hear of it. */
export class ReadRecord {
  /** Byte ranges by export, address and path. */
  readonly #ranges = new Map<SimExport, Map<string, Map<string, Ranges>>>()
  reads = 0
  bytes = 0
  /** How many of them each process asked for. */
  readonly byReader = new Map<string, number>()
  readonly byExport = new Map<SimExport, number>()

  note(of: SimExport, address: string, path: string, offset: number, bytes: number, reader: string): void {
    this.reads += 1
    this.bytes += bytes
    this.byReader.set(reader, (this.byReader.get(reader) ?? 0) + 1)
    this.byExport.set(of, (this.byExport.get(of) ?? 0) + 1)
    const known = this.#of(of, address)
    const ranges = known.get(path)
    if (ranges === undefined) known.set(path, [[offset, offset + bytes]])
    else ranges.push([offset, offset + bytes])
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
    if (from > covered) return false
    covered = Math.max(covered, to)
  }
  return covered >= size
}
