import { Type } from 'typebox'
import { CoreError, problem } from './errors.ts'
import { fitFailure } from './result.ts'
import { type FleetStatus, RunStatus } from './status.ts'
import { MAX_WIRE_BYTES, shorten, toWire, wireBytes } from './text.ts'
import { readVersioned, validator } from './validate.ts'

const SAMPLE_FAILURES = 50
const MAX_TEXT_CHARACTERS = 2_048
const MAX_NOTES = 16

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
 * fleet's oldest notes, then latencies, then what long reads do, then all details of the addresses; never the job. Throws
 * `STATUS_INVALID`; `TOO_LARGE` for a job that `decodeJob` refuses.
 */
export function encodeStatus(status: RunStatus): string {
  const fitting = {
    ...status,
    failures: status.failures.slice(0, SAMPLE_FAILURES).map(fitFailure),
    warnings: status.warnings.map((warning) => shorten(warning, MAX_TEXT_CHARACTERS)),
    ...(status.problem === undefined ? {} : { problem: shorten(status.problem, MAX_TEXT_CHARACTERS) }),
    ...(status.fleet === undefined ? {} : { fleet: fitFleet(status.fleet) }),
  }
  return shrink(written.parse(fitting, 'STATUS_INVALID'))
}

const fitFleet = (fleet: FleetStatus): FleetStatus => ({
  ...fleet,
  ...(fleet.problem === undefined ? {} : { problem: shorten(fleet.problem, MAX_TEXT_CHARACTERS) }),
  notes: fleet.notes.slice(-MAX_NOTES).map((note) => shorten(note, MAX_TEXT_CHARACTERS)),
})

function shrink(status: RunStatus): string {
  const smaller = { ...status }
  let excess = wireBytes(toWire(smaller)) - MAX_WIRE_BYTES
  const keep = <T>(list: readonly T[]): T[] => {
    const kept = [...list]
    while (excess > 0 && kept.length > 0) excess -= wireBytes(toWire(kept.pop())) + 1
    // The first entry has no comma before it.
    if (kept.length === 0 && list.length > 0) excess += 1
    return kept
  }
  smaller.failures = keep(smaller.failures)
  smaller.warnings = keep(smaller.warnings)
  if (smaller.fleet !== undefined)
    smaller.fleet = { ...smaller.fleet, notes: keep(smaller.fleet.notes.toReversed()).toReversed() }
  if (excess > 0 && smaller.problem !== undefined) smaller.problem = shorten(smaller.problem, 200)
  for (const drop of [dropLatencies, dropLongReads, dropMounts, dropMountCounts]) {
    if (wireBytes(toWire(smaller)) > MAX_WIRE_BYTES) drop(smaller)
  }
  const text = toWire(smaller)
  if (wireBytes(text) <= MAX_WIRE_BYTES) return text
  throw new CoreError('TOO_LARGE', [problem('status', `${wireBytes(text)} bytes`, `at most ${MAX_WIRE_BYTES} bytes`)])
}

function dropLongReads(status: RunStatus): void {
  status.mounts = status.mounts.map((mount) => {
    const rest = { ...mount }
    delete rest.longReads
    return rest
  })
}

function dropMounts(status: RunStatus): void {
  status.mounts = []
}

function dropLatencies(status: RunStatus): void {
  const { counts } = status.progress
  const mounts = Object.entries(counts.mounts).map(([address, { files, bytes, failures }]) => [
    address,
    { files, bytes, failures },
  ])
  status.progress = { ...status.progress, counts: { ...counts, mounts: Object.fromEntries(mounts) } }
}

function dropMountCounts(status: RunStatus): void {
  status.progress = { ...status.progress, counts: { ...status.progress.counts, mounts: {} } }
}

/** Lets unknown keys pass. Throws `VERSION_UNKNOWN`, `STATUS_INVALID` or `TOO_LARGE`. */
export const decodeStatus = (text: string): RunStatus =>
  tolerated.parse(readVersioned(text, 'STATUS_INVALID'), 'STATUS_INVALID')
