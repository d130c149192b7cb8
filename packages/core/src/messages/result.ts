import { type Static, type TSchema, Type } from 'typebox'
import { CoreError, problem } from '../errors.ts'
import { maxPathBytes } from '../names/paths.ts'
import { fitText, shorten, toWire, wireBytes } from '../wire/text.ts'
import {
  readVersioned,
  strict,
  type Validator,
  validator,
  Whole,
  withoutUnknownKeys,
  writeFitting,
  writeMessage,
} from '../wire/validate.ts'
import { AddressName, Counts, FailureCode, withoutLatencies, withoutLevels, withoutReach } from './counts.ts'
import { AttemptId, Beat, fitHeartbeat, Heartbeat, heartbeatOf, Milliseconds, WorkerId } from './heartbeat.ts'
import { ItemId, RunId } from './item.ts'

const maxMessageCharacters = 1_024

/** More children than this no result announces. */
export const maxChildren = 1_000_000

export const Failure = Type.Object(
  {
    path: Type.String({ maxLength: maxPathBytes }),
    address: Type.Optional(AddressName),
    code: FailureCode,
    message: Type.Optional(Type.String({ maxLength: maxMessageCharacters })),
  },
  { ...strict, description: 'A path that could not be read, through this address where it is known.' },
)
/** A path that could not be read, and why. Without `address` the cause is no address in particular. */
export type Failure = Static<typeof Failure>

const head = { v: Type.Literal(1), run: RunId, item: ItemId, attempt: AttemptId }

export const ItemResult = Type.Object(
  {
    ...head,
    kind: Type.Literal('result'),
    worker: WorkerId,
    outcome: Type.Enum(['read', 'failed'], {
      description: 'failed: the item could not be worked on, and what it covers is unread.',
    }),
    children: Type.Array(
      Type.Object({ family: AttemptId, count: Type.Integer({ minimum: 1, maximum: maxChildren }) }, strict),
      { description: 'Items that the rest was split into: <family>.0 up to <family>.<count - 1>.' },
    ),
    failureParts: Whole('How many failure parts belong to this attempt. They are sent before the result.'),
    counts: Counts,
    error: Type.Optional(Type.String({ maxLength: maxMessageCharacters })),
    elapsedMs: Milliseconds('How long the attempt took.'),
  },
  { ...strict, title: 'ItemResult', description: 'What became of one attempt at an item.' },
)
/** What became of one attempt at an item. Its children are `<family>.0` up to `<family>.<count - 1>` of each family. */
export type ItemResult = Static<typeof ItemResult>

export const FailurePart = Type.Object(
  {
    ...head,
    kind: Type.Literal('failures'),
    part: Whole('Number of this part, counted from 0.'),
    failures: Type.Array(Failure, { minItems: 1 }),
  },
  { ...strict, title: 'FailurePart', description: 'Some of the failures of an attempt.' },
)
/** Some of the failures of an attempt. Sent before the result that says how many parts there are. */
export type FailurePart = Static<typeof FailurePart>

export const ResultMessage = Type.Union([ItemResult, FailurePart, Heartbeat], {
  title: 'ResultMessage',
  description: "A message of a run's results queue.",
})
/** A message of a run's results queue. */
export type ResultMessage = Static<typeof ResultMessage>

interface Kind<T extends ResultMessage | Beat> {
  readonly schema: TSchema
  readonly validator: Validator<T>
}

const written = new Map<unknown, Kind<ResultMessage>>([
  [
    'result',
    {
      schema: ItemResult,
      validator: validator(ItemResult, ({ children }) => {
        const total = children.reduce((sum, { count }) => sum + count, 0)
        return total > maxChildren ? [problem('children', `${total} children`, `at most ${maxChildren}`)] : []
      }),
    },
  ],
  ['failures', { schema: FailurePart, validator: validator(FailurePart) }],
  ['heartbeat', { schema: Heartbeat, validator: validator(Heartbeat) }],
])
const read = new Map<unknown, Kind<ResultMessage | Beat>>([
  ...written,
  ['beat', { schema: Beat, validator: validator(Beat) }],
])

function kindOf<T extends ResultMessage | Beat>(kinds: ReadonlyMap<unknown, Kind<T>>, kind: unknown): Kind<T> {
  const known = kinds.get(kind)
  if (known !== undefined) return known
  throw new CoreError('RESULT_INVALID', [problem('kind', kind, 'result, failures or heartbeat')])
}

/**
 * Always fits 64 KiB, for all names of files, addresses and errors: `error` is cut, and what is only shown is left out
 * where there is no room for it. Throws `RESULT_INVALID`, or `TOO_LARGE` for failures that `failureParts` did not pack
 * and for more than 256 families of children.
 */
