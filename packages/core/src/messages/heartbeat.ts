import { type Static, Type } from 'typebox'
import { familyPattern } from '../names/names.ts'
import { maxPathBytes } from '../names/paths.ts'
import { fitText, maxWireBytes, shortenPath, toWire, wireBytes } from '../wire/text.ts'
import { strict, Whole, without } from '../wire/validate.ts'
import { AddressName, addCounts, Counts, emptyCounts, saturatingSum } from './counts.ts'
import { ItemId, RunId } from './item.ts'

export const AttemptId = Type.String({ pattern: familyPattern, description: 'Id of the attempt.' })
export const WorkerId = Type.String({ pattern: '^[ -~]{1,128}$', description: 'Id of the worker.' })
export const Milliseconds = (description: string) => Type.Number({ minimum: 0, description })

const maxAddresses = 64
/** Paths of a heartbeat are for people: a longer one keeps its end. */
const maxShownCharacters = 256
/** Of what there is to say of an address: 64 of them have room in a message. */
const maxNoteCharacters = 200

const limitState = {
  inFlight: Whole('Requests in flight.'),
  limit: Type.Number({ minimum: 0, description: 'Requests in flight that are allowed now.' }),
  p50Ms: Type.Optional(Milliseconds('Median latency.')),
  p99Ms: Type.Optional(Milliseconds('99th percentile of the latency.')),
  floorMs: Type.Optional(Milliseconds('Lowest latency, what the address can do at rest.')),
}

/** Figures of several workers, or of several runs, as one: percentiles don't add up. */
const oneOf: { readonly [figure in keyof typeof limitState]: (known: readonly number[]) => number } = {
  inFlight: sumOf,
  limit: sumOf,
  p50Ms: (known) => known.toSorted((a, b) => a - b)[Math.floor(known.length / 2)] ?? 0,
  p99Ms: (known) => Math.max(...known),
  floorMs: (known) => Math.min(...known),
}
const figures = Object.keys(oneOf) as readonly (keyof typeof limitState)[]

const LongReads = Type.Object(limitState, {
  ...strict,
  description: 'The same of the READs of long reads, which have a limit of their own.',
})

export const MountState = Type.Object(
  {
    address: AddressName,
    state: Type.Enum(['up', 'down']),
    note: Type.Optional(
      Type.String({
        maxLength: maxNoteCharacters,
        description: 'Why it is down, or what else people should know of it.',
      }),
    ),
    ...limitState,
    longReads: Type.Optional(LongReads),
  },
  { ...strict, description: 'How an address is doing.' },
)
/** How an address is doing, as one worker sees it. Latencies in milliseconds. */
export type MountState = Static<typeof MountState>

/** What a limit of an address is doing. */
export type LimitState = Static<typeof LongReads>

/** The limit of an address as many workers, or runs, see it. */
export function limitsTogether(limits: readonly LimitState[]): LimitState {
  const known = figures.flatMap((figure) => {
    const values = limits.flatMap((limit) => limit[figure] ?? [])
    return values.length === 0 ? [] : [[figure, oneOf[figure](values)] as const]
  })
  return { inFlight: 0, limit: 0, ...Object.fromEntries(known) }
}

const ShownPath = (description: string) => Type.String({ maxLength: maxShownCharacters, description })

export const FileUnderWay = Type.Object(
  {
    path: ShownPath('Path of the file; a long one is cut at its beginning.'),
    bytes: Whole('Bytes of it that have arrived, each once.'),
    size: Type.Optional(Whole('Bytes of it that are to be read, where they are known.')),
  },
  { ...strict, description: 'A file that is being read.' },
)
/** A file that is being read. */
export type FileUnderWay = Static<typeof FileUnderWay>

export const Waiting = Type.Object(
  {
    ceiling: Type.Optional(Type.Literal(true, { description: "Requests wait for the run's own ceiling." })),
    addresses: Type.Optional(
      Type.Array(AddressName, {
        maxItems: maxAddresses,
        description: 'Requests wait for these addresses, which do not answer.',
      }),
    ),
  },
  { ...strict, description: 'What requests wait for before they go out. Absent: nothing.' },
)
/** What requests wait for before they go out. */
export type Waiting = Static<typeof Waiting>

