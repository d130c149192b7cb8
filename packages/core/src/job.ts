import { type Static, Type } from 'typebox'
import { Path } from './item.ts'
import { JobList } from './list-chunk.ts'
import { strict, Whole } from './validate.ts'

export const MAX_ADDRESSES = 64
export const MAX_EXPORT_BYTES = 1_024
export const DEFAULT_WEIGHT = 10
/** What a job may take up in the status message of its run, in bytes. */
export const MAX_SPEC_BYTES = 16_384

export const THROUGH = ['each', 'spread'] as const
export const MODES = ['data', 'metadata', 'estimate'] as const
export const SYMLINKS = ['none', 'files', 'all'] as const

/** The time of a job's last warm-up, which the manager puts in place of this word. */
export const SINCE_LAST = 'last'

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

const Patterns = (description: string) => Type.Array(Type.String({ minLength: 1 }), { description })

export const Job = Type.Object(
  {
    addresses: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), { minItems: 1, maxItems: MAX_ADDRESSES }),
    exportPath: Path,
    paths: Type.Array(Path, { description: 'Within the export; none lies inside another. None where a list has all.' }),
    list: Type.Optional(JobList),
    include: Patterns('Files to read, by name or path. Empty: all.'),
    exclude: Patterns('Files to leave out, by name or path.'),
    excludeDirectories: Patterns('Directories not to enter, by name or path.'),
    ignoreRules: Type.Optional(Patterns('Lines of a rule file, as gitignore(5) has them: what matches is left out.')),
    includeExpressions: Type.Optional(Patterns('Regular expressions: files to read. Empty: all.')),
    excludeExpressions: Type.Optional(Patterns('Regular expressions: files to leave out.')),
    directoryRules: Type.Optional(Type.Array(DirectoryRule)),
    minFileSizeBytes: Whole('Smaller files are left out.'),
    maxFileSizeBytes: Whole('Larger files are left out. 0: no limit.'),
    modifiedSince: Type.Optional(
      Type.String({ description: 'ISO 8601 with zone, or "last": older files are left out.' }),
    ),
    headBytes: Type.Optional(Whole('Bytes to read of each file. Absent: all.', 1)),
    through: Type.Enum([...THROUGH], {
      description: 'each: every file through every address. spread: through one, chosen by hash.',
    }),
    mode: Type.Enum([...MODES], {
      description: 'data: read files. metadata: list only. estimate: list and add up sizes.',
    }),
    symlinks: Type.Enum([...SYMLINKS], { description: 'Which symbolic links are followed.' }),
    allowEmpty: Type.Optional(
      Type.Literal(true, { description: 'A run that finds no file ends as warmed. Absent: as "nothing matched".' }),
    ),
    readSnapshots: Type.Optional(
      Type.Literal(true, { description: 'Directories of snapshots, such as .snapshot, are read as well.' }),
    ),
    jobId: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'A label.' })),
    weight: Type.Integer({ minimum: 1, maximum: 100, description: 'Share of the workers among the runs.' }),
    maxBytesPerSecond: Type.Optional(Whole('Ceiling of the whole run.', 1)),
    maxRequestsPerSecond: Type.Optional(Whole('Ceiling of the whole run.', 1)),
    maxWorkers: Type.Optional(Whole('Most workers at once.', 1)),
  },
  { ...strict, title: 'Job', description: 'A job with every default filled in.' },
)
/** A job with every default filled in and every value checked. */
export type Job = Static<typeof Job>
