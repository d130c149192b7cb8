import { type Static, type TSchema, Type } from 'typebox'
import { parseIgnoreRule } from '../filters/filter.ts'
import { Path } from '../messages/item.ts'
import { JobList } from '../messages/list.ts'
import { runPattern } from '../names/names.ts'
import { strict, Whole } from '../wire/validate.ts'
import {
  ceiling,
  choice,
  type Decides,
  flag,
  type JobCommand,
  type JobField,
  type JobOption,
  lines,
  optionalText,
  patterns,
  textList,
  traitsOf,
  under,
  whole,
} from './field.ts'
import {
  readAddresses,
  readDirectoryRules,
  readExportPath,
  readJobList,
  readLabel,
  readPaths,
  readTime,
} from './reader.ts'

/*
 * The fields of a job, each stated once: its key in a message, its schema, how it is read, its default, its option on a
 * command line, and what it means. Parser, encoder, schemas, command lines and the documents' table are made from this.
 */

export const maxAddresses = 64
export const maxExportBytes = 1_024
export const defaultWeight = 10
/** What a job may take up in the status message of its run, in bytes. */
export const maxSpecBytes = 16_384

/** The time of a job's last warm-up, which the manager puts in place of this word. */
export const sinceLast = 'last'

export const DirectoryRule = Type.Object(
  {
    path: Path,
    include: Type.Array(Type.String({ minLength: 1 })),
    exclude: Type.Array(Type.String({ minLength: 1 })),
  },
  { ...strict, description: 'Regular expressions for the files of a directory and of all below it.' },
)
/** Regular expressions for the files of a directory and of all below it. */
export type DirectoryRule = Static<typeof DirectoryRule>

const optionalRules = Type.Optional(Type.Array(DirectoryRule))
const directoryRules: JobField<typeof optionalRules> = {
  ...traitsOf(),
  schema: optionalRules,
  keys: {
    DirectoryRules: Type.Optional(
      Type.Array(
        Type.Object(
          {
            Path: Type.String({ minLength: 1, description: 'A directory within the export.' }),
            Include: textList('Regular expressions (RE2): files to read of it. Go before ExcludeExpressions.'),
            Exclude: textList('Regular expressions (RE2): files to leave out of it. Go before everything else.'),
          },
          strict,
        ),
        { description: 'Rules of single directories; of those in one another the innermost counts.' },
      ),
    ),
  },
  option: undefined,
  read: (from, compileExpression) => readDirectoryRules(from, 'DirectoryRules', compileExpression),
  write: (rules) => ({
    DirectoryRules: orNone(rules)?.map(({ path: Path, include, exclude }) => ({
      Path,
      Include: orNone(include),
      Exclude: orNone(exclude),
    })),
  }),
}

const orNone = <T>(list: readonly T[] | undefined): readonly T[] | undefined => (list?.length === 0 ? undefined : list)

const Paths = Type.Array(Path, {
  description: 'Within the export; none lies inside another. None where a list has all.',
})
/** The original has one path; further ones have a key of their own. */
const paths: JobField<typeof Paths> = {
  ...traitsOf({ also: ['verify'] }),
  schema: Paths,
  keys: {
    WarmTargetPath: Type.Optional(
      Type.String({
        description: 'Path to warm, within the export. "/": all of it. May be absent where there is a list.',
      }),
    ),
    WarmTargetPaths: textList('Further paths to warm.'),
  },
  option: {
    flags: '--path <path>',
    help: 'what to warm within the export, "/" for all of it; repeatable',
    takes: 'repeated',
  },
  read: (from) =>
    readPaths(from, 'WarmTargetPath', 'WarmTargetPaths', { mayBeNone: from.text('ListId') !== undefined }),
  write: ([first, ...more] = []) => ({ WarmTargetPath: first, WarmTargetPaths: orNone(more) }),
}

const OptionalList = Type.Optional(JobList)
const list: JobField<typeof OptionalList> = {
  ...traitsOf(),
  schema: OptionalList,
  keys: {
    ListId: Type.Optional(
      Type.String({
        pattern: runPattern,
        description: 'A list of paths to warm first, in the queue <prefix>list-<id>.',
      }),
    ),
    ListChunks: Type.Optional(Whole('How many messages the list has.', 1)),
    ListPaths: Type.Optional(Whole('How many paths the list has.')),
  },
  option: undefined,
  read: (from) => readJobList(from, 'ListId', 'ListChunks', 'ListPaths'),
  write: (value) => ({ ListId: value?.id, ListChunks: value?.chunks, ListPaths: value?.paths }),
}

