import { CoreError, problem } from './errors.ts'
import { jobExpressions } from './expression.ts'
import { parseIgnoreRule } from './ignore-rules.ts'
import {
  DEFAULT_WEIGHT,
  type Job,
  MAX_EXPORT_BYTES,
  MAX_SPEC_BYTES,
  MODES,
  SINCE_LAST,
  SYMLINKS,
  THROUGH,
} from './job.ts'
import {
  readAddresses,
  readDirectoryRules,
  readExportPath,
  readJobList,
  readLabel,
  readPaths,
  readPatterns,
  readTexts,
  readTime,
} from './job-fields.ts'
import { fieldReader } from './job-reader.ts'
import { toWire, wireBytes } from './text.ts'
import { readObject, writeMessage } from './validate.ts'

export interface ReadJob {
  readonly job: Job
  /** What was odd but did no harm, a sentence each. */
  readonly warnings: string[]
}

export interface ParseJobOptions {
  /** Refuse unknown keys instead of warning of them. Default false. */
  readonly strict?: boolean | undefined
}

/**
 * Reads a job as people type it: keys in any case, lists absent or `null`, unknown keys kept as warnings. Throws
 * `JOB_INVALID` with all problems at once.
 */
export function parseJob(fields: Readonly<Record<string, unknown>>, options: ParseJobOptions = {}): ReadJob {
  const read = fieldReader(fields)
  const compileExpression = jobExpressions()
  const list = readJobList(read, 'ListId', 'ListChunks', 'ListPaths')
  const ceiling = (key: string): number | undefined => read.whole(key, {}) || undefined
  const job = withoutUndefined({
    addresses: readAddresses(read, 'WarmTargetMountAddresses'),
    exportPath: readExportPath(read, 'WarmTargetExportPath', MAX_EXPORT_BYTES),
    paths: readPaths(read, 'WarmTargetPath', 'WarmTargetPaths', { mayBeNone: list !== undefined }),
    list,
    include: readPatterns(read, 'InclusionList'),
    exclude: readPatterns(read, 'ExclusionList'),
    excludeDirectories: readPatterns(read, 'ExcludeDirectories', 'directory'),
    ignoreRules: readTexts(read, 'IgnoreRules', parseIgnoreRule),
    includeExpressions: readTexts(read, 'IncludeExpressions', compileExpression),
    excludeExpressions: readTexts(read, 'ExcludeExpressions', compileExpression),
    directoryRules: readDirectoryRules(read, 'DirectoryRules', compileExpression),
    minFileSizeBytes: read.whole('MinFileSizeBytes', {}) ?? 0,
    maxFileSizeBytes: read.whole('MaxFileSizeBytes', {}) ?? 0,
    modifiedSince: readTime(read, 'ModifiedSince'),
    headBytes: read.whole('HeadBytes', { min: 1 }),
    through: read.choice('Through', THROUGH) ?? 'each',
    mode: read.choice('Mode', MODES) ?? 'data',
    symlinks: read.choice('Symlinks', SYMLINKS) ?? 'none',
    readSnapshots: read.flag('ReadSnapshots') || undefined,
    allowEmpty: read.flag('AllowEmpty') || undefined,
    jobId: readLabel(read, 'JobId'),
    weight: read.whole('Weight', { min: 1, max: 100 }) ?? DEFAULT_WEIGHT,
    maxBytesPerSecond: ceiling('MaxBytesPerSecond'),
    maxRequestsPerSecond: ceiling('MaxRequestsPerSecond'),
    maxWorkers: ceiling('MaxWorkers'),
  })
  if (job.maxFileSizeBytes !== 0 && job.minFileSizeBytes > job.maxFileSizeBytes) {
    read.refuse('MinFileSizeBytes', 'no more than MaxFileSizeBytes')
  }
  if (job.modifiedSince === SINCE_LAST && list !== undefined) {
    read.refuse('ModifiedSince', 'a time where there is a list: nobody knows what was in the last one')
  }
  read.finish(options.strict === true ? 'refuse' : 'warn')
  const problems = [...read.problems, ...specProblems(job)]
  if (problems.length > 0) throw new CoreError('JOB_INVALID', problems)
  return { job, warnings: read.warnings }
}

