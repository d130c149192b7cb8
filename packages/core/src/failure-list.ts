import { type Static, Type } from 'typebox'
import { RunId } from './item.ts'
import { Failure, fitFailure } from './result.ts'
import { toWire, wireBytes } from './text.ts'
import { readVersioned, strict, validator, Whole, writeMessage } from './validate.ts'

export const FailureList = Type.Object(
  {
    v: Type.Literal(1),
    run: RunId,
    part: Whole('Number of this message, counted from 0.'),
    last: Type.Boolean({ description: 'No more come after this one.' }),
    failures: Type.Array(Failure),
    problem: Type.Optional(Type.String({ maxLength: 1_024, description: 'Why there are no failures to tell.' })),
  },
  { ...strict, title: 'FailureList', description: 'Some of the failures of a run, for somebody who asked for all.' },
)
/** Some of the failures of a run, for somebody who asked for all of them. Parts count from 0; the last one says so. */
export type FailureList = Static<typeof FailureList>

const list = validator(FailureList)

/** Throws `RESULT_INVALID` or `TOO_LARGE`. */
export const encodeFailureList = (value: FailureList): string => writeMessage(list.parse(value, 'RESULT_INVALID'))

/** Throws `VERSION_UNKNOWN`, `RESULT_INVALID` (also for an unknown key) or `TOO_LARGE`. */
export const decodeFailureList = (text: string): FailureList =>
  list.parse(readVersioned(text, 'RESULT_INVALID'), 'RESULT_INVALID')

/** What a message of failures may be filled up to, in bytes: the rest of it takes less than the remainder of 64 KiB. */
const MAX_FAILURES_BYTES = 60_000

/** Cuts failures into groups that each fit into one message, in order; none for none. What is too long in one is cut. */
export function* packFailures(failures: Iterable<Failure>): Generator<readonly Failure[]> {
  let group: Failure[] = []
  let bytes = 0
  for (const given of failures) {
    const failure = fitFailure(given)
    const size = wireBytes(toWire(failure)) + 1
    if (group.length > 0 && bytes + size > MAX_FAILURES_BYTES) {
      yield group
      group = []
      bytes = 0
    }
    group.push(failure)
    bytes += size
  }
  if (group.length > 0) yield group
}
