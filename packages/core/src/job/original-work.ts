import { CoreError } from '../errors.ts'
import { compareNames } from '../names/paths.ts'
import { readObject, writeMessage } from '../wire/validate.ts'
import { maxAddresses, maxExportBytes } from './fields.ts'
import { fieldReader, readAddresses, readExportPath, readPath, readPatterns } from './reader.ts'

/** The original's manager sends files of this size and more as chunks of their own, so a directory message leaves them out. */
export const legacyLargeFileBytes = 104_857_600

/**
 * Work of the original's manager. `shape` is what the message says; only the filer knows what the path is:
 * - `directory`: the entries of a directory that are no directories, the large ones left out; or a whole file
 * - `slice`: those with `start` <= name <= `stop` in byte order, both ends included; or a whole file
 * - `chunk`: bytes `from` up to, not including, `to` of a file
 * - `file`: a whole file
 * The filters hold for `directory` and `slice`; the original forgot them for `directory`.
 */
export interface LegacyWork {
  addresses: string[]
  exportPath: string
  path: string
  shape: 'directory' | 'slice' | 'chunk' | 'file'
  /** First name of a slice. */
  start?: string
  /** Last name of a slice. */
  stop?: string
  /** First byte of a chunk. */
  from?: number
  /** First byte behind a chunk. */
  to?: number
  include: string[]
  exclude: string[]
  /** 0: no limit. */
  maxFileSizeBytes: number
}

/**
 * Keys in any case, lists absent or `null`, unknown keys ignored, absent byte numbers read as -1. Throws `ITEM_INVALID`
 * with all problems, or `TOO_LARGE`.
 */
export function decodeLegacyWork(text: string): LegacyWork {
  const read = fieldReader(readObject(text, 'ITEM_INVALID'))
  const from = read.whole('StartByte', { min: -1 }) ?? -1
  const to = read.whole('StopByte', { min: -1 }) ?? -1
  const filtered = read.flag('ApplyFilter')
  const start = read.text('StartFileFilter') ?? ''
  const stop = read.text('EndFileFilter') ?? ''
  const path = readPath(read, 'WarmTargetPath')
  const chunk = from >= 0 && to >= 0
  if (chunk && to <= from) read.refuse('StopByte', 'more than StartByte')
  const work: LegacyWork = {
    addresses: readAddresses(read, 'WarmTargetMountAddresses', maxAddresses),
    exportPath: readExportPath(read, 'WarmTargetExportPath', maxExportBytes),
    path,
    shape: chunk ? 'chunk' : filtered ? 'slice' : from === to ? 'directory' : 'file',
    ...(chunk ? { from, to } : filtered ? { start, stop } : {}),
    include: readPatterns(read, 'InclusionList'),
    exclude: readPatterns(read, 'ExclusionList'),
    maxFileSizeBytes: read.whole('MaxFileSizeBytes', {}) ?? 0,
  }
  if (read.problems.length > 0) throw new CoreError('ITEM_INVALID', read.problems)
  return work
}

/** The message as the original's manager writes it, key for key. Throws `TOO_LARGE`. */
export function encodeLegacyWork(work: LegacyWork): string {
  return writeMessage({
    WarmTargetMountAddresses: work.addresses,
    WarmTargetExportPath: work.exportPath,
    WarmTargetPath: work.path,
    StartByte: work.from ?? (work.shape === 'file' ? 0 : -1),
    StopByte: work.to ?? -1,
    ApplyFilter: work.shape === 'slice',
    StartFileFilter: work.start ?? '',
    EndFileFilter: work.stop ?? '',
    InclusionList: work.include,
    ExclusionList: work.exclude,
    MaxFileSizeBytes: work.maxFileSizeBytes,
  })
}

/** Whether a name belongs to the work by its order; true for every shape but a slice. */
export function legacyHolds(work: LegacyWork, name: string): boolean {
  if (work.shape !== 'slice') return true
  return compareNames(work.start ?? '', name) <= 0 && compareNames(name, work.stop ?? '') <= 0
}