/** In the order of a job's properties, and of the options in a help text. */
export const jobFields = {
  addresses: under('WarmTargetMountAddresses', {
    schema: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), { minItems: 1, maxItems: maxAddresses }),
    message: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      maxItems: maxAddresses,
      description: 'IP addresses or host names that serve the export.',
    }),
    read: (from, key) => readAddresses(from, key, maxAddresses),
    always: true,
    decides: 'addresses',
    also: ['verify'],
    takes: 'csv',
    option: ['--addresses <list>', 'mount addresses, comma-separated; repeatable'],
  }),
  keepNames: flag(
    'KeepNames',
    'true: a host name is one address, which each worker resolves. Absent: the manager reads through each address that a name has.',
    ['--no-resolve', 'take a host name for one address; else the job reads through each address that the name has'],
    { decides: 'addresses' },
  ),
  exportPath: under('WarmTargetExportPath', {
    schema: Path,
    message: Type.String({ pattern: '^/', description: 'The export.' }),
    read: (from, key) => readExportPath(from, key, maxExportBytes),
    always: true,
    also: ['verify'],
    takes: 'text',
    option: ['--export <path>', 'export to warm, as every one of the addresses serves it'],
  }),
  paths,
  list,
  include: patterns(
    'InclusionList',
    'Files to read, by name (*.exr) or path (/scene1/**). Empty: all.',
    ['--include <patterns>', 'warm only files that match one, as *.exr,shot-??/*; repeatable'],
    { always: true, also: ['warm', 'verify'] },
  ),
  exclude: patterns(
    'ExclusionList',
    'Files to leave out, by name or path. Goes before InclusionList.',
    ['--exclude <patterns>', 'leave out files that match one; repeatable'],
    { always: true, also: ['warm', 'verify'] },
  ),
  excludeDirectories: patterns(
    'ExcludeDirectories',
    'Directories not to enter, by name or path.',
    ['--exclude-directories <patterns>', 'leave out directories that match one, with all in them; repeatable'],
    { target: 'directory', also: ['verify'] },
  ),
  ignoreRules: lines(
    'IgnoreRules',
    'Lines of a rule file, as gitignore(5) has them: what matches is left out.',
    parseIgnoreRule,
  ),
  includeExpressions: lines(
    'IncludeExpressions',
    'Regular expressions (RE2): files to read, by name, or by path where there is a "/".',
  ),
  excludeExpressions: lines('ExcludeExpressions', 'Regular expressions (RE2): files to leave out.'),
  directoryRules,
  minFileSizeBytes: whole(
    'MinFileSizeBytes',
    'Smaller files are left out.',
    ['--min-file-size-bytes <n>', 'leave out smaller files'],
    { default: 0, also: ['verify'] },
  ),
  maxFileSizeBytes: whole(
    'MaxFileSizeBytes',
    'Larger files are left out. 0: no limit.',
    ['--max-file-size-bytes <n>', 'leave out larger files; 0: no limit'],
    { default: 0, always: true, also: ['warm', 'verify'] },
  ),
  modifiedSince: optionalText(
    'ModifiedSince',
    'ISO 8601 with zone (2026-01-31T08:00:00Z): files that changed before are left out. "last": since the last warm-up of the same job.',
    { also: ['verify'] },
    readTime,
    [
      '--modified-since <time>',
      'leave out older files; as 2026-01-31T08:00:00Z, or "last": since the last complete warm-up of the same job',
    ],
  ),
  headBytes: under('HeadBytes', {
    schema: Type.Optional(Whole('Bytes to read of each file. Absent: all.', 1)),
    message: Type.Optional(Whole('Bytes to read of each file. Absent: all.', 1)),
    read: (from, key) => from.whole(key, { min: 1 }),
    also: ['warm'],
    takes: 'whole',
    option: ['--head-bytes <n>', 'read only the first bytes of each file; else all of it'],
  }),
  through: choice(
    'Through',
    ['each', 'spread'],
    'each: every file through every address. spread: through one, chosen by hash. Default: each.',
    [
      '--through <how>',
      'each: every file through every address (default); spread: every file through one of them, enough where the nodes of a cache share what they hold',
    ],
    { decides: 'addresses' },
  ),
  mode: choice(
    'Mode',
    ['data', 'metadata', 'estimate'],
    'data: read files. metadata: list only. estimate: list and add up sizes. Default: data.',
    [
      '--mode <mode>',
      'data: read the files (default); metadata: listings and attributes through each address, no data; estimate: files, sizes, and how long warming would take',
    ],
    { also: ['warm'] },
  ),
  symlinks: choice(
    'Symlinks',
    ['none', 'files', 'all'],
    'Symbolic links to follow: none, to files, all. Default: none.',
    ['--symlinks <which>', 'follow symbolic links: none (default), files, all'],
  ),
  readSnapshots: flag(
    'ReadSnapshots',
    'true: directories of snapshots, such as .snapshot, are read as well. Absent: they are left out.',
    ['--read-snapshots', 'read directories of snapshots, such as .snapshot and .zfs, as well; else they are left out'],
    { also: ['warm'] },
  ),
  allowEmpty: flag(
    'AllowEmpty',
    'true: a run that finds no file to warm ends as warmed, with exit code 0. Absent: it ends as "nothing matched".',
    [
      '--allow-empty',
      'finding no file to warm is no mistake; else the job ends as "nothing matched", with exit code 4',
    ],
    { decides: 'nothing read', also: ['warm'] },
  ),
  jobId: optionalText('JobId', 'A label to find the job by.', { maxLength: 128, decides: 'nothing read' }, readLabel, [
    '--job-id <label>',
    'label to find the job by; else it gets one of its own',
  ]),
  weight: whole(
    'Weight',
    'Share of the workers among the runs. Default: 10.',
    ['--weight <1-100>', 'share of the workers, next to other jobs; else 10'],
    { min: 1, max: 100, default: defaultWeight, decides: 'nothing read' },
  ),
  maxBytesPerSecond: ceiling(
    'MaxBytesPerSecond',
    'Ceiling of the whole run, in bytes read per second. 0 or absent: none.',
    ['--max-bytes-per-second <n>', 'for the whole job; else no ceiling'],
  ),
  maxRequestsPerSecond: ceiling(
    'MaxRequestsPerSecond',
    'Ceiling of the whole run, in requests per second. 0 or absent: none.',
    ['--max-requests-per-second <n>', 'to the filer, for the whole job'],
  ),
  maxWorkers: ceiling('MaxWorkers', 'Most workers at once. 0 or absent: no limit.', [
    '--max-workers <n>',
    'workers at once',
  ]),
}

