import { type Static, Type } from 'typebox'
import { strict, Whole, without } from '../wire/validate.ts'

const binCount = 70
const binsPerDecade = 10
const firstDecade = -2

export const Latencies = Type.Record(
  Type.String({ pattern: '^([0-9]|[1-6][0-9])$' }),
  Whole('Reads in this latency bin.'),
  {
    ...strict,
    maxProperties: binCount,
    description:
      'Reads by how long they took, ten bins a decade: "n" from 10^((n - 20) / 10) ms up to the next, "0" also for shorter ones, "69" also for longer ones. Of files that were read through no other address before: what the cold reads took.',
  },
)
/** Reads by how long they took. Adds up; has no entry for a bin without reads. */
export type Latencies = Static<typeof Latencies>

/** How many there are between which two ends, in milliseconds: `counts[i]` from `edgesMs[i]` up to below `edgesMs[i + 1]`. */
export interface LatencyHistogram {
  readonly edgesMs: readonly number[]
  readonly counts: readonly number[]
}

const edgeMs = (bin: number): number => 10 ** (firstDecade + bin / binsPerDecade)

/** From the first bin that has a read to the last one; empty for no reads. */
export function latencyHistogram(latencies: Latencies): LatencyHistogram {
  const bins = Object.entries(latencies).flatMap(([bin, reads]) => (reads > 0 ? [Number(bin)] : []))
  if (bins.length === 0) return { edgesMs: [], counts: [] }
  const first = Math.min(...bins)
  const length = Math.max(...bins) - first + 1
  return {
    edgesMs: Array.from({ length: length + 1 }, (_, at) => edgeMs(first + at)),
    counts: Array.from({ length }, (_, at) => latencies[first + at] ?? 0),
  }
}

/** What an address is called: the address itself, or the folder it is mounted on. */
export const AddressName = Type.String({ minLength: 1, maxLength: 1024, description: 'Address, as the job names it.' })

/** Why a path failed, in capitals: `ACCESS_DENIED`, `NOT_FOUND`. */
export const FailureCode = Type.String({
  pattern: '^[A-Z][A-Z0-9_]{0,63}$',
  description: 'Cause of a failure, in capitals.',
})

/** Ways and doubts of an address that counts have room for. */
const maxReach = 8

export const MountCounts = Type.Object(
  {
    files: Whole('Files read through this address.'),
    bytes: Whole('Bytes read through it.'),
    failures: Whole('Failures of it.'),
    latencies: Type.Optional(Latencies),
    readBy: Type.Optional(
      Type.Record(Type.String({ pattern: '^(?!__proto__$)[ -~]{1,64}$' }), Whole('Files read this way.'), {
        ...strict,
        maxProperties: maxReach,
        description: 'The files by what brought them, such as "NFSv3" or "NFSv4.1 kernel mount".',
      }),
    ),
    doubts: Type.Optional(
      Type.Record(Type.String({ pattern: '^[a-z][a-z-]{0,31}$' }), Whole('Files read while this held.'), {
        ...strict,
        maxProperties: maxReach,
        description:
          'Files whose reads may have been answered without the server, by reason: buffered, fuse, attributes, local.',
      }),
    ),
  },
  strict,
)
/** What was done through one address: files and bytes that were read, failures of files that were not. */
export type MountCounts = Static<typeof MountCounts>

export const LevelCounts = Type.Object(
  {
    listed: Whole('Directories whose listing is over: listed to their end, or failed.'),
    directories: Whole('Directories found in them that are to be entered.'),
    files: Whole('Files found in them that are to be read.'),
    bytes: Type.Optional(Whole('Bytes of those files that are to be read, as far as sizes are known.')),
  },
  strict,
)
/** What was found in directories of one depth. */
export type LevelCounts = Static<typeof LevelCounts>

/** The sizes from 2^(n-1) up to 2^n bytes, the latter not in it; those of 0 bytes are in "0". */
const sizeClassPattern = '^(0|[1-9]|[1-4][0-9]|5[0-3])$'

export const SizeCounts = Type.Object({ files: Whole('Files of such a size.'), bytes: Whole('Their sizes.') }, strict)
/** Files whose size lies in one power of two, and the sum of their sizes. */
export type SizeCounts = Static<typeof SizeCounts>

