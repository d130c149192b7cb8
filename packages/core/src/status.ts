import { type Static, Type } from 'typebox'
import { Ceilings } from './control.ts'
import { Counts } from './counts.ts'
import { Estimate } from './estimate.ts'
import { FileUnderWay, MountState, Waiting, WorkerId } from './heartbeat.ts'
import { RunId } from './item.ts'
import { Job } from './job-fields.ts'
import { Failure } from './result.ts'
import { strict, Whole } from './validate.ts'

/** A ceiling above this is kept by the size of the fleet alone: so many names would not fit. */
export const MAX_ADMITTED = 256

const When = (description: string) =>
  Type.Number({ minimum: 0, description: `${description} Milliseconds since 1970.` })

export const RunState = Type.Enum(['starting', 'running', 'paused', 'ended'], { description: 'Where the run is.' })
/** starting -> running <-> paused -> ended. */
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
    workers: Whole('Workers seen of late.'),
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
        { ...strict, description: 'What the whole run will come to, as far as anybody can tell.' },
      ),
    ),
    timeLeftMs: Type.Optional(
      Type.Number({
        minimum: 0,
        description: 'Until the run ends, at the rate of late. Absent while nobody can tell.',
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
      description: 'processes beside the manager, a scale set of Azure, or workers that somebody else starts',
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

export const RunStatus = Type.Object(
  {
    v: Type.Literal(1),
    run: RunId,
    label: Type.Optional(Type.String({ maxLength: 128, description: 'What the job calls itself.' })),
    jobMessageId: Type.String({ maxLength: 256, description: 'Id of the job message.' }),
    jobInsertedAtMs: When('When the job was submitted.'),
    job: Type.Union([Job, Type.Null()], { description: 'What to do; null when the job was refused.' }),
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
        maxItems: MAX_ADMITTED,
        description: 'The workers that may work on the run, once as many as its ceiling allows do. Absent: any.',
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
