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