export const SampleCounts = Type.Object(
  {
    files: Whole('Small files of the sample.'),
    filesMs: Whole('Milliseconds that reading them took, added up.'),
    bytes: Whole('Bytes read of its large files.'),
    bytesMs: Whole('Milliseconds that reading them took, added up.'),
  },
  { ...strict, description: 'Files that an estimate read to learn how fast that goes.' },
)
/** Files that an estimate read to learn how fast that goes: small ones by number, large ones by bytes. */
export type SampleCounts = Static<typeof SampleCounts>

export const Counts = Type.Object(
  {
    directories: Whole('Directories listed to their end.'),
    files: Whole('Files read through all their addresses.'),
    bytes: Whole('Bytes of them, each file counted once.'),
    entriesSkipped: Whole('Entries that filters or limits left out.'),
    leftOut: Type.Optional(
      Type.Record(Type.String({ pattern: '^[.~#@]?[a-zA-Z-]{1,32}$' }), Whole('Entries that this rule left out.', 1), {
        ...strict,
        maxProperties: 32,
        description: 'The entries that filters left out, by rule; directories of snapshots by their name.',
      }),
    ),
    specialSkipped: Whole('Links that are not followed, devices, FIFOs, sockets.'),
    failures: Type.Record(FailureCode, Whole('Failures with this code.', 1), { ...strict, maxProperties: 256 }),
    mounts: Type.Record(Type.String({ pattern: '^(?!__proto__$)[^\\u0000-\\u001f]{1,1024}$' }), MountCounts, {
      ...strict,
      maxProperties: 64,
    }),
    levels: Type.Optional(
      Type.Record(Type.String({ pattern: '^(0|[1-9][0-9]?)$' }), LevelCounts, {
        ...strict,
        maxProperties: 100,
        description: 'What was found, by the depth of the directory below the export; the deepest have one entry.',
      }),
    ),
    sizes: Type.Optional(
      Type.Record(Type.String({ pattern: sizeClassPattern }), SizeCounts, {
        ...strict,
        description:
          'Of modes that read no data: the files by size, "n" for 2^(n-1) up to 2^n bytes, "0" for empty ones.',
      }),
    ),
    sample: Type.Optional(SampleCounts),
  },
  { ...strict, description: 'What was done. Whole numbers; adding them up in any order gives the same.' },
)
/**
 * What was done: `files` were read through all their addresses, `bytes` are theirs, each counted once. Adds up in any
 * order. In modes that read no data `files` were found, and `bytes` are those that reading them would bring.
 */
export type Counts = Static<typeof Counts>

/** Nothing done yet. Made anew each time. */
export const emptyCounts = (): Counts => ({
  directories: 0,
  files: 0,
  bytes: 0,
  entriesSkipped: 0,
  specialSkipped: 0,
  failures: {},
  mounts: {},
})

/** The counts without what only forecasts need. */
export const withoutLevels = (counts: Counts): Counts => without(counts, 'levels')

/** The counts without how long reads took. */
export const withoutLatencies = (counts: Counts): Counts => withoutOfMounts(counts, 'latencies')

/** The counts without what brought the files and what of it is in doubt. */
export const withoutReach = (counts: Counts): Counts => withoutOfMounts(withoutOfMounts(counts, 'readBy'), 'doubts')

const withoutOfMounts = (counts: Counts, key: 'latencies' | 'readBy' | 'doubts'): Counts => ({
  ...counts,
  mounts: Object.fromEntries(Object.entries(counts.mounts).map(([address, mount]) => [address, without(mount, key)])),
})

/** Sums stop here, the largest number that JSON and JavaScript keep exactly; a display of it says "at least". */
export const largestCount = Number.MAX_SAFE_INTEGER

/** The sum of what may be absent, at most `largestCount`. */
export const saturatingSum = (a = 0, b = 0): number => Math.min(largestCount, a + b)

const maxFailureCodes = 256
const maxMounts = 64
/** Rules that may have left entries out. */
const maxRules = 32
/** What failures count as beyond the codes that there is room for. */
const otherCode = 'OTHER'

/**
 * The sum, as a new object that shares nothing with the old ones. All valid counts have a valid sum: numbers
 * stop at `largestCount`, failures of codes beyond the first 256 count as `OTHER`, addresses beyond the first 64 and rules beyond the
 * first 32 are left out.
 */
