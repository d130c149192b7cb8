import { type Static, Type } from 'typebox'
import { defaultWeight, Job, maxAddresses } from '../job/fields.ts'
import { Estimate } from '../policy/estimate.ts'
import { fitText, maxWireBytes, shorten, toWire, wireBytes } from '../wire/text.ts'
import { readVersioned, strict, validator, Whole, without, writeFitting } from '../wire/validate.ts'
import { Ceilings } from './control.ts'
import { AddressName, Counts, emptyCounts, withoutLatencies, withoutLevels } from './counts.ts'
import { FileUnderWay, MountState, Waiting, WorkerId } from './heartbeat.ts'
import { RunId } from './item.ts'
import { Failure, fitFailure } from './result.ts'

/** A ceiling above this is kept by the size of the fleet alone: the names of more workers would not fit into a message. */
export const maxAdmitted = 256

const When = (description: string) =>
  Type.Number({ minimum: 0, description: `${description} Milliseconds since 1970.` })

export const RunState = Type.Enum(['running', 'paused', 'ended'], { description: 'Where the run is.' })
/** running <-> paused -> ended. */
export type RunState = Static<typeof RunState>

export const Outcome = Type.Enum(
  ['warmed', 'completed with failures', 'nothing matched', 'cancelled', 'refused', 'lost'],
  {
    description:
      'How the run ended. warmed: every file was read. nothing matched: there was no file to read, and not because none had changed.',
  },
)
/**
 * How a run ended. `warmed`: every file was read through every address that it was meant to. `nothing matched`: no file
 * was found to read, for another reason than that none had changed, and the job does not allow that.
 */
export type Outcome = Static<typeof Outcome>

export const Progress = Type.Object(
  {
    counts: Counts,
    items: Type.Object({ announced: Whole('Items that exist.'), done: Whole('Items with a result.') }, strict),
    bytesInFlight: Type.Optional(
      Whole('Bytes that arrived of files that are not complete. counts.bytes includes them while the run lasts.'),
    ),
    largest: Type.Optional(
      Type.Array(FileUnderWay, { maxItems: 3, description: 'The largest files that are being read.' }),
    ),
    waitsFor: Type.Optional(Waiting),
    workers: Whole('Workers seen of late, or more where the fleet is to have more.'),
    readers: Type.Optional(Whole('Workers that were heard of late to work on this run: they share its ceilings.')),
    ratesPerSecond: Type.Object({ files: Type.Number({ minimum: 0 }), bytes: Type.Number({ minimum: 0 }) }, strict),
    elapsedMs: Type.Number({ minimum: 0, description: 'Since the run started.' }),
    expected: Type.Optional(
      Type.Object(
        {
          files: Whole('Files that there will be.'),
          bytes: Whole('Their bytes.'),
          share: Type.Number({ minimum: 0, maximum: 1, description: 'How much of it is done.' }),
          from: Type.Enum(['walk', 'earlier run'], {
            description:
              'walk: reckoned from what was listed so far. earlier run: what the last run of the same job read.',
          }),
        },
        { ...strict, description: 'Expected totals of the whole run, as far as they can be estimated.' },
      ),
    ),
    timeLeftMs: Type.Optional(
      Type.Number({
        minimum: 0,
        description: 'Time until the run ends, at the latest rate. Absent while it is unknown.',
      }),
    ),
  },
  { ...strict, description: 'How far the run is.' },
)
/** How far a run is. `items` are those of the ledger, rates those of the last moments. */
export type Progress = Static<typeof Progress>

const FleetCost = Type.Object(
  {
    dollars: Type.Number({ minimum: 0, description: 'US dollars, of the machines alone.' }),
    basis: Type.Enum(['price', 'limit'], {
      description:
        'price: as the price an hour that the manager was told has it. limit: at most, by the highest price.',
    }),
  },
  strict,
)

export const FleetStatus = Type.Object(
  {
    kind: Type.Enum(['local', 'vmss', 'none'], {
      description: 'processes beside the manager, an Azure scale set, or workers that the manager does not start',
    }),
    wanted: Whole('Workers that there should be.'),
    running: Whole('Machines or processes that run.'),
    size: Type.Optional(Type.String({ maxLength: 128, description: 'The size of machine that is asked for now.' })),
    priority: Type.Optional(Type.Enum(['spot', 'regular'], { description: 'The kind that is asked for now.' })),
    machineHours: Type.Optional(
      Type.Number({
        minimum: 0,
        description: 'From the first machine of this stretch of work on, whichever runs they worked for.',
      }),
    ),
    cost: Type.Optional(FleetCost),
    problem: Type.Optional(Type.String({ description: 'What stands in the way of more machines, while it does.' })),
    notes: Type.Array(Type.String(), { description: 'What people should know, newest last.' }),
  },
  { ...strict, description: 'What runs the workers. One fleet works for all runs of a manager.' },
)
/** What runs the workers, which one fleet does for all runs of a manager. Hours and cost are the fleet's, not the run's. */
export type FleetStatus = Static<typeof FleetStatus>

