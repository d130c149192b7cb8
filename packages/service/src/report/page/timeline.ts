/** A moment of a run. */
export interface TimelineSample {
  readonly atMs: number
  /** So far. */
  readonly files: number
  readonly bytes: number
  readonly addresses: readonly AddressSample[]
}

interface AddressSample {
  readonly address: string
  readonly p50Ms?: number
  readonly p99Ms?: number
}

/** The moments in columns. `files` and `bytes` are sums since the start; a latency that was not measured is null. */
export interface TimelineData {
  readonly atMs: readonly number[]
  readonly files: readonly number[]
  readonly bytes: readonly number[]
  readonly latency: Readonly<Record<string, LatencyColumns>>
}

interface LatencyColumns {
  readonly p50Ms: readonly (number | null)[]
  readonly p99Ms: readonly (number | null)[]
}

export const emptyTimeline: TimelineData = { atMs: [], files: [], bytes: [], latency: {} }

const firstStepMs = 1_000

interface Point {
  readonly atMs: number
  readonly files: number
  readonly bytes: number
  readonly latency: ReadonlyMap<string, { readonly p50Ms: number | null; readonly p99Ms: number | null }>
}

/**
 * A whole run in a bounded number of points, however long it takes: whenever they become too many, two become one and
 * the step between them doubles. Of merged points the later sums stay, the later median and the higher 99th percentile.
 */
export class Timeline {
  readonly #maxPoints: number
  #points: Point[] = []
  #stepMs = firstStepMs

  constructor(maxPoints = 360) {
    this.#maxPoints = maxPoints
  }

  add({ atMs, files, bytes, addresses }: TimelineSample): void {
    const latency = new Map(
      addresses.map(({ address, p50Ms, p99Ms }) => [address, { p50Ms: p50Ms ?? null, p99Ms: p99Ms ?? null }] as const),
    )
    this.#push({ atMs, files, bytes, latency })
    while (this.#points.length > this.#maxPoints) {
      const points = this.#points
      this.#points = []
      this.#stepMs *= 2
      for (const point of points) this.#push(point)
    }
  }

  data(): TimelineData {
    const points = this.#points
    const addresses = new Set(points.flatMap(({ latency }) => [...latency.keys()]))
    return {
      atMs: points.map(({ atMs }) => Math.round(atMs)),
      files: points.map(({ files }) => files),
      bytes: points.map(({ bytes }) => bytes),
      latency: Object.fromEntries(
        [...addresses].map((address) => [
          address,
          {
            p50Ms: points.map(({ latency }) => rounded(latency.get(address)?.p50Ms)),
            p99Ms: points.map(({ latency }) => rounded(latency.get(address)?.p99Ms)),
          },
        ]),
      ),
    }
  }

  #push(point: Point): void {
    const last = this.#points.at(-1)
    const bucket = (atMs: number): number => Math.floor(atMs / this.#stepMs)
    if (last === undefined || bucket(last.atMs) !== bucket(point.atMs)) this.#points.push(point)
    else this.#points[this.#points.length - 1] = merged(last, point)
  }
}

function merged(earlier: Point, later: Point): Point {
  const latency = new Map(earlier.latency)
  for (const [address, { p50Ms, p99Ms }] of later.latency) {
    const before = latency.get(address)
    latency.set(address, { p50Ms: p50Ms ?? before?.p50Ms ?? null, p99Ms: higher(before?.p99Ms, p99Ms) })
  }
  return { ...later, latency }
}

const higher = (a: number | null | undefined, b: number | null): number | null =>
  a === undefined || a === null ? b : b === null ? a : Math.max(a, b)

/** Microseconds are finer than anybody looks. */
const rounded = (ms: number | null | undefined): number | null =>
  ms === undefined || ms === null ? null : Math.round(ms * 1_000) / 1_000