/** As `parseJob`, from a message, plain or in base64. Throws `JOB_INVALID`, or `TOO_LARGE` beyond 64 KiB. */
export const decodeJob = (text: string): ReadJob => parseJob(readObject(text, 'JOB_INVALID'))

/**
 * A job from its normalized fields; what is left out gets its default. Refuses unknown fields and all that `parseJob`
 * refuses.
 */
export function makeJob(given: Partial<Job> & Pick<Job, 'addresses' | 'exportPath' | 'paths'>): ReadJob {
  return parseJob(jobFields(given), { strict: true })
}

/**
 * The message of a job: the original's keys in its spelling and order, then ours where they are not default. Throws
 * `TOO_LARGE` when the job can't be carried by a status message.
 */
export function encodeJob(job: Job): string {
  const problems = specProblems(job)
  if (problems.length > 0) throw new CoreError('TOO_LARGE', problems)
  return writeMessage(jobFields(job))
}

const unless = <T>(isDefault: boolean, value: T): T | undefined => (isDefault ? undefined : value)

const orNone = <T>(list: readonly T[] | undefined): readonly T[] | undefined => (list?.length === 0 ? undefined : list)

/** The keys of a message; those that are undefined are not written. */
function jobFields(job: Partial<Job> & Pick<Job, 'addresses' | 'exportPath' | 'paths'>): Record<string, unknown> {
  const [path, ...morePaths] = job.paths
  return {
    WarmTargetMountAddresses: job.addresses,
    WarmTargetExportPath: job.exportPath,
    WarmTargetPath: path,
    InclusionList: job.include ?? [],
    ExclusionList: job.exclude ?? [],
    MaxFileSizeBytes: job.maxFileSizeBytes ?? 0,
    JobId: job.jobId,
    WarmTargetPaths: unless(morePaths.length === 0, morePaths),
    HeadBytes: job.headBytes,
    Through: unless(job.through === 'each', job.through),
    Mode: unless(job.mode === 'data', job.mode),
    MinFileSizeBytes: unless(job.minFileSizeBytes === 0, job.minFileSizeBytes),
    ModifiedSince: job.modifiedSince,
    ExcludeDirectories: unless(job.excludeDirectories?.length === 0, job.excludeDirectories),
    IgnoreRules: orNone(job.ignoreRules),
    IncludeExpressions: orNone(job.includeExpressions),
    ExcludeExpressions: orNone(job.excludeExpressions),
    DirectoryRules: orNone(job.directoryRules)?.map(({ path: Path, include, exclude }) => ({
      Path,
      Include: orNone(include),
      Exclude: orNone(exclude),
    })),
    ListId: job.list?.id,
    ListChunks: job.list?.chunks,
    ListPaths: job.list?.paths,
    ReadSnapshots: job.readSnapshots,
    AllowEmpty: job.allowEmpty,
    Symlinks: unless(job.symlinks === 'none', job.symlinks),
    Weight: unless(job.weight === DEFAULT_WEIGHT, job.weight),
    MaxBytesPerSecond: job.maxBytesPerSecond,
    MaxRequestsPerSecond: job.maxRequestsPerSecond,
    MaxWorkers: job.maxWorkers,
  }
}

function specProblems(job: Job) {
  const bytes = wireBytes(toWire(job))
  if (bytes <= MAX_SPEC_BYTES) return []
  const advice = `at most ${MAX_SPEC_BYTES} bytes in all: shorten the lists, or submit several jobs`
  return [problem('job', `${bytes} bytes`, advice)]
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

const withoutUndefined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Defined<T>
