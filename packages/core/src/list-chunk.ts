import { type Static, Type } from 'typebox'
import { childItem, RUN_PATTERN } from './ids.ts'
import { Part, partProblems } from './item.ts'
import { readVersioned, strict, validator, Whole, writeMessage } from './validate.ts'

/** More chunks than this no list has: two thousand million paths. */
export const MAX_LIST_CHUNKS = 1_000_000

export const JobList = Type.Object(
  {
    id: Type.String({ pattern: RUN_PATTERN, description: 'Names the queue with the chunks: <prefix>list-<id>.' }),
    chunks: Type.Integer({ minimum: 1, maximum: MAX_LIST_CHUNKS, description: 'How many there are, numbered from 0.' }),
    paths: Whole('Paths in them all.'),
  },
  { ...strict, description: 'A list of paths to warm first, which waits in a queue of its own.' },
)
/** A list of paths that a job brings along in a queue of its own. All chunks were sent before the job was. */
export type JobList = Static<typeof JobList>

export const ListChunk = Type.Object(
  {
    v: Type.Literal(1),
    list: Type.String({ pattern: RUN_PATTERN, description: 'Id of the list.' }),
    chunk: Type.Integer({ minimum: 0, maximum: MAX_LIST_CHUNKS - 1, description: 'Its number.' }),
    parts: Type.Array(Part, { minItems: 1 }),
  },
  { ...strict, title: 'ListChunk', description: 'A piece of a list of paths, as large as an item may be.' },
)
/** A piece of a list of paths, which becomes an item of the run as it is. */
export type ListChunk = Static<typeof ListChunk>

const chunk = validator(ListChunk, ({ parts }) => parts.flatMap(partProblems))

/** Throws `LIST_INVALID` or `TOO_LARGE`. */
export const encodeListChunk = (value: ListChunk): string => writeMessage(chunk.parse(value, 'LIST_INVALID'))

/** Throws `VERSION_UNKNOWN`, `LIST_INVALID` (also for an unknown key) or `TOO_LARGE`. */
export const decodeListChunk = (text: string): ListChunk =>
  chunk.parse(readVersioned(text, 'LIST_INVALID'), 'LIST_INVALID')

/** The item that a chunk becomes. A run that was started over, of generation 1, calls them `list-2.0`, `list-2.1`, ... */
export const listItem = (number: number, generation: number = 0): string =>
  childItem(generation === 0 ? 'list' : `list-${generation + 1}`, number)
