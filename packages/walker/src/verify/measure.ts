import { type FileHandle, isNfsError, type NfsExport, readRange } from '@cachewarmer/nfs'
import type { VerifyObserver } from './options.ts'

/** A file of the sample, with what opens it fast. */
export interface SampledFile {
  /** Absolute within the export. */
  readonly path: string
  /** Opaque; what the prober that listed it gave. */
  readonly handle?: unknown
  /** Bytes, where the listing told. */
  readonly size?: number | undefined
}

/** One address of a cache, as a measurement sees it. Every method is one call, timed; any number may be out at a time. */
export interface Prober {
  /** What reports call it. */
  readonly name: string
  /** Milliseconds that a call takes which reads nothing: what the address can do at best. */
  floor(signal: AbortSignal): Promise<number>
  /** Milliseconds that the head of the file took; undefined where the file is gone. Rejects where not all of it comes. */
  read(file: SampledFile, signal: AbortSignal): Promise<number | undefined>
}

/** A file that could not be read. */
export interface ProbeFailure {
  readonly path: string
  readonly message: string
}

/** What was measured through one address: three latencies per file, all in milliseconds, in the order in which files were begun. */
export interface Measured {
  readonly name: string
  /** Calls that read nothing, each right before a first read. */
  readonly floorMs: readonly number[]
  /** First reads of the sampled files, in the order of `files`. */
  readonly firstMs: readonly number[]
  /** The same files, read once more: warm, because they have just been read. */
  readonly againMs: readonly number[]
  readonly files: readonly SampledFile[]
  readonly failures: readonly ProbeFailure[]
  /** Files that were removed since they were listed. */
  readonly gone: number
}

export interface MeasureOptions {
  /** Files at a time. Few enough that their latencies are the filer's and not those of a queue before it. Default 64. */
  readonly inFlight?: number | undefined
  /** Hears of each file of the sample that was read. */
  readonly observer?: VerifyObserver | undefined
  readonly signal: AbortSignal
}

/** One file of the sample, by its place in it. */
interface Probe {
  readonly at: number
  readonly file: SampledFile
  readonly floorMs: number
  readonly firstMs: number
  readonly againMs: number
}

/**
 * Makes three calls per file of the sample, right after one another: one that reads nothing, the first read, the same read again.
 * So a disturbance that holds calls up for a while hits all three kinds alike. The first file is spent on a rehearsal, which takes three
 * reads per file in flight. A file that fails is counted and not read again. Rejects with the signal's reason, or when the
 * address does not answer the very first call.
 */
export async function measure(
  prober: Prober,
  sample: readonly SampledFile[],
  { inFlight = 64, observer, signal }: MeasureOptions,
): Promise<Measured> {
  await rehearse(prober, sample, inFlight, signal)
  await prober.floor(signal)
  const probes: Probe[] = []
  const failures: ProbeFailure[] = []
  let gone = 0
  let done = 0

  const probe = async (file: SampledFile, at: number): Promise<void> => {
    signal.throwIfAborted()
    try {
      const floorMs = await prober.floor(signal)
      const firstMs = await prober.read(file, signal)
      const againMs = firstMs === undefined ? undefined : await prober.read(file, signal)
      if (firstMs === undefined || againMs === undefined) gone++
      else probes.push({ at, file, floorMs, firstMs, againMs })
    } catch (error) {
      signal.throwIfAborted()
      failures.push({ path: file.path, message: error instanceof Error ? error.message : String(error) })
    }
    try {
      observer?.progressed?.(++done, probedOf(sample))
    } catch {
      // Who watches work must not break it.
    }
  }

  const files = sample.slice(rehearsed(sample)).entries()
  const lane = async (): Promise<void> => {
    for (const [at, file] of files) await probe(file, at)
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  // Slow files end late, but began at any time.
  probes.sort((a, b) => a.at - b.at)
  return {
    name: prober.name,
    floorMs: probes.map((probe) => probe.floorMs),
    firstMs: probes.map((probe) => probe.firstMs),
    againMs: probes.map((probe) => probe.againMs),
    files: probes.map((probe) => probe.file),
    failures,
    gone,
  }
}

/** The first of the sample is given up for the rehearsal, unless it is all there is. */
/** Files of the sample that are measured. */
export const probedOf = (sample: readonly SampledFile[]): number => sample.length - rehearsed(sample)

const rehearsed = (sample: readonly SampledFile[]): number => (sample.length > 1 ? 1 : 0)

/**
 * Reads one file as often as there are reads at a time, and again: until a program has run for a moment all that it does is
 * slow, and first reads would come before second ones.
 */
async function rehearse(
  prober: Prober,
  sample: readonly SampledFile[],
  inFlight: number,
  signal: AbortSignal,
): Promise<void> {
  const [file] = sample.slice(0, rehearsed(sample))
  if (file === undefined) return
  for (let round = 0; round < 3; round++) {
    const reads = Array.from({ length: inFlight }, () => prober.read(file, signal))
    // A file that can't be read rehearses failing.
    await Promise.allSettled(reads)
    signal.throwIfAborted()
  }
}

export interface NfsProberOptions {
  /** Milliseconds, finer than whole ones, never going back. */
  readonly now: () => number
  /** Bytes of a file's head, one READ. */
  readonly headBytes: number
  /** Handles of the sample were given out by this space of exports; elsewhere its paths are looked up. */
  readonly handleSpace: string
}

/** An address by the calls of NFSv3 itself: a kernel's client would answer from its own memory. Lookups are not timed. */
export function nfsProber(mounted: NfsExport, { now, headBytes, handleSpace }: NfsProberOptions): Prober {
  const isAtHome = mounted.handleSpace === handleSpace

  const timed = async (call: () => Promise<unknown>): Promise<number> => {
    const from = now()
    await call()
    return now() - from
  }

  /** One READ, where that brings all of the head. Bytes that do not come are not warm, however fast they don't. */
  const head = async ({ path, size }: SampledFile, handle: FileHandle, signal: AbortSignal): Promise<number> => {
    const from = now()
    const range = await readRange(mounted, handle, { length: headBytes, expectedSize: size, signal })
    const tookMs = now() - from
    if (range.complete) return tookMs
    const expected = Math.min(headBytes, Number(range.size ?? headBytes))
    throw new Error(`${path}: INCOMPLETE: ${range.bytes} bytes received, ${expected} expected`)
  }

  const byPath = async (path: string, signal: AbortSignal): Promise<number> => {
    const { handle, attributes } = await mounted.resolve(path, { signal })
    return await head({ path, size: attributes && Number(attributes.size) }, handle, signal)
  }

  return {
    name: mounted.host,
    floor: (signal) => timed(() => mounted.ping({ signal })),
    async read(file: SampledFile, signal) {
      const { path, handle } = file
      try {
        if (!isAtHome || typeof handle !== 'string') return await byPath(path, signal)
        return await head(file, handle as FileHandle, signal).catch((error: unknown) => {
          if (isNfsError(error) && (error.code === 'STALE' || error.code === 'BADHANDLE')) return byPath(path, signal)
          throw error
        })
      } catch (error) {
        if (isNfsError(error) && error.code === 'NOENT') return undefined
        throw error
      }
    },
  }
}
