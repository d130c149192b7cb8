import { type Static, Type } from 'typebox'
import { type Problem, problem } from '../errors.ts'
import { itemPattern, runPattern } from '../names/names.ts'
import { checkName, checkPath, maxPathBytes, nameBytes } from '../names/paths.ts'
import { toWire, wireBytes } from '../wire/text.ts'
import { readVersioned, strict, validator, Whole, writeMessage } from '../wire/validate.ts'

export const RunId = Type.String({ pattern: runPattern, description: 'Id of the run.' })
export const ItemId = Type.String({ pattern: itemPattern, description: 'Id of the item.' })
export const Path = Type.String({
  pattern: '^/',
  maxLength: maxPathBytes,
  description: 'Absolute within the export. Bytes that are not UTF-8 are lone surrogates U+DC80..U+DCFF.',
})

const TreePart = Type.Object(
  { kind: Type.Literal('tree'), path: Path },
  { ...strict, description: 'A directory and all below it, or a single file.' },
)
const ListingPart = Type.Object(
  {
    kind: Type.Literal('listing'),
    path: Path,
    resume: Type.String({ maxLength: 4096, description: 'Where to continue.' }),
  },
  { ...strict, description: 'The rest of a directory whose listing can be resumed, and all below that.' },
)
const FilesPart = Type.Object(
  {
    kind: Type.Literal('files'),
    directory: Path,
    names: Type.Array(Type.String({ maxLength: maxPathBytes }), { minItems: 1 }),
    listed: Type.Optional(
      Type.Literal(true, { description: 'A list has named them: nothing is known of them, not even that they exist.' }),
    ),
  },
  { ...strict, description: 'Files of one directory, by name.' },
)
const RangePart = Type.Object(
  {
    kind: Type.Literal('range'),
    path: Path,
    offset: Whole('First byte.'),
    length: Type.Optional(Whole('Bytes. Absent: to the end of the file.', 1)),
    ordinal: Whole('Which range of the file it is; rotates the addresses.'),
  },
  { ...strict, description: 'A range of a large file. The one at offset 0 counts the file.' },
)

export const Part = Type.Union([TreePart, ListingPart, FilesPart, RangePart])
/** Some of a run's work, by paths and ranges alone; what to do with it is in the run's status. */
export type Part = Static<typeof Part>

export const Item = Type.Object(
  {
    v: Type.Literal(1),
    run: RunId,
    item: ItemId,
    strikes: Whole('How often its handling failed.'),
    parts: Type.Array(Part, { minItems: 1 }),
  },
  { ...strict, title: 'Item', description: 'A piece of a run that one worker holds under one lease.' },
)
/** A piece of a run that one worker holds under one lease. `strikes` counts how often its handling failed. */
export type Item = Static<typeof Item>

const item = validator(Item, (value) => value.parts.flatMap(partProblems))

/** What JSON Schema can't say of a part. */
export function partProblems(part: Part, index: number): Problem[] {
  const [key, path] = part.kind === 'files' ? (['directory', part.directory] as const) : (['path', part.path] as const)
  const expected = checkPath(path)
  const found = expected === undefined ? [] : [problem(`parts.${index}.${key}`, path, expected)]
  if (part.kind !== 'files') return found
  const room = maxPathBytes - (part.directory === '/' ? 0 : (nameBytes(part.directory) ?? 0)) - 1
  for (const [at, name] of part.names.entries()) {
    const nameExpected = checkName(name) ?? checkRoom(name, room)
    if (nameExpected !== undefined) found.push(problem(`parts.${index}.names.${at}`, name, nameExpected))
  }
  return found
}

const checkRoom = (name: string, room: number): string | undefined =>
  (nameBytes(name) ?? 0) > room ? `a name whose path has at most ${maxPathBytes} bytes` : undefined

/** Throws `ITEM_INVALID` or `TOO_LARGE`. */
export const encodeItem = (value: Item): string => writeMessage(item.parse(value, 'ITEM_INVALID'))

/** Throws `VERSION_UNKNOWN`, `ITEM_INVALID` (also for an unknown key) or `TOO_LARGE`. */
export const decodeItem = (text: string): Item => item.parse(readVersioned(text, 'ITEM_INVALID'), 'ITEM_INVALID')

/** What a part adds to the size of a message, in bytes, the comma before it left out. */
export const partBytes = (part: Part): number => wireBytes(toWire(part))