const done = {
  counts: Counts,
  bytesArrived: Whole('Bytes that came through any address, of complete files or not. Never falls.'),
  bytesInFlight: Whole('Bytes that arrived of files that are not complete, each once.'),
  frontier: Whole('Units of work that are held and not begun.'),
}

export const HeldAttempt = Type.Object(
  {
    item: ItemId,
    attempt: AttemptId,
    path: Type.Optional(ShownPath('A path that the item covers; a long one is cut at its beginning.')),
    ...done,
  },
  {
    ...strict,
    description: 'What an attempt has done so far. Details of its counts are left out where room is short.',
  },
)
/** What an attempt has done so far: shown, never added up. */
export type HeldAttempt = Static<typeof HeldAttempt>

export const Heartbeat = Type.Object(
  {
    v: Type.Literal(1),
    kind: Type.Literal('heartbeat'),
    run: RunId,
    worker: WorkerId,
    revision: Whole('Revision of the status that this worker has seen.'),
    attempts: Type.Array(HeldAttempt, { description: 'The items that the worker holds, oldest first.' }),
    others: Type.Optional(
      Type.Object(
        { items: Whole('How many items.'), ...done },
        { ...strict, description: 'Items that the message has no room for, added up.' },
      ),
    ),
    limits: Type.Array(MountState, { maxItems: maxAddresses, description: 'The addresses as this worker sees them.' }),
    largest: Type.Optional(
      Type.Array(FileUnderWay, { maxItems: 3, description: 'The largest files that are being read.' }),
    ),
    waitsFor: Type.Optional(Waiting),
  },
  { ...strict, title: 'Heartbeat', description: 'What a worker does for a run: shown, never added up.' },
)
/** What a worker does for a run, sent at intervals: shown, never added up. */
export type Heartbeat = Static<typeof Heartbeat>

export const Beat = Type.Object(
  {
    v: Type.Literal(1),
    kind: Type.Literal('beat'),
    run: RunId,
    item: ItemId,
    attempt: AttemptId,
    worker: WorkerId,
    counts: Counts,
    frontier: Whole('Units of work that are held and not begun.'),
    mounts: Type.Array(MountState, { maxItems: maxAddresses }),
    revision: Whole('Revision of the status that this worker has seen.'),
    path: Type.Optional(Type.String({ maxLength: maxPathBytes })),
  },
  strict,
)
/** What workers sent for each item before there were heartbeats. Only read. */
export type Beat = Static<typeof Beat>

/** The heartbeat that says what the older message says. */
export function heartbeatOf({ run, item, attempt, worker, counts, frontier, mounts, revision, path }: Beat): Heartbeat {
  const shown = path === undefined ? {} : { path: shortenPath(path, maxShownCharacters) }
  const held = { item, attempt, ...shown, counts, bytesArrived: counts.bytes, bytesInFlight: 0, frontier }
  return { v: 1, kind: 'heartbeat', run, worker, revision, attempts: [held], limits: mounts }
}

/** Of 64 KiB, what all but the attempts may take. */
const limitsBytes = 32_000
const waitingBytes = 4_000
/** What `others` takes at most: a dozen numbers and their names. */
const othersBytes = 600

/**
 * Makes a heartbeat fit one message, however much a worker holds. Every attempt is named first, by its ids and sums; about 200
 * have room. Those beyond are added up in `others`. What room is left goes to paths and details of counts (failures, per
 * address, by depth), oldest attempt first. Addresses are listed as far as 32,000 bytes go, long paths are cut.
 */
