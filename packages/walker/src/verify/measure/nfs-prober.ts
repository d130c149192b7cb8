import { type FileHandle, isNfsError, type NfsExport, readRange } from '@cachewarmer/nfs'
import type { Prober, SampledFile } from './prober.ts'

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
