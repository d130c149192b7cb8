import { Type } from 'typebox'
import { type Counts, emptyCounts, withoutLatencies, withoutLevels } from './counts.ts'
import type { Estimate } from './estimate.ts'
import { DEFAULT_WEIGHT } from './job-fields.ts'
import { fitFailure } from './result.ts'
import { type FleetStatus, RunStatus } from './status.ts'
import { fitText, MAX_WIRE_BYTES, shorten, toWire, wireBytes } from './text.ts'
import { readVersioned, validator, without, writeFitting } from './validate.ts'

const SAMPLE_FAILURES = 50
const MAX_TEXT_CHARACTERS = 2_048
const MAX_NOTES = 16
const MAX_ASSUMPTIONS = 8
const MAX_ASSUMPTION_CHARACTERS = 300

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
 * fleet's oldest notes, then the files under way, then latencies, then what long reads do, then all details of the addresses, the levels, and at
 * last the names of admitted workers (the fleet's size alone keeps the ceiling then); never the job. Throws
 * `STATUS_INVALID`; `TOO_LARGE` for a job that `decodeJob` refuses.
 */
export function encodeStatus(status: RunStatus): string {
  const fitting = {
    ...status,
    failures: status.failures.slice(0, SAMPLE_FAILURES).map(fitFailure),
    warnings: status.warnings.map((warning) => shorten(warning, MAX_TEXT_CHARACTERS)),
    ...(status.problem === undefined ? {} : { problem: shorten(status.problem, MAX_TEXT_CHARACTERS) }),
    ...(status.fleet === undefined ? {} : { fleet: fitFleet(status.fleet) }),
    ...(status.estimate === undefined ? {} : { estimate: fitEstimate(status.estimate) }),
  }
  return writeFitting(trim(written.parse(fitting, 'STATUS_INVALID')), DROPS)
}

/**
 * What can be said of a run whose status can't be written as it is: which run it is, where it stands, and why there is no more.
 * `encodeStatus` takes it whatever the status was.
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
    weight: DEFAULT_WEIGHT,
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
  ...(fleet.problem === undefined ? {} : { problem: shorten(fleet.problem, MAX_TEXT_CHARACTERS) }),
  notes: fleet.notes.slice(-MAX_NOTES).map((note) => shorten(note, MAX_TEXT_CHARACTERS)),
})

const fitEstimate = (estimate: Estimate): Estimate => ({
  ...estimate,
  assumptions: estimate.assumptions.slice(0, MAX_ASSUMPTIONS).map((text) => shorten(text, MAX_ASSUMPTION_CHARACTERS)),
})

/** Leaves out entries of lists, no more than must. */
function trim(status: RunStatus): RunStatus {
  let excess = wireBytes(toWire(status)) - MAX_WIRE_BYTES
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
const DROPS: readonly ((status: RunStatus) => RunStatus)[] = [
  (status) => (status.problem === undefined ? status : { ...status, problem: fitText(status.problem, 200) }),
  (status) => ({ ...status, progress: without(without(status.progress, 'largest'), 'waitsFor') }),
  (status) => withCounts(status, withoutLatencies),
  (status) => ({ ...status, mounts: status.mounts.map((mount) => without(mount, 'longReads')) }),
  (status) => ({ ...status, mounts: [] }),
  (status) => withCounts(status, (counts) => ({ ...counts, mounts: {} })),
  (status) => withCounts(status, withoutLevels),
  (status) =>
    status.fleet?.problem === undefined
      ? status
      : { ...status, fleet: { ...status.fleet, problem: fitText(status.fleet.problem, 200) } },
  (status) => without(status, 'admitted'),
]

const withCounts = (status: RunStatus, change: (counts: Counts) => Counts): RunStatus => ({
  ...status,
  progress: { ...status.progress, counts: change(status.progress.counts) },
})

/** Lets unknown keys pass. Throws `VERSION_UNKNOWN`, `STATUS_INVALID` or `TOO_LARGE`. */
export const decodeStatus = (text: string): RunStatus =>
  tolerated.parse(readVersioned(text, 'STATUS_INVALID'), 'STATUS_INVALID')