export const NamedHost = Type.Object(
  {
    name: AddressName,
    addresses: Type.Array(AddressName, { maxItems: maxAddresses, description: 'Read through in its place.' }),
  },
  { ...strict, description: 'A host as the job names it.' },
)
/** A host as a job names it, and the addresses that it stood for when the run began. */
export type NamedHost = Static<typeof NamedHost>

export const RunStatus = Type.Object(
  {
    v: Type.Literal(1),
    run: RunId,
    label: Type.Optional(Type.String({ maxLength: 128, description: 'What the job calls itself.' })),
    jobMessageId: Type.String({ maxLength: 256, description: 'Id of the job message.' }),
    jobInsertedAtMs: When('When the job was submitted.'),
    job: Type.Union([Job, Type.Null()], { description: 'What to do; null when the job was refused.' }),
    hosts: Type.Optional(
      Type.Array(NamedHost, {
        maxItems: maxAddresses,
        description:
          'The hosts that were submitted, in order, where the manager resolved names: job.addresses has what they stood for.',
      }),
    ),
    state: RunState,
    ending: Type.Optional(
      Type.Literal(true, {
        description: 'The run is about to end: workers tell what they have read, and hand nothing on.',
      }),
    ),
    outcome: Type.Optional(Outcome),
    revision: Whole('Grows with every change that workers must see.'),
    ceilings: Ceilings,
    weight: Type.Integer({ minimum: 1, maximum: 100 }),
    admitted: Type.Optional(
      Type.Array(WorkerId, {
        maxItems: maxAdmitted,
        description:
          'The workers that may work on the run, once as many as its ceiling allows do; none until its names are resolved. Absent: any.',
      }),
    ),
    progress: Progress,
    unreported: Type.Optional(
      Type.Object(
        { files: Whole('Files beyond those of progress.'), bytes: Whole('Their bytes.') },
        {
          ...strict,
          description: 'Of a run that was cancelled or lost: what workers said that they had read and never reported.',
        },
      ),
    ),
    failures: Type.Array(Failure, { maxItems: 50, description: 'Some of the failures; progress counts all.' }),
    warnings: Type.Array(Type.String()),
    problem: Type.Optional(Type.String({ description: 'Why the run was refused, is held up or was lost.' })),
    fleet: Type.Optional(FleetStatus),
    mounts: Type.Array(MountState, { maxItems: 64, description: 'The addresses, as all workers together see them.' }),
    sampleFiles: Type.Optional(Whole('Files that each root item of an estimate may read to measure.')),
    estimate: Type.Optional(Estimate),
    wantsLatencies: Type.Optional(
      Type.Literal(true, { description: 'Results may say how long reads took: the manager knows what that means.' }),
    ),
    wantsHeartbeats: Type.Optional(
      Type.Literal(true, {
        description: 'Workers send heartbeats, and results say how many bytes listings found: the manager reads both.',
      }),
    ),
    wantsReach: Type.Optional(
      Type.Literal(true, { description: 'Results may say what brought the files, and what of it is in doubt.' }),
    ),
    startedAtMs: When('When the run started.'),
    updatedAtMs: When('When this was written.'),
    endedAtMs: Type.Optional(When('When the run ended.')),
  },
  {
    ...strict,
    title: 'RunStatus',
    description: "A run's public face: specification, state, ceilings, progress, report.",
  },
)
/** A run's public face: specification, state, ceilings, progress, final report. */
export type RunStatus = Static<typeof RunStatus>

const sampleFailures = 50
const maxTextCharacters = 2_048
const maxNotes = 16
const maxAssumptions = 8
const maxAssumptionCharacters = 300

/** A newer manager may say more: objects with named keys let others pass, records stay as strict as they are. */
function open(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(open)
  if (typeof schema !== 'object' || schema === null) return schema
  const opened = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, open(value)]))
  if ('properties' in schema) delete opened.additionalProperties
  return opened
}

const written = validator(RunStatus)
const tolerated = validator(Type.Unsafe<RunStatus>(open(RunStatus) as object))

/**
 * Always fits 64 KiB: what doesn't is left out, first sampled failures from the last one on, then warnings, then the
 * fleet's oldest notes, then the files under way, then latencies, then what long reads do, then notes on addresses, then all
 * details of them, the levels, the names of admitted workers (the fleet's size alone keeps the ceiling then), and at last the
 * hosts as they were submitted; never the job. Throws
 * `STATUS_INVALID`; `TOO_LARGE` for a job that `decodeJob` refuses.
 */
