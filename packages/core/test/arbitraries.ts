import fc from 'fast-check'
import type { Control, Counts, Failure, Item, Job, MountState, Part, ResultMessage, RunStatus } from '../src/index.ts'

/** Random valid messages. Names hold what a filer may give: quotes, line ends, bytes that are not UTF-8. */

const character = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'Z', '0', '.', ' ', '-', '"', '\\', '\n', '<', '&', 'é', '😀') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0xdc80, max: 0xdcff }).map((code) => String.fromCharCode(code)) },
)
export const arbName = fc
  .array(character, { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join('').replace(/[/\0]/g, 'x'))
  .filter((name) => name !== '.' && name !== '..')
export const arbPath = fc.array(arbName, { maxLength: 4 }).map((names) => `/${names.join('/')}`)

/** Any string at all: lone surrogates, control characters. */
export const arbText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) })

const whole = fc.oneof(fc.nat({ max: 9 }), fc.maxSafeNat())
const positive = whole.map((value) => Math.max(1, value))
const milliseconds = fc.double({ min: 0, max: 1e15, noNaN: true }).map((value) => value + 0)
export const arbRun = fc.stringMatching(/^[a-z0-9]{12}$/)
export const arbFamily = fc.stringMatching(/^[a-z0-9-]{1,64}$/)
export const arbItemId = fc.oneof(
  fc.constantFrom('root', 'root-2'),
  fc.tuple(arbFamily, fc.nat()).map(([family, ordinal]) => `${family}.${ordinal % 1e9}`),
)
const worker = fc.stringMatching(/^[ -~]{1,128}$/)

/** Every optional key now and then; none is ever there without a value. */
const record = <T, K extends keyof T>(model: { [P in keyof T]: fc.Arbitrary<T[P]> }, requiredKeys: K[]) =>
  fc.record(model, { requiredKeys, noNullPrototype: true })

export const arbPart: fc.Arbitrary<Part> = fc.oneof(
  fc.record({ kind: fc.constant('tree' as const), path: arbPath }),
  fc.record({ kind: fc.constant('listing' as const), path: arbPath, resume: fc.string() }),
  fc.record({
    kind: fc.constant('files' as const),
    directory: arbPath,
    names: fc.array(arbName, { minLength: 1, maxLength: 8 }),
  }),
  fc.record({
    kind: fc.constant('files' as const),
    directory: arbPath,
    names: fc.array(arbName, { minLength: 1, maxLength: 8 }),
    listed: fc.constant(true as const),
  }),
  record({ kind: fc.constant('range' as const), path: arbPath, offset: whole, length: positive, ordinal: whole }, [
    'kind',
    'path',
    'offset',
    'ordinal',
  ]) as fc.Arbitrary<Part>,
)

export const arbItem: fc.Arbitrary<Item> = fc.record({
  v: fc.constant(1 as const),
  run: arbRun,
  item: arbItemId,
  strikes: whole,
  parts: fc.array(arbPart, { minLength: 1, maxLength: 6 }),
})

const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('cache-1', 'constructor', '/mnt/a b', 'filer.example'))
const code = fc.constantFrom('NOT_FOUND', 'IO', 'ACCESS_DENIED', 'E2BIG')
/** Small enough that a few of them add up to whole numbers. */
const amount = fc.oneof(fc.nat({ max: 9 }), fc.nat({ max: 2 ** 40 }))

const level = fc.record(
  { listed: amount, directories: amount, files: amount, bytes: amount },
  { requiredKeys: ['listed', 'directories', 'files'], noNullPrototype: true },
)

