import type { Outcome, RunStatus } from '@cachewarmer/core'

/** Sums over all runs that this process has seen; none of them ever falls. */
export interface MeterTotals {
  readonly files: number
  readonly bytes: number
  readonly directories: number
  readonly failures: ReadonlyMap<string, number>
  readonly ended: ReadonlyMap<Outcome, number>
}

interface Mark {
  readonly files: number
  readonly bytes: number
  readonly directories: number
  readonly failures: Readonly<Record<string, number>>
}

/**
 * Makes counters of what statuses say. A status may step back, when an attempt dies and takes its heartbeats with it: each run
 * has a mark of the highest that was seen, and only what is beyond it is added. What a run had read before this process
 * saw it is not counted again.
 */
export class Meter {
  readonly #marks = new Map<string, Mark>()
  readonly #failures = new Map<string, number>()
  readonly #ended = new Map<Outcome, number>()
  #files = 0
  #bytes = 0
  #directories = 0

  get totals(): MeterTotals {
    return {
      files: this.#files,
      bytes: this.#bytes,
      directories: this.#directories,
      failures: this.#failures,
      ended: this.#ended,
    }
  }

  see({ run, state, outcome, progress: { counts } }: RunStatus): void {
    const before = this.#marks.get(run) ?? counts
    const higher = (key: 'files' | 'bytes' | 'directories'): number => Math.max(before[key], counts[key])
    const mark = { files: higher('files'), bytes: higher('bytes'), directories: higher('directories') }
    this.#files += mark.files - before.files
    this.#bytes += mark.bytes - before.bytes
    this.#directories += mark.directories - before.directories
    const failures: Record<string, number> = { ...before.failures }
    for (const [code, count] of Object.entries(counts.failures)) {
      const known = failures[code] ?? 0
      if (count <= known) continue
      this.#failures.set(code, (this.#failures.get(code) ?? 0) + count - known)
      failures[code] = count
    }
    if (state !== 'ended') this.#marks.set(run, { ...mark, failures })
    else {
      this.#marks.delete(run)
      if (outcome !== undefined) this.#ended.set(outcome, (this.#ended.get(outcome) ?? 0) + 1)
    }
  }
}
