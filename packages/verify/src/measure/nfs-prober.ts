import { type FileHandle, isNfsError, type NfsExport } from '@cachewarmer/nfs'
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

  const head = (handle: FileHandle, signal: AbortSignal): Promise<number> =>
    timed(() => mounted.read(handle, 0, headBytes, { signal }))

  const byPath = async (path: string, signal: AbortSignal): Promise<number> => {
    const { handle } = await mounted.resolve(path, { signal })
    return await head(handle, signal)
  }

  return {
    name: mounted.host,
    floor: (signal) => timed(() => mounted.ping({ signal })),
    async read({ path, handle }: SampledFile, signal) {
      try {
        if (!isAtHome || typeof handle !== 'string') return await byPath(path, signal)
        return await head(handle as FileHandle, signal).catch((error: unknown) => {
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