const arbMountCounts = fc.record(
  {
    files: amount,
    bytes: amount,
    failures: amount,
    latencies: fc.dictionary(fc.integer({ min: 0, max: 69 }).map(String), amount, {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  },
  { requiredKeys: ['files', 'bytes', 'failures'] },
)

const arbWhole: fc.Arbitrary<Counts> = record(
  {
    directories: amount,
    files: amount,
    bytes: amount,
    entriesSkipped: amount,
    leftOut: fc.dictionary(
      fc.constantFrom('include', 'size', 'snapshots'),
      amount.map((value) => Math.max(1, value)),
      { noNullPrototype: true },
    ),
    specialSkipped: amount,
    failures: fc.dictionary(
      code,
      amount.map((value) => Math.max(1, value)),
      { noNullPrototype: true },
    ),
    mounts: fc.dictionary(address, arbMountCounts, {
      noNullPrototype: true,
    }),
    levels: fc.dictionary(fc.integer({ min: 0, max: 63 }).map(String), level, { noNullPrototype: true }),
  },
  ['directories', 'files', 'bytes', 'entriesSkipped', 'specialSkipped', 'failures', 'mounts'],
) as fc.Arbitrary<Counts>
const sizeClass = fc.integer({ min: 0, max: 53 }).map(String)
const arbSizes = fc.dictionary(sizeClass, fc.record({ files: amount, bytes: amount }), { noNullPrototype: true })
const arbSample = fc.record({ files: amount, filesMs: amount, bytes: amount, bytesMs: amount })
/** Modes that read no data have sizes as well, and an estimate a sample. */
export const arbCounts: fc.Arbitrary<Counts> = fc.oneof(
  arbWhole,
  fc.tuple(arbWhole, arbSizes, arbSample).map(([counts, sizes, sample]) => ({ ...counts, sizes, sample })),
)

export const arbFailure: fc.Arbitrary<Failure> = record(
  { path: arbPath, address, code, message: fc.string({ unit: 'binary' }) },
  ['path', 'code'],
) as fc.Arbitrary<Failure>

const limitState = {
  inFlight: whole,
  limit: milliseconds,
  p50Ms: milliseconds,
  p99Ms: milliseconds,
  floorMs: milliseconds,
}

export const arbMount: fc.Arbitrary<MountState> = record(
  {
    address,
    state: fc.constantFrom('up' as const, 'down' as const),
    note: fc.string({ unit: 'binary', maxLength: 15 }),
    ...limitState,
    longReads: record(limitState, ['inFlight', 'limit']),
  },
  ['address', 'state', 'inFlight', 'limit'],
) as fc.Arbitrary<MountState>

const done = { counts: arbCounts, bytesArrived: amount, bytesInFlight: amount, frontier: amount }
const arbFile = record({ path: arbPath, bytes: whole, size: whole }, ['path', 'bytes'])
const arbWaiting = record({ ceiling: fc.constant(true as const), addresses: fc.array(address, { maxLength: 3 }) }, [])
const arbHeartbeat = record(
  {
    v: fc.constant(1 as const),
    kind: fc.constant('heartbeat' as const),
    run: arbRun,
    worker,
    revision: whole,
    attempts: fc.array(
      record({ item: arbItemId, attempt: arbFamily, path: arbPath, ...done }, [
        ...(['item', 'attempt', 'counts', 'bytesArrived', 'bytesInFlight', 'frontier'] as const),
      ]),
      { maxLength: 4 },
    ),
    others: fc.record({ items: whole, ...done }),
    limits: fc.array(arbMount, { maxLength: 4 }),
    largest: fc.array(arbFile, { maxLength: 3 }),
    waitsFor: arbWaiting,
  },
  ['v', 'kind', 'run', 'worker', 'revision', 'attempts', 'limits'],
) as fc.Arbitrary<ResultMessage>

const head = { v: fc.constant(1 as const), run: arbRun, item: arbItemId, attempt: arbFamily }
export const arbResult: fc.Arbitrary<ResultMessage> = fc.oneof(
  record(
    {
      ...head,
      kind: fc.constant('result' as const),
      worker,
      outcome: fc.constantFrom('read' as const, 'failed' as const),
      children: fc.array(fc.record({ family: arbFamily, count: fc.integer({ min: 1, max: 1_000 }) }), { maxLength: 4 }),
      failureParts: whole,
      counts: arbCounts,
      error: fc.string({ unit: 'binary' }),
      elapsedMs: milliseconds,
    },
    ['v', 'run', 'item', 'attempt', 'kind', 'worker', 'outcome', 'children', 'failureParts', 'counts', 'elapsedMs'],
  ) as fc.Arbitrary<ResultMessage>,
  fc.record({
    ...head,
    kind: fc.constant('failures' as const),
    part: whole,
    failures: fc.array(arbFailure, { minLength: 1, maxLength: 5 }),
  }),
  arbHeartbeat,
)

const pattern = fc.constantFrom('*.exr', '*', 'a?[b-d]', '/scene1/**', '**/tmp/*', 'é*', '[^<>&]')
const patterns = fc.array(pattern, { maxLength: 3 })
const expression = fc.constantFrom('\\.py$', '^a+$', 'é|😀', '/tmp/')
const hostAddress = fc.oneof(fc.ipV4(), fc.constantFrom('::1', 'fd00::1', 'cache-1', 'filer.example.com'))
/** None lies inside another. */
const paths = fc.oneof(
  fc.constant(['/']),
  fc.uniqueArray(arbName, { minLength: 1, maxLength: 4 }).map((names) => names.map((name) => `/${name}`)),
)

export const arbJob: fc.Arbitrary<Job> = record(
  {
    addresses: fc.uniqueArray(hostAddress, { minLength: 1, maxLength: 5 }),
    keepNames: fc.constant(true as const),
    exportPath: arbPath,
    paths,
    include: patterns,
    exclude: patterns,
    excludeDirectories: patterns,
    ignoreRules: fc.array(fc.constantFrom('*.bak', '!keep', '/a/**', 'é/'), { minLength: 1, maxLength: 3 }),
    includeExpressions: fc.array(expression, { minLength: 1, maxLength: 2 }),
    excludeExpressions: fc.array(expression, { minLength: 1, maxLength: 2 }),
    directoryRules: fc.array(
      fc.record({
        path: arbPath,
        include: fc.array(expression, { maxLength: 2 }),
        exclude: fc.array(expression, { maxLength: 2 }),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    list: fc.record({ id: arbRun, chunks: fc.integer({ min: 1, max: 1_000_000 }), paths: fc.nat() }),
    minFileSizeBytes: fc.nat(),
    maxFileSizeBytes: fc.oneof(fc.constant(0), fc.integer({ min: 2 ** 31, max: Number.MAX_SAFE_INTEGER })),
    modifiedSince: fc.constantFrom('2026-01-31T08:00:00Z', '2024-02-29T23:59+14:00', '1999-12-31T23:59:59.999-08:00'),
    headBytes: positive,
    through: fc.constantFrom('each' as const, 'spread' as const),
    mode: fc.constantFrom('data' as const, 'metadata' as const, 'estimate' as const),
    symlinks: fc.constantFrom('none' as const, 'files' as const, 'all' as const),
    jobId: fc.constantFrom('nightly', 'é 😀 <label>', 'x'.repeat(128)),
    weight: fc.integer({ min: 1, max: 100 }),
    maxBytesPerSecond: positive,
    maxRequestsPerSecond: positive,
    maxWorkers: positive,
  },
  [
    'addresses',
    'exportPath',
    'paths',
    'include',
    'exclude',
    'excludeDirectories',
    'minFileSizeBytes',
    'maxFileSizeBytes',
    'through',
    'mode',
    'symlinks',
    'weight',
  ],
) as fc.Arbitrary<Job>

const ceilings = record({ maxBytesPerSecond: positive, maxRequestsPerSecond: positive, maxWorkers: positive }, [])

export const arbControl: fc.Arbitrary<Control> = fc.oneof(
  fc.record({
    v: fc.constant(1 as const),
    command: fc.constantFrom('cancel' as const, 'pause' as const, 'resume' as const),
    target: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 64 }),
  }),
  record(
    {
      v: fc.constant(1 as const),
      command: fc.constant('change' as const),
      target: arbRun,
      ceilings: record({ maxBytesPerSecond: whole, maxRequestsPerSecond: whole, maxWorkers: whole }, []),
      weight: fc.integer({ min: 1, max: 100 }),
    },
    ['v', 'command', 'target', 'weight'],
  ) as fc.Arbitrary<Control>,
)

export const arbStatus: fc.Arbitrary<RunStatus> = record(
  {
    v: fc.constant(1 as const),
    run: arbRun,
    label: fc.string({ unit: 'binary', maxLength: 100 }),
    jobMessageId: fc.string({ maxLength: 200 }),
    jobInsertedAtMs: milliseconds,
    job: fc.option(arbJob),
    hosts: fc.array(fc.record({ name: address, addresses: fc.array(address, { maxLength: 3 }) }), { maxLength: 3 }),
    state: fc.constantFrom('running' as const, 'paused' as const, 'ended' as const),
    outcome: fc.constantFrom('warmed' as const, 'completed with failures' as const, 'cancelled' as const),
    revision: whole,
    ceilings,
    weight: fc.integer({ min: 1, max: 100 }),
    admitted: fc.array(worker, { maxLength: 4 }),
    progress: record(
      {
        counts: arbCounts,
        items: fc.record({ announced: whole, done: whole }),
        workers: whole,
        ratesPerSecond: fc.record({ files: milliseconds, bytes: milliseconds }),
        elapsedMs: milliseconds,
        expected: fc.record({
          files: whole,
          bytes: whole,
          share: fc.double({ min: 0, max: 1, noNaN: true }),
          from: fc.constantFrom('walk', 'earlier run'),
        }),
        timeLeftMs: milliseconds,
        bytesInFlight: whole,
        largest: fc.array(arbFile, { maxLength: 3 }),
        waitsFor: arbWaiting,
      },
      ['counts', 'items', 'workers', 'ratesPerSecond', 'elapsedMs'],
    ),
    failures: fc.array(arbFailure, { maxLength: 4 }),
    warnings: fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 }),
    problem: fc.string({ unit: 'binary' }),
    fleet: record(
      {
        kind: fc.constantFrom('local', 'vmss', 'none'),
        wanted: whole,
        running: whole,
        size: fc.string({ maxLength: 128 }),
        priority: fc.constantFrom('spot', 'regular'),
        machineHours: milliseconds,
        cost: fc.record({ dollars: milliseconds, basis: fc.constantFrom('price', 'limit') }),
        problem: fc.string({ unit: 'binary' }),
        notes: fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 }),
      },
      ['kind', 'wanted', 'running', 'notes'],
    ),
    mounts: fc.array(arbMount, { maxLength: 4 }),
    sampleFiles: whole,
    estimate: record(
      {
        elapsedMs: milliseconds,
        machineHours: milliseconds,
        dollars: milliseconds,
        basis: fc.constantFrom('earlier run' as const, 'sample' as const),
        assumptions: fc.array(fc.string(), { maxLength: 3 }),
      },
      ['elapsedMs', 'machineHours', 'basis', 'assumptions'],
    ),
    startedAtMs: milliseconds,
    updatedAtMs: milliseconds,
    endedAtMs: milliseconds,
  },
  [
    'v',
    'run',
    'jobMessageId',
    'jobInsertedAtMs',
    'job',
    'state',
    'revision',
    'ceilings',
    'weight',
    'progress',
    'failures',
    'warnings',
    'mounts',
    'startedAtMs',
    'updatedAtMs',
  ],
) as fc.Arbitrary<RunStatus>

/** Mistakes that people and newer programs make: a key or entry gone, replaced, or added, at any depth. */
export const arbSpoilt = (value: unknown): fc.Arbitrary<unknown> =>
  fc.infiniteStream(fc.nat()).map((numbers) => spoil(structuredClone(value), () => numbers.next().value as number))

const strange = [null, -1, 1.5, 2 ** 53, '', 'x', '../..', '/', [], {}, true, '\ud800', JSON.parse('{"__proto__":1}')]

function spoil(value: unknown, next: () => number): unknown {
  if (typeof value !== 'object' || value === null || next() % 4 === 0) return strange[next() % strange.length]
  const target = value as Record<string, unknown>
  const keys = Object.keys(target)
  const key = keys[next() % Math.max(1, keys.length)]
  const how = next() % 4
  if (key === undefined || how === 0) target.surprise = strange[next() % strange.length]
  else if (how === 1) delete target[key]
  else target[key] = spoil(target[key], next)
  return Array.isArray(value) ? Object.values(target) : target
}