export function encodeResult(message: ResultMessage): string {
  const { validator: known } = kindOf(written, message.kind)
  if (message.kind === 'failures') return writeMessage(known.parse(message, 'RESULT_INVALID'))
  if (message.kind === 'heartbeat') return writeMessage(known.parse(fitHeartbeat(message), 'RESULT_INVALID'))
  const { error, ...rest } = message
  const fitting = error === undefined ? rest : { ...rest, error: shorten(error, maxMessageCharacters) }
  return writeFitting(known.parse(fitting, 'RESULT_INVALID') as ItemResult, resultDrops)
}

/** What a message that is too large does without, the least missed first. */
const resultDrops: readonly ((result: ItemResult) => ItemResult)[] = [
  (result) => ({ ...result, counts: withoutLatencies(result.counts) }),
  ({ error, ...result }) => (error === undefined ? result : { ...result, error: fitText(error, maxMessageCharacters) }),
  (result) => ({ ...result, counts: withoutLevels(result.counts) }),
  (result) => ({ ...result, counts: withoutReach(result.counts) }),
]

/**
 * Drops keys that it does not know: a newer worker may say more. A `beat`, which older workers send per item, is read as
 * the heartbeat of that item. Throws `VERSION_UNKNOWN`, `RESULT_INVALID` or `TOO_LARGE`.
 */
export function decodeResult(text: string): ResultMessage {
  const value = readVersioned(text, 'RESULT_INVALID')
  const { schema, validator: known } = kindOf(read, value.kind)
  const message = known.parse(withoutUnknownKeys(schema, value), 'RESULT_INVALID')
  return message.kind === 'beat' ? heartbeatOf(message) : message
}

/** Most that a failure takes up in a message: the longest path there can be, an address, and what is left for the cause. */
const maxFailureBytes = 58_000

/** Makes a failure fit for a message: what is too long is cut, the cause before the path. */
export function fitFailure({ message, ...failure }: Failure): Failure {
  const fitting = { ...failure, path: shorten(failure.path, maxPathBytes) }
  if (message === undefined) return fitting
  const room = maxFailureBytes - wireBytes(toWire({ ...fitting, message: '' }))
  return { ...fitting, message: fitText(shorten(message, maxMessageCharacters), room) }
}

/**
 * Packs all failures of an attempt into parts of at most `maxBytes` each (default 60,000), in order; none for no failures.
 * A failure that is larger than that has a part of its own. Send them before the result that counts them: a result waits
 * for its parts.
 */
export function failureParts(
  run: string,
  item: string,
  attempt: string,
  failures: readonly Failure[],
  maxBytes: number = 60_000,
): FailurePart[] {
  const parts: FailurePart[] = []
  let room = 0
  for (const failure of failures.map(fitFailure)) {
    const bytes = wireBytes(toWire(failure)) + 1
    if (bytes > room) {
      const part: FailurePart = { v: 1, kind: 'failures', run, item, attempt, part: parts.length, failures: [] }
      room = maxBytes - wireBytes(toWire(part))
      parts.push(part)
    }
    parts.at(-1)?.failures.push(failure)
    room -= bytes
  }
  return parts
}

export const FailureList = Type.Object(
  {
    v: Type.Literal(1),
    run: RunId,
    part: Whole('Number of this message, counted from 0.'),
    last: Type.Boolean({ description: 'No more come after this one.' }),
    failures: Type.Array(Failure),
    problem: Type.Optional(Type.String({ maxLength: 1_024, description: 'Why there are no failures to tell.' })),
  },
  { ...strict, title: 'FailureList', description: 'Some of the failures of a run, in answer to a request for all.' },
)
/** Some of the failures of a run, in answer to a request for all of them. Parts count from 0; the last one says so. */
export type FailureList = Static<typeof FailureList>

const list = validator(FailureList)

/** Throws `RESULT_INVALID` or `TOO_LARGE`. */
export const encodeFailureList = (value: FailureList): string => writeMessage(list.parse(value, 'RESULT_INVALID'))

/** Throws `VERSION_UNKNOWN`, `RESULT_INVALID` (also for an unknown key) or `TOO_LARGE`. */
export const decodeFailureList = (text: string): FailureList =>
  list.parse(readVersioned(text, 'RESULT_INVALID'), 'RESULT_INVALID')

/** What a message of failures may be filled up to, in bytes: the rest of it takes less than the remainder of 64 KiB. */
const maxFailuresBytes = 60_000

/** Cuts failures into groups that each fit into one message, in order; none for none. What is too long in one is cut. */
export function* packFailures(failures: Iterable<Failure>): Generator<readonly Failure[]> {
  let group: Failure[] = []
  let bytes = 0
  for (const given of failures) {
    const failure = fitFailure(given)
    const size = wireBytes(toWire(failure)) + 1
    if (group.length > 0 && bytes + size > maxFailuresBytes) {
      yield group
      group = []
      bytes = 0
    }
    group.push(failure)
    bytes += size
  }
  if (group.length > 0) yield group
}