type Fields = typeof jobFields

const properties = Object.fromEntries(Object.entries(jobFields).map(([name, { schema }]) => [name, schema])) as {
  [Name in keyof Fields]: Fields[Name]['schema']
}

export const Job = Type.Object(properties, {
  ...strict,
  title: 'Job',
  description: 'A job with every default filled in.',
})
/** A job with every default filled in and every value checked. */
export type Job = Static<typeof Job>

/** The keys of a message in the order in which they are written, the original's first; a key that is not here follows. */
const messageOrder = [
  'WarmTargetMountAddresses',
  'WarmTargetExportPath',
  'WarmTargetPath',
  'InclusionList',
  'ExclusionList',
  'MaxFileSizeBytes',
  'JobId',
  'WarmTargetPaths',
  'HeadBytes',
  'Through',
  'Mode',
  'MinFileSizeBytes',
  'ModifiedSince',
  'ExcludeDirectories',
  'IgnoreRules',
  'IncludeExpressions',
  'ExcludeExpressions',
  'DirectoryRules',
  'ListId',
  'ListChunks',
  'ListPaths',
  'ReadSnapshots',
  'AllowEmpty',
  'Symlinks',
  'Weight',
]

export const inMessageOrder = <T>(keys: Readonly<Record<string, T>>): Record<string, T> => {
  const known = messageOrder.filter((key) => key in keys)
  return { ...(Object.fromEntries(known.map((key) => [key, keys[key]])) as Record<string, T>), ...keys }
}

/**
 * A job as people write it, in its proper spelling: what editors and other programs check against. Reading is more
 * forgiving (`parseJob`), and says what a schema can't.
 */
export const JobMessage = Type.Object(
  inMessageOrder(Object.assign({}, ...Object.values(jobFields).map(({ keys }) => keys)) as Record<string, TSchema>),
  { ...strict, title: 'Job', description: 'What a person submits to have a cache warmed.' },
)

/** The fields that decide this, in the order of a job's properties. */
export const fieldsThatDecide = (what: Decides): readonly (keyof Job)[] =>
  (Object.keys(jobFields) as (keyof Job)[]).filter((field) => jobFields[field].decides === what)

/** The options of a command line, in the order of a help text, each with the keys of the message that it fills. */
export const jobOptions: readonly (JobOption & {
  readonly field: keyof Job
  readonly keys: readonly string[]
  readonly also: readonly JobCommand[]
})[] = Object.entries(jobFields).flatMap(([field, { option, keys, also }]) =>
  option === undefined ? [] : [{ ...option, field: field as keyof Job, keys: Object.keys(keys), also }],
)