export function fitHeartbeat(given: Heartbeat): Heartbeat {
  const { largest, waitsFor, others: before } = given
  const frame: Heartbeat = {
    ...given,
    attempts: [],
    limits: fittingLimits(given.limits),
    ...(largest === undefined ? {} : { largest: largest.map(fitFile) }),
    ...(waitsFor?.addresses === undefined
      ? {}
      : { waitsFor: { ...waitsFor, addresses: fittingPart(waitsFor.addresses, waitingBytes) } }),
  }
  const whole = given.attempts.map(fitPath)
  const bare = whole.map(withoutDetails)
  const roomForAll = maxWireBytes - wireBytes(toWire(frame)) - (before === undefined ? 0 : othersBytes)
  const named = sizesOf(bare).reduce((sum, bytes) => sum + bytes, 0) <= roomForAll
  const kept = named ? bare : fittingPart(bare, roomForAll - othersBytes)
  let room = roomForAll - (named ? 0 : othersBytes) - sizesOf(kept).reduce((sum, bytes) => sum + bytes, 0)
  const attempts = kept.map((attempt, at) => {
    const detailed = whole[at] ?? attempt
    const { failures } = detailed.counts
    for (const fuller of [detailed, { ...attempt, counts: { ...attempt.counts, failures } }]) {
      const more = sizeOf(fuller) - sizeOf(attempt)
      if (more > room) continue
      room -= more
      return fuller
    }
    return attempt
  })
  const left = bare.slice(kept.length)
  return { ...frame, attempts, ...(left.length === 0 ? {} : { others: left.reduce(addOthers, before ?? noOthers()) }) }
}

type Others = NonNullable<Heartbeat['others']>

const noOthers = (): Others => ({ items: 0, counts: emptyCounts(), bytesArrived: 0, bytesInFlight: 0, frontier: 0 })

const addOthers = (sum: Others, attempt: HeldAttempt): Others => ({
  items: sum.items + 1,
  counts: addCounts(sum.counts, attempt.counts),
  bytesArrived: saturatingSum(sum.bytesArrived, attempt.bytesArrived),
  bytesInFlight: saturatingSum(sum.bytesInFlight, attempt.bytesInFlight),
  frontier: saturatingSum(sum.frontier, attempt.frontier),
})

/** What long reads do is left out first, then notes. */
function fittingLimits(given: readonly MountState[]): MountState[] {
  const limits = given.map((limit) => (limit.note === undefined ? limit : { ...limit, note: noteOf(limit.note) }))
  const shorter = limits.map((limit) => without(limit, 'longReads'))
  const bare = shorter.map((limit) => without(limit, 'note'))
  const fits = (some: readonly MountState[]): boolean => fittingPart(some, limitsBytes).length === some.length
  return fittingPart([limits, shorter].find(fits) ?? bare, limitsBytes)
}

/** What there is to say of an address, as far as a message has room for it. */
export const noteOf = (text: string): string => fitText(text, maxNoteCharacters)

/** A comma is part of each. */
const sizeOf = (value: unknown): number => wireBytes(toWire(value)) + 1
const sizesOf = (values: readonly unknown[]): number[] => values.map(sizeOf)

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** As many of them, from the first on, as fit. */
function fittingPart<T>(values: readonly T[], maxBytes: number): T[] {
  let room = maxBytes
  const end = values.findIndex((value) => {
    room -= sizeOf(value)
    return room < 0
  })
  return end === -1 ? [...values] : values.slice(0, end)
}

const fitFile = (file: FileUnderWay): FileUnderWay => ({ ...file, path: shortenPath(file.path, maxShownCharacters) })

const fitPath = (attempt: HeldAttempt): HeldAttempt =>
  attempt.path === undefined ? attempt : { ...attempt, path: shortenPath(attempt.path, maxShownCharacters) }

/** Ids and sums alone. */
function withoutDetails(whole: HeldAttempt): HeldAttempt {
  const attempt = without(whole, 'path')
  const { directories, files, bytes, entriesSkipped, specialSkipped } = attempt.counts
  const sums = { directories, files, bytes, entriesSkipped, specialSkipped }
  return { ...attempt, counts: { ...sums, failures: {}, mounts: {} } }
}
