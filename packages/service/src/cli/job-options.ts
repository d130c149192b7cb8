import { InvalidArgumentError, Option } from '@commander-js/extra-typings'

/** Comma-separated as the original has it (blanks around a value don't count), and the option may be repeated. */
export const csv = (text: string, before: readonly string[] = []): string[] => [
  ...before,
  ...text
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== ''),
]

/** One value each time the option is given: a path may hold commas. */
export const repeated = (text: string, before: readonly string[] = []): string[] => [...before, text]

/** Decimal digits alone: `Number` would take '', '0x10', '1e3' and ' 1 ' as well. */
export function whole(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('Expected a whole number, 0 or more.')
  return value
}

/** A ceiling: a whole number of at least 1. */
export const ceiling = (text: string): number => atLeastOne(text, '1 or more')

/** As `ceiling`, or `none`, which lifts it. */
export const ceilingOrNone = (text: string): number | 'none' =>
  text === 'none' ? text : atLeastOne(text, '1 or more, or none')

function atLeastOne(text: string, expected: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError(`Expected a whole number, ${expected}.`)
  return value
}

/** The options that describe a job. */
export const jobOptions = {
  addresses: new Option('--addresses <list>', 'mount addresses, comma-separated; repeatable').argParser(csv),
  export: new Option('--export <path>', 'export to warm, as every one of the addresses serves it'),
  path: new Option('--path <path>', 'what to warm within the export, "/" for all of it; repeatable').argParser(
    repeated,
  ),
  include: new Option(
    '--include <patterns>',
    'warm only files that match one, as *.exr,shot-??/*; repeatable',
  ).argParser(csv),
  exclude: new Option('--exclude <patterns>', 'leave out files that match one; repeatable').argParser(csv),
  excludeDirectories: new Option(
    '--exclude-directories <patterns>',
    'leave out directories that match one, with all in them; repeatable',
  ).argParser(csv),
  maxFileSize: new Option('--max-file-size-bytes <n>', 'leave out larger files; 0: no limit').argParser(whole),
  minFileSize: new Option('--min-file-size-bytes <n>', 'leave out smaller files').argParser(whole),
  modifiedSince: new Option(
    '--modified-since <time>',
    'leave out older files; as 2026-01-31T08:00:00Z, or "last": since the last complete warm-up of the same job',
  ),
  filesFrom: new Option(
    '--files-from <file>',
    'warm the paths in this file first, one a line, "-" for standard input; one that ends with "/" with all below it. Without --path nothing else is warmed',
  ),
  nul: new Option('--null', 'the paths of --files-from end with NUL, as find -print0 writes them'),
  rules: new Option(
    '--rules <file>',
    'leave out what a rule file says, in the syntax of .gitignore, from the root of the export',
  ),
  manifest: new Option(
    '--manifest <file>',
    'take files, directories, rules and settings from a priming manifest of Azure HPC Cache; options replace its settings',
  ),
  headBytes: new Option('--head-bytes <n>', 'read only the first bytes of each file; else all of it').argParser(whole),
  through: new Option(
    '--through <how>',
    'each: every file through every address (default); spread: every file through one of them, enough where the nodes of a cache share what they hold',
  ),
  mode: new Option(
    '--mode <mode>',
    'data: read the files (default); metadata: listings and attributes through each address, no data; estimate: files, sizes, and how long warming would take',
  ),
  symlinks: new Option('--symlinks <which>', 'follow symbolic links: none (default), files, all'),
  readSnapshots: new Option(
    '--read-snapshots',
    'read directories of snapshots, such as .snapshot and .zfs, as well; else they are left out',
  ),
  allowEmpty: new Option(
    '--allow-empty',
    'finding no file to warm is no mistake; else the job ends as "nothing matched", with exit code 4',
  ),
  jobId: new Option('--job-id <label>', 'what the job goes by; else it gets a label of its own'),
  weight: new Option('--weight <1-100>', 'share of the workers, next to other jobs; else 10').argParser(whole),
  maxBytesPerSecond: new Option('--max-bytes-per-second <n>', 'for the whole job; else no ceiling').argParser(ceiling),
  maxRequestsPerSecond: new Option('--max-requests-per-second <n>', 'to the filer, for the whole job').argParser(
    ceiling,
  ),
  maxWorkers: new Option('--max-workers <n>', 'workers at once').argParser(ceiling),
  file: new Option('--job <file>', 'take the job from a JSON file, "-" for standard input; options replace its fields'),
}

/** What `jobOptions` gives. */
export interface JobSettings {
  addresses?: string[] | undefined
  export?: string | undefined
  path?: string[] | undefined
  include?: string[] | undefined
  exclude?: string[] | undefined
  excludeDirectories?: string[] | undefined
  maxFileSizeBytes?: number | undefined
  minFileSizeBytes?: number | undefined
  modifiedSince?: string | undefined
  headBytes?: number | undefined
  through?: string | undefined
  mode?: string | undefined
  symlinks?: string | undefined
  readSnapshots?: true | undefined
  allowEmpty?: true | undefined
  jobId?: string | undefined
  weight?: number | undefined
  maxBytesPerSecond?: number | undefined
  maxRequestsPerSecond?: number | undefined
  maxWorkers?: number | undefined
  job?: string | undefined
  filesFrom?: string | undefined
  null?: true | undefined
  rules?: string | undefined
  manifest?: string | undefined
}

/** The message's field that each option gives. */
export const fieldOfOption = {
  addresses: 'WarmTargetMountAddresses',
  export: 'WarmTargetExportPath',
  include: 'InclusionList',
  exclude: 'ExclusionList',
  excludeDirectories: 'ExcludeDirectories',
  maxFileSizeBytes: 'MaxFileSizeBytes',
  minFileSizeBytes: 'MinFileSizeBytes',
  modifiedSince: 'ModifiedSince',
  headBytes: 'HeadBytes',
  through: 'Through',
  mode: 'Mode',
  symlinks: 'Symlinks',
  readSnapshots: 'ReadSnapshots',
  allowEmpty: 'AllowEmpty',
  jobId: 'JobId',
  weight: 'Weight',
  maxBytesPerSecond: 'MaxBytesPerSecond',
  maxRequestsPerSecond: 'MaxRequestsPerSecond',
  maxWorkers: 'MaxWorkers',
} as const satisfies Partial<Record<keyof JobSettings, string>>
