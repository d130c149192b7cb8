import { type Static, Type } from 'typebox'
import type { Counts } from '../messages/counts.ts'
import { strict } from '../wire/validate.ts'

export const Estimate = Type.Object(
  {
    elapsedMs: Type.Number({ minimum: 0, description: 'How long warming would take.' }),
    machineHours: Type.Number({ minimum: 0, description: 'Hours of all workers together.' }),
    dollars: Type.Optional(Type.Number({ minimum: 0, description: 'What those hours cost, where a price is known.' })),
    basis: Type.Enum(['earlier run', 'sample'], { description: 'Where the rates come from.' }),
    assumptions: Type.Array(Type.String(), { description: 'What all this rests on, a sentence each.' }),
  },
  { ...strict, description: 'What warming would take, by rates that were measured.' },
)
/** What warming would take, by rates that were measured: time in milliseconds, cost in US dollars. */
export type Estimate = Static<typeof Estimate>

/** An earlier run, as far as it tells how fast files are read. */
export interface EarlierRun {
  readonly run: string
  readonly files: number
  readonly bytes: number
  readonly elapsedMs: number
  readonly endedAtMs: number
}

export interface EstimateFacts {
  /** What an estimate found; its sample counts where there is no earlier run. */
  readonly counts: Counts
  readonly earlier?: EarlierRun | undefined
  /** Workers that would read at the same time. */
  readonly workers: number
  /** Reads in flight in a worker while the sample was read. */
  readonly readsAtOnce: number
  /** US dollars that a worker's machine costs an hour. */
  readonly dollarsAnHour?: number | undefined
}

/** Size classes below 64 KiB, where a file costs round trips and not bytes. */
const lastSmallClass = 16

/**
 * What warming the files that were found would take. Undefined where nothing was measured, or nothing of the small files or
 * of the large ones that are there. An earlier run of the same
 * export is believed before the sample: it is larger, and had the real concurrency. Pure.
 */
export function estimate(facts: EstimateFacts): Estimate | undefined {
  const timed = facts.earlier === undefined ? bySample(facts) : byEarlierRun(facts.counts, facts.earlier)
  if (timed === undefined) return undefined
  const { workers, dollarsAnHour } = facts
  const machineHours = (timed.elapsedMs / 3_600_000) * workers
  const price =
    dollarsAnHour === undefined
      ? 'No price of a machine is known, so there is no cost.'
      : `A machine costs ${dollarsAnHour} dollars an hour; starting them, queues and network traffic are not in it.`
  return {
    elapsedMs: timed.elapsedMs,
    machineHours,
    ...(dollarsAnHour === undefined ? {} : { dollars: machineHours * dollarsAnHour }),
    basis: timed.basis,
    assumptions: [
      timed.assumption,
      `${workers} ${workers === 1 ? 'worker reads' : 'workers read'} all the time.`,
      price,
    ],
  }
}

interface Timed {
  readonly elapsedMs: number
  readonly basis: Estimate['basis']
  readonly assumption: string
}

/** The longer of two times, for the files and for the bytes: the earlier run read both at once. */
function byEarlierRun({ files, bytes }: Counts, earlier: EarlierRun): Timed {
  const byFiles = earlier.files === 0 ? 0 : (files / earlier.files) * earlier.elapsedMs
  const byBytes = earlier.bytes === 0 ? 0 : (bytes / earlier.bytes) * earlier.elapsedMs
  const ended = new Date(earlier.endedAtMs).toISOString().slice(0, 16)
  return {
    elapsedMs: Math.max(byFiles, byBytes),
    basis: 'earlier run',
    assumption: `Files and bytes go as fast as in run ${earlier.run}, which ended at ${ended}Z.`,
  }
}

/** A file's round trips are those of a small file; what a large one has beyond that goes as fast as large ones went. */
function bySample({ counts, workers, readsAtOnce }: EstimateFacts): Timed | undefined {
  const { sample, sizes = {} } = counts
  if (counts.files === 0) return { elapsedMs: 0, basis: 'sample', assumption: 'There is nothing to read.' }
  if (sample === undefined || sample.files + sample.bytes === 0) return undefined
  const perFileMs = sample.files === 0 ? 0 : sample.filesMs / sample.files
  const perByteMs = sample.bytes === 0 ? 0 : sample.bytesMs / sample.bytes
  const small = { files: 0, bytes: 0 }
  for (const [size, { files, bytes }] of Object.entries(sizes)) {
    if (Number(size) > lastSmallClass) continue
    small.files += files
    small.bytes += bytes
  }
  const largeBytes = Math.max(0, counts.bytes - small.bytes)
  if ((small.files > 0 && sample.files === 0) || (largeBytes > 0 && sample.bytes === 0)) return undefined
  const busyMs = counts.files * perFileMs + largeBytes * perByteMs
  return {
    elapsedMs: busyMs / (workers * readsAtOnce),
    basis: 'sample',
    assumption:
      `The rates are those of a sample, ${sample.files} small files and ${Math.round(sample.bytes / 2 ** 20)} MiB of large ones, ` +
      `read ${readsAtOnce} at a time; with more in flight it goes faster, as far as the filer lets it.`,
  }
}
