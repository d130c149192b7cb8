import { Type } from 'typebox'
import { RUN_PATTERN } from './ids.ts'
import { DEFAULT_WEIGHT, MAX_ADDRESSES, MODES, SYMLINKS, THROUGH } from './job.ts'
import { strict, Whole } from './validate.ts'

const list = (description: string) =>
  Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()], { description }))
const whole = (description: string, minimum = 0) => Type.Optional(Whole(description, minimum))

/**
 * A job as people write it, in its proper spelling: what editors and other programs check against. Reading is more
 * forgiving (`parseJob`), and says what a schema can't.
 */
export const JobMessage = Type.Object(
  {
    WarmTargetMountAddresses: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      maxItems: MAX_ADDRESSES,
      description: 'IP addresses or host names that serve the export.',
    }),
    WarmTargetExportPath: Type.String({ pattern: '^/', description: 'The export.' }),
    WarmTargetPath: Type.Optional(
      Type.String({
        description: 'What to warm, within the export. "/": all of it. May be absent where there is a list.',
      }),
    ),
    InclusionList: list('Files to read, by name (*.exr) or path (/scene1/**). Empty: all.'),
    ExclusionList: list('Files to leave out, by name or path. Goes before InclusionList.'),
    MaxFileSizeBytes: whole('Larger files are left out. 0: no limit.'),
    JobId: Type.Optional(Type.String({ maxLength: 128, description: 'A label to find the job by.' })),
    WarmTargetPaths: list('Further paths to warm.'),
    HeadBytes: whole('Read only so many bytes of each file. Absent: whole files.', 1),
    Through: Type.Optional(
      Type.Enum([...THROUGH], {
        description: 'each: every file through every address. spread: through one, chosen by hash. Default: each.',
      }),
    ),
    Mode: Type.Optional(
      Type.Enum([...MODES], {
        description: 'data: read files. metadata: list only. estimate: list and add up sizes. Default: data.',
      }),
    ),
    MinFileSizeBytes: whole('Smaller files are left out.'),
    ModifiedSince: Type.Optional(
      Type.String({
        description:
          'ISO 8601 with zone (2026-01-31T08:00:00Z): files that changed before are left out. "last": since the last warm-up of the same job.',
      }),
    ),
    ExcludeDirectories: list('Directories not to enter, by name or path.'),
    IgnoreRules: list('Lines of a rule file, as gitignore(5) has them: what matches is left out.'),
    IncludeExpressions: list('Regular expressions (RE2): files to read, by name, or by path where there is a "/".'),
    ExcludeExpressions: list('Regular expressions (RE2): files to leave out.'),
    DirectoryRules: Type.Optional(
      Type.Array(
        Type.Object(
          {
            Path: Type.String({ minLength: 1, description: 'A directory within the export.' }),
            Include: list('Regular expressions (RE2): files to read of it. Go before ExcludeExpressions.'),
            Exclude: list('Regular expressions (RE2): files to leave out of it. Go before everything else.'),
          },
          strict,
        ),
        { description: 'Rules of single directories; of those in one another the innermost counts.' },
      ),
    ),
    ListId: Type.Optional(
      Type.String({
        pattern: RUN_PATTERN,
        description: 'A list of paths to warm first, in the queue <prefix>list-<id>.',
      }),
    ),
    ListChunks: whole('How many messages the list has.', 1),
    ListPaths: whole('How many paths the list has.'),
    Symlinks: Type.Optional(
      Type.Enum([...SYMLINKS], { description: 'Symbolic links to follow: none, to files, all. Default: none.' }),
    ),
    ReadSnapshots: Type.Optional(
      Type.Boolean({
        description: 'true: directories of snapshots, such as .snapshot, are read as well. Absent: they are left out.',
      }),
    ),
    AllowEmpty: Type.Optional(
      Type.Boolean({
        description:
          'true: a run that finds no file to warm ends as warmed, with exit code 0. Absent: it ends as "nothing matched".',
      }),
    ),
    Weight: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, description: `Share among the runs. Default: ${DEFAULT_WEIGHT}.` }),
    ),
    MaxBytesPerSecond: whole('Ceiling of the whole run. 0: none.'),
    MaxRequestsPerSecond: whole('Ceiling of the whole run. 0: none.'),
    MaxWorkers: whole('Most workers at once. 0: no limit.'),
  },
  { ...strict, title: 'Job', description: 'What a person submits to have a cache warmed.' },
)