export function encodeStatus(status: RunStatus): string {
  const fitting = {
    ...status,
    failures: status.failures.slice(0, sampleFailures).map(fitFailure),
    warnings: status.warnings.map((warning) => shorten(warning, maxTextCharacters)),
    ...(status.problem === undefined ? {} : { problem: shorten(status.problem, maxTextCharacters) }),
    ...(status.fleet === undefined ? {} : { fleet: fitFleet(status.fleet) }),
    ...(status.estimate === undefined ? {} : { estimate: fitEstimate(status.estimate) }),
  }
  return writeFitting(trim(written.parse(fitting, 'STATUS_INVALID')), drops)
}

/**
 * What can be said of a run whose status can't be written as it is: which run it is, where it stands, and why there is no more.
 * `encodeStatus` accepts it for every status.
 */
export function bareStatus(status: RunStatus, why: string): RunStatus {
  const atMs = (time: number | undefined): number => (time !== undefined && time >= 0 && time < 1e16 ? time : 0)
  const bare: RunStatus = {
    v: 1,
    run: status.run,
    jobMessageId: status.jobMessageId.slice(0, 256),
    jobInsertedAtMs: atMs(status.jobInsertedAtMs),
    job: null,
    state: status.state,
    ...(status.outcome === undefined ? {} : { outcome: status.outcome }),
    revision: 0,
    ceilings: {},
    weight: defaultWeight,
    progress: {
      counts: emptyCounts(),
      items: { announced: 0, done: 0 },
      workers: 0,
      ratesPerSecond: { files: 0, bytes: 0 },
      elapsedMs: 0,
    },
    failures: [],
    warnings: [],
    problem: `its status can't be written: ${why}`,
    mounts: [],
    startedAtMs: atMs(status.startedAtMs),
    updatedAtMs: atMs(status.updatedAtMs),
    ...(status.endedAtMs === undefined ? {} : { endedAtMs: atMs(status.endedAtMs) }),
  }
  const known = { ...bare, ...(status.label === undefined ? {} : { label: status.label }), job: status.job }
  return written.problems(known).length === 0 ? known : bare
}

const fitFleet = (fleet: FleetStatus): FleetStatus => ({
  ...fleet,
  ...(fleet.problem === undefined ? {} : { problem: shorten(fleet.problem, maxTextCharacters) }),
  notes: fleet.notes.slice(-maxNotes).map((note) => shorten(note, maxTextCharacters)),
})

const fitEstimate = (estimate: Estimate): Estimate => ({
  ...estimate,
  assumptions: estimate.assumptions.slice(0, maxAssumptions).map((text) => shorten(text, maxAssumptionCharacters)),
})

/** Leaves out entries of lists, no more than must. */
function trim(status: RunStatus): RunStatus {
  let excess = wireBytes(toWire(status)) - maxWireBytes
  const keep = <T>(list: readonly T[]): T[] => {
    const kept = [...list]
    while (excess > 0 && kept.length > 0) excess -= wireBytes(toWire(kept.pop())) + 1
    // The first entry has no comma before it.
    if (kept.length === 0 && list.length > 0) excess += 1
    return kept
  }
  const smaller = { ...status, failures: keep(status.failures), warnings: keep(status.warnings) }
  if (smaller.fleet === undefined) return smaller
  return { ...smaller, fleet: { ...smaller.fleet, notes: keep(smaller.fleet.notes.toReversed()).toReversed() } }
}

/** What a status that is still too large does without, one after the other. */
const drops: readonly ((status: RunStatus) => RunStatus)[] = [
  (status) => (status.problem === undefined ? status : { ...status, problem: fitText(status.problem, 200) }),
  (status) => ({ ...status, progress: without(without(status.progress, 'largest'), 'waitsFor') }),
  (status) => withCounts(status, withoutLatencies),
  (status) => ({ ...status, mounts: status.mounts.map((mount) => without(mount, 'longReads')) }),
  (status) => ({ ...status, mounts: status.mounts.map((mount) => without(mount, 'note')) }),
  (status) => ({ ...status, mounts: [] }),
  (status) => withCounts(status, (counts) => ({ ...counts, mounts: {} })),
  (status) => withCounts(status, withoutLevels),
  (status) =>
    status.fleet?.problem === undefined
      ? status
      : { ...status, fleet: { ...status.fleet, problem: fitText(status.fleet.problem, 200) } },
  // None is admitted where it is not known yet what to read through.
  (status) => (status.admitted?.length === 0 ? status : without(status, 'admitted')),
  (status) => without(status, 'hosts'),
]

const withCounts = (status: RunStatus, change: (counts: Counts) => Counts): RunStatus => ({
  ...status,
  progress: { ...status.progress, counts: change(status.progress.counts) },
})

/** Lets unknown keys pass. Throws `VERSION_UNKNOWN`, `STATUS_INVALID` or `TOO_LARGE`. */
export const decodeStatus = (text: string): RunStatus =>
  tolerated.parse(readVersioned(text, 'STATUS_INVALID'), 'STATUS_INVALID')
