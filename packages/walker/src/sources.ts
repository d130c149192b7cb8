import { LargeFile } from './large-file.ts'
import type { Settings } from './options.ts'
import type { ReadSource, ReadUnit } from './read-unit.ts'
import { SingleFile } from './single-file.ts'

type Cut = Pick<Settings, 'attributesOnly' | 'headBytes' | 'chunkBytes' | 'rangeBytes'>

/** More of the file is wanted than one chunk. A size that can't be meant is refused by the mount that is to read it. */
export const isLarge = ({ attributesOnly, headBytes, chunkBytes }: Cut, size: number | undefined): boolean =>
  !attributesOnly && size !== undefined && Math.min(size, headBytes) > chunkBytes

/** The file, or the range of it, as one to read in chunks. */
export function largeFile(
  { chunkBytes, rangeBytes }: Pick<Cut, 'chunkBytes' | 'rangeBytes'>,
  unit: ReadUnit,
  range: { readonly offset: number; readonly length: number; readonly ordinal: number },
): LargeFile {
  return new LargeFile({ unit, ...range, size: unit.size, chunkBytes, rangeBytes })
}

/** One file, to read as far as the walk wants. */
export const sourceOf = (cut: Cut, unit: ReadUnit): ReadSource =>
  isLarge(cut, unit.size)
    ? largeFile(cut, unit, { offset: 0, length: cut.headBytes, ordinal: 0 })
    : new SingleFile(unit)