export const addCounts = (a: Counts, b: Counts): Counts => ({
  directories: saturatingSum(a.directories, b.directories),
  files: saturatingSum(a.files, b.files),
  bytes: saturatingSum(a.bytes, b.bytes),
  entriesSkipped: saturatingSum(a.entriesSkipped, b.entriesSkipped),
  specialSkipped: saturatingSum(a.specialSkipped, b.specialSkipped),
  failures: boundedFailures(merge(a.failures, b.failures, saturatingSum)),
  mounts: first(maxMounts, merge(a.mounts, b.mounts, addMount)),
  ...(a.leftOut === undefined && b.leftOut === undefined
    ? {}
    : { leftOut: first(maxRules, merge(a.leftOut ?? {}, b.leftOut ?? {}, saturatingSum)) }),
  ...(a.levels === undefined && b.levels === undefined
    ? {}
    : { levels: merge(a.levels ?? {}, b.levels ?? {}, addLevel) }),
  ...(a.sizes === undefined && b.sizes === undefined ? {} : { sizes: merge(a.sizes ?? {}, b.sizes ?? {}, addSize) }),
  ...(a.sample === undefined && b.sample === undefined ? {} : { sample: addSample(a.sample, b.sample) }),
})

function boundedFailures(failures: Record<string, number>): Record<string, number> {
  const codes = Object.entries(failures)
  if (codes.length <= maxFailureCodes) return failures
  const kept = codes.filter(([code]) => code !== otherCode).slice(0, maxFailureCodes - 1)
  const named = new Set(kept.map(([code]) => code))
  const others = codes.filter(([code]) => !named.has(code)).reduce((sum, [, count]) => saturatingSum(sum, count), 0)
  return { ...Object.fromEntries(kept), [otherCode]: others }
}

const addLevel = (a?: LevelCounts, b?: LevelCounts): LevelCounts => ({
  listed: saturatingSum(a?.listed, b?.listed),
  directories: saturatingSum(a?.directories, b?.directories),
  files: saturatingSum(a?.files, b?.files),
  ...(a?.bytes === undefined && b?.bytes === undefined ? {} : { bytes: saturatingSum(a?.bytes, b?.bytes) }),
})

const addSize = (a?: SizeCounts, b?: SizeCounts): SizeCounts => ({
  files: saturatingSum(a?.files, b?.files),
  bytes: saturatingSum(a?.bytes, b?.bytes),
})

const addSample = (a?: SampleCounts, b?: SampleCounts): SampleCounts => ({
  files: saturatingSum(a?.files, b?.files),
  filesMs: saturatingSum(a?.filesMs, b?.filesMs),
  bytes: saturatingSum(a?.bytes, b?.bytes),
  bytesMs: saturatingSum(a?.bytesMs, b?.bytesMs),
})

const addMount = (a?: MountCounts, b?: MountCounts): MountCounts => ({
  files: saturatingSum(a?.files, b?.files),
  bytes: saturatingSum(a?.bytes, b?.bytes),
  failures: saturatingSum(a?.failures, b?.failures),
  ...(a?.latencies === undefined && b?.latencies === undefined
    ? {}
    : { latencies: merge(a?.latencies ?? {}, b?.latencies ?? {}, saturatingSum) }),
  ...(a?.readBy === undefined && b?.readBy === undefined
    ? {}
    : { readBy: first(maxReach, merge(a?.readBy ?? {}, b?.readBy ?? {}, saturatingSum)) }),
  ...(a?.doubts === undefined && b?.doubts === undefined
    ? {}
    : { doubts: first(maxReach, merge(a?.doubts ?? {}, b?.doubts ?? {}, saturatingSum)) }),
})

const first = <T>(most: number, record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).slice(0, most))

/** By entries and own keys, as an address may be called `constructor`. */
function merge<T>(a: Record<string, T>, b: Record<string, T>, add: (x?: T, y?: T) => T): Record<string, T> {
  const own = (of: Record<string, T>, key: string): T | undefined => (Object.hasOwn(of, key) ? of[key] : undefined)
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return Object.fromEntries([...keys].map((key) => [key, add(own(a, key), own(b, key))]))
}
