import type { Counts, Failure, Job, RunStatus } from '@cachewarmer/core'
import type { WalkErrorCode } from '@cachewarmer/walker'
import type { SimExport, SimFile } from './filer.ts'
import type { ReadRecord } from './read-record.ts'
import type { Scenario } from './scenario.ts'
import { leftOutOf, specialsIn, type Wanted } from './wanted.ts'

/** Failures by path and address. */
class Failed {
  readonly #files = new Set<string>()
  /** Paths that failed as a whole, at all addresses: directories that could not be listed, items that were given up. */
  readonly #whole = new Set<string>()

  constructor(failures: readonly Failure[]) {
    for (const { path, address } of failures) {
      if (address === undefined) this.#whole.add(path)
      else this.#files.add(`${address} ${path}`)
    }
  }

  /** Distinct files and addresses. */
  get size(): number {
    return this.#files.size + this.#whole.size
  }

  covers(path: string, address: string | undefined): boolean {
    if (this.hides(path)) return true
    if (address !== undefined) return this.#files.has(`${address} ${path}`)
    return [...this.#files].some((key) => key.endsWith(` ${path}`))
  }

  /** Is a failure, through every address where a job reads through each. */
  named(path: string, { addresses, through }: SimJob): boolean {
    if (through === 'spread') return this.covers(path, undefined)
    return addresses.every((address) => this.covers(path, address))
  }

  /** Fails at one of the addresses of the job. */
  at(path: string, job: SimJob): boolean {
    return job.addresses.some((address) => this.#files.has(`${address} ${path}`))
  }

  /** The path, or a directory that it lies in, failed as a whole. */
  hides(path: string): boolean {
    if (this.#whole.size === 0) return false
    for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) if (this.#whole.has(at)) return true
    return this.#whole.has('/')
  }
}

/** A job of the simulation, and what its end has to say. */
export interface SimJob {
  readonly label: string
  readonly of: SimExport
  readonly addresses: readonly string[]
  /** What it names in place of them. */
  readonly submitted: readonly string[]
  /** No name of it exists. */
  readonly isUnknown: boolean
  readonly through: 'each' | 'spread'
  readonly wanted: Wanted
  /** Further fields of its message. */
  readonly asked: Partial<Job>
  readonly headBytes: number
  readonly mode: Job['mode']
  /** Addresses that refuse to be opened, and why. */
  readonly refusing: ReadonlyMap<string, WalkErrorCode>
}

/** A file, or of other modes a directory, that was there all the time, and an address that it did not come through. */
interface Unread {
  readonly path: string
  /** `spread` needs none in particular. */
  readonly address: string | undefined
}

/** The files that must have been read by now. Asked at the moment at which the job's end becomes visible. */
export function unreadOf(job: SimJob, reads: ReadRecord): Unread[] {
  if (job.mode !== 'data') return unlistedOf(job, reads)
  const unread: Unread[] = []
  for (const [path, file] of job.of.files) {
    if (file.changed || file.gone || job.of.denied.has(path) || job.wanted.times(path) === 0) continue
    const size = Math.min(file.size, job.headBytes)
    if (job.through === 'spread') {
      if (!reads.coversTogether(job.of, job.addresses, path, size)) unread.push({ path, address: undefined })
    } else
      for (const address of job.addresses)
        if (!reads.covers(job.of, address, path, size)) unread.push({ path, address })
  }
  return unread
}

/** Modes that read nothing list: through every address, or through any. */
function unlistedOf({ of, wanted, mode, through, addresses }: SimJob, reads: ReadRecord): Unread[] {
  const unlisted: Unread[] = []
  for (const [path, { changed, gone }] of of.directories) {
    if (changed || gone || wanted.directoryTimes(path) === 0) continue
    if (mode === 'metadata' && through === 'each')
      unlisted.push(...addresses.filter((one) => !reads.listed(of, one, path)).map((address) => ({ path, address })))
    else if (!addresses.some((address) => reads.listed(of, address, path))) unlisted.push({ path, address: undefined })
  }
  return unlisted
}

/** The facts of a job that ended. */
export interface Ended {
  readonly job: SimJob
  readonly status: RunStatus
  readonly unread: readonly Unread[]
  /** Undefined where the ledger that knew them is lost. */
  readonly failures: readonly Failure[] | undefined
  readonly reads: ReadRecord
  readonly scenario: Scenario
  /** The addresses were away, or did not let themselves be opened. */
  readonly away: boolean
  /** An address was there all the time. */
  readonly steady: boolean
  /** Files that were shown as read when a cancel was heard. */
  readonly filesAtCancel: number
  /** When the end could be seen. */
  readonly atMs: number
  /** Paths that may be given up as unread: those of items under which one worker after the other died. */
  readonly wornOut: ReadonlySet<string>
}

/** Every file that may count, with how often and as how many bytes. */
interface Counted {
  readonly path: string
  readonly times: number
  readonly bytes: number
}

/** The violations of an ended job, in words. */
export function wrongEnding(ended: Ended): string[] {
  const { job, status, scenario, reads } = ended
  if (job.isUnknown && status.outcome !== 'cancelled') {
    const isRefused = status.outcome === 'refused' && status.problem?.includes('ENOTFOUND') === true
    const untouched = reads.paceOf(job.of).count === 0
    return isRefused && untouched ? [] : [`${job.label}: ${status.outcome}, it names no host that exists`]
  }
  if (status.outcome === 'lost' || status.outcome === 'refused')
    return [`${job.label}: ${status.outcome}, ${status.problem ?? 'no reason'}`]
  const check = new Check(job.label)
  // Before it began.
  if (status.outcome === 'cancelled' && status.progress.items.announced === 0) return check.wrong
  seeRecord(check, ended)
  seeCeilings(check, ended)
  seeCancelled(check, ended)
  if (status.outcome !== 'cancelled') {
    seeOutcome(check, ended)
    const calmTree = !scenario.faults.has('tree changes')
    const calmFiler = !ended.away && ended.wornOut.size === 0
    if (!calmTree) seeChangedTree(check, ended, calmFiler)
    else if (job.mode !== 'data') seeFound(check, ended, calmFiler && job.refusing.size === 0)
    else if (calmFiler) seeExactly(check, ended)
    else seeBetween(check, ended)
  }
  return check.wrong
}

class Check {
  readonly wrong: string[] = []
  readonly #label: string

  constructor(label: string) {
    this.#label = label
  }

  say(what: string): void {
    this.wrong.push(`${this.#label}: ${what}`)
  }

  is(what: string, got: unknown, expected: unknown): void {
    if (got !== expected) this.say(`${what}: got ${String(got)}, expected ${String(expected)}`)
  }

  within(what: string, got: number, least: number, most: number): void {
    if (got < least || got > most) this.say(`${what}: got ${got}, expected ${least} to ${most}`)
  }
}

/**
 * Of every run, also of one that was cancelled: nothing counts that was not read, and the counts agree with each other.
 */
function seeRecord(check: Check, { job, status, failures, reads, scenario }: Ended): void {
  const { counts } = status.progress
  const { of, wanted, headBytes, mode, addresses } = job
  const calmTree = !scenario.faults.has('tree changes')
  if (calmTree) check.within('files', counts.files, 0, timesOf(allOf(job)))
  if (calmTree) check.within('bytes', counts.bytes, 0, bytesOf(allOf(job)))
  for (const address of addresses) {
    const { bytes } = through(counts, address)
    const came = mode === 'data' ? reads.bytesThrough(of, address) : 0
    if (bytes > came) check.say(`${bytes} bytes count through ${address}, ${came} came`)
  }
  for (const [path, end] of reads.furthest(of)) {
    if (wanted.times(path) === 0 && of.files.get(path)?.changed === false)
      check.say(`${path} was read, and is left out`)
    if (end > headBytes && mode === 'data')
      check.say(`${path} was read up to ${end}, and only ${headBytes} bytes were asked for`)
    if (mode === 'metadata' || (mode === 'estimate' && end > sampleBytes)) check.say(`${path} was read by ${mode}`)
  }
  if (failures === undefined) return
  const told = (of: readonly Failure[]): number => of.length
  const codes = new Set([...failures.map(({ code }) => code as string), ...Object.keys(counts.failures)])
  for (const code of codes)
    check.is(`failures of ${code}`, counts.failures[code] ?? 0, told(failures.filter((one) => one.code === code)))
  for (const address of addresses)
    check.is(
      `failures of ${address}`,
      through(counts, address).failures,
      told(failures.filter((one) => one.address === address)),
    )
}

/** Over its whole time a run reads no faster than its ceilings let it, with room for workers that come and go. */
function seeCeilings(check: Check, { job, reads, scenario, atMs }: Ended): void {
  const { maxRequestsPerSecond, maxBytesPerSecond } = job.asked
  const { count, bytes, sinceMs } = reads.paceOf(job.of)
  // An estimate measures a few files as fast as they come.
  if (count === 0 || job.mode !== 'data') return
  const calm = scenario.faults.size === 0
  const most = (perSecond: number): number => (calm ? 1.3 : 3) * perSecond * ((atMs - sinceMs) / 1_000 + 2)
  if (maxRequestsPerSecond !== undefined && count > most(maxRequestsPerSecond) + 10)
    check.say(`${count} READs in ${atMs - sinceMs} ms, at a ceiling of ${maxRequestsPerSecond} a second`)
  // Reads in flight when the ceiling is reached still arrive.
  const inFlight = scenario.concurrency * scenario.maxWorkers * 65_536 * (calm ? 1 : 4)
  if (maxBytesPerSecond !== undefined && bytes > most(maxBytesPerSecond) + inFlight)
    check.say(`${bytes} bytes in ${atMs - sinceMs} ms, at a ceiling of ${maxBytesPerSecond} a second`)
}

/** Counts that were shown do not fall, if nothing goes wrong and no stopped listing has to begin anew. */
function seeCancelled(check: Check, { status, scenario, away, filesAtCancel }: Ended): void {
  if (status.outcome !== 'cancelled' || scenario.faults.size > 0 || away || !scenario.resumable) return
  const { files } = status.progress.counts
  if (files < filesAtCancel) check.say(`${files} files count, and ${filesAtCancel} were shown when it was cancelled`)
}

/** Bytes of a file that an estimate reads to measure, at most. */
const sampleBytes = 4 * 1_048_576

/** Nothing was left unread without a word, and the outcome says so. */
function seeOutcome(check: Check, { job, status, unread, failures = [], steady, wornOut }: Ended): void {
  const failed = new Failed(failures)
  const silent = unread.filter(({ path, address }) => !failed.covers(path, address))
  if (silent.length > 0)
    check.say(`${silent.length} files ended unread and were not reported, such as ${JSON.stringify(silent[0])}`)
  const { wanted } = job
  const unnamed = [...wanted.noTrees, ...wanted.noFiles].filter((path) => !failed.named(path, job))
  if (unnamed.length > 0)
    check.say(`${unnamed.length} listed paths are no files and were not reported, such as ${unnamed[0]}`)
  if (failures.length > 0) check.is('outcome', status.outcome, 'completed with failures')
  else if (status.progress.counts.files > 0) check.is('outcome', status.outcome, 'warmed')
  // Files that are merely older than a job asks for are no mistake of the job.
  else if (job.asked.modifiedSince === undefined) check.is('outcome', status.outcome, 'nothing matched')
  // While addresses are away an item waits for them, however long that takes.
  const givenUp = failures.filter(({ code, path }) => code === 'UNREAD' && !wornOut.has(path))
  check.is('items given up', givenUp.length, 0)
  if (job.through === 'spread' && steady) {
    const alone = failures.filter(({ code }) => code === 'MOUNT_DOWN' || code === 'TIMEOUT')
    if (alone.length > 0)
      check.say(`${alone.length} files failed though another address was there: ${alone[0]?.message}`)
  }
}

function seeChangedTree(check: Check, { job, status }: Ended, calmFiler: boolean): void {
  const { counts } = status.progress
  const all = allOf(job)
  if (calmFiler && job.refusing.size === 0) {
    const stable = all.filter(({ path }) => isStable(job, path, job.of.files.get(path)))
    if (counts.files < timesOf(stable))
      check.say(`${counts.files} files, at least ${timesOf(stable)} were there all the time`)
  }
  if (counts.files > timesOf(all)) check.say(`${counts.files} files, there never were more than ${timesOf(all)}`)
}

/** Of modes that read nothing. */
function seeFound(check: Check, { job, status }: Ended, calm: boolean): void {
  if (!calm) return
  const { counts } = status.progress
  const all = allOf(job)
  check.is('files', counts.files, timesOf(all))
  check.is('bytes', counts.bytes, bytesOf(all))
  seeDirectories(check, job, counts)
  const files = job.addresses.map((address) => through(counts, address).files)
  if (job.mode === 'estimate' || job.through === 'spread') check.is('files through all', sum(files), counts.files)
  else
    for (const [at, address] of job.addresses.entries()) check.is(`files through ${address}`, files[at], counts.files)
}

function seeDirectories(check: Check, { of, wanted }: SimJob, counts: Counts): void {
  check.is('directories', counts.directories, sum([...of.directories.keys()].map(wanted.directoryTimes)))
  check.is('links, devices and the like', counts.specialSkipped, specialsIn(of, wanted))
  if (wanted.list === undefined) check.is('left out', counts.entriesSkipped, leftOutOf(of, wanted))
}

/** The tree stood still and the filer was there: everything is known. */
function seeExactly(check: Check, { job, status, failures = [] }: Ended): void {
  const { counts } = status.progress
  const all = allOf(job)
  const fine = all.filter(({ path }) => job.addresses.every((address) => whyNot(job, path, address) === undefined))
  seeDirectories(check, job, counts)
  for (const { path, address, code } of failures) {
    const why = address === undefined || !job.of.files.has(path) ? code : whyNot(job, path, address)
    if (why !== code) check.say(`${path} failed at ${address} as ${code}, expected ${why ?? 'no failure'}`)
  }
  if (job.through === 'each') {
    check.is('files', counts.files, timesOf(fine))
    check.is('bytes', counts.bytes, bytesOf(fine))
    let least = job.wanted.noFiles.size * job.addresses.length + job.wanted.noTrees.size
    let pieces = 0
    for (const address of job.addresses) {
      const came = all.filter(({ path }) => whyNot(job, path, address) === undefined)
      const { files, bytes } = through(counts, address)
      check.is(`files through ${address}`, files, timesOf(came))
      check.is(`bytes through ${address}`, bytes, bytesOf(came))
      least += timesOf(all) - timesOf(came)
      pieces += all.filter(({ path }) => whyNot(job, path, address) !== undefined && isLarge(path, job)).length
    }
    // Each piece of a large one that was handed away fails by itself.
    check.within('failures', failures.length, least, pieces === 0 ? least : Number.POSITIVE_INFINITY)
    return
  }
  const perhaps = all.filter(({ path }) => job.addresses.some((address) => whyNot(job, path, address) === undefined))
  check.within('files', counts.files, timesOf(fine), timesOf(perhaps))
  check.within('bytes', counts.bytes, bytesOf(fine), bytesOf(perhaps))
  const files = sum(job.addresses.map((address) => through(counts, address).files))
  const bytes = sum(job.addresses.map((address) => through(counts, address).bytes))
  const hasPieces = all.some(({ path }) => isLarge(path, job))
  const none = job.wanted.noFiles.size + job.wanted.noTrees.size
  if (!hasPieces) check.is('failures', failures.length, timesOf(all) - counts.files + none)
  // A large one whose first piece came, and a later one did not, counts for the address and not as a file.
  const most = hasPieces ? counts.files + new Failed(failures).size : counts.files
  check.within('files through all', files, counts.files, most)
  check.within('bytes through all', bytes, counts.bytes, hasPieces && most > counts.files ? bytesOf(all) : counts.bytes)
}

/**
 * Addresses were away, or items were given up: every file either came through an address or is a failure of it. What
 * lies in a directory with a failed listing, or below a part that was given up, may have come all the same; so may the
 * beginning of a large file.
 */
function seeBetween(check: Check, { job, status, failures = [] }: Ended): void {
  const { counts } = status.progress
  const failed = new Failed(failures)
  const { wanted, of } = job
  const readable = allOf(job).filter(({ path }) => !of.denied.has(path))
  /** A failed file still counts if its first piece came, or if it is named twice and came the other time. */
  const mayCount = ({ path, times }: Counted, didFail: boolean): boolean => didFail && (isLarge(path, job) || times > 1)
  const listed = readable.filter(({ path }) => !failed.hides(path))
  const least = listed.filter(({ path }) => !failed.at(path, job))
  const perhaps = readable.filter((one) => failed.hides(one.path) || mayCount(one, failed.at(one.path, job)))
  check.within('files', counts.files, timesOf(least), timesOf(least) + timesOf(perhaps))
  check.within('bytes', counts.bytes, bytesOf(least), bytesOf(least) + bytesOf(perhaps))
  const directories = [...of.directories.keys()]
  const listable = sum(directories.filter((path) => !failed.hides(path)).map(wanted.directoryTimes))
  check.within('directories', counts.directories, listable, sum(directories.map(wanted.directoryTimes)))
  if (job.through === 'spread') {
    const files = sum(job.addresses.map((address) => through(counts, address).files))
    // One whose first piece came, and a later one did not, counts for the address and not as a file.
    const more = failed.size * Math.max(1, ...readable.map(({ times }) => times))
    check.within('files through all', files, counts.files, counts.files + more)
    return
  }
  for (const address of job.addresses) {
    const came = readable.filter(({ path }) => !failed.covers(path, address))
    const also = readable.filter((one) => failed.hides(one.path) || mayCount(one, failed.covers(one.path, address)))
    const { files, bytes } = through(counts, address)
    check.within(`files through ${address}`, files, timesOf(came), timesOf(came) + timesOf(also))
    check.within(`bytes through ${address}`, bytes, bytesOf(came), bytesOf(came) + bytesOf(also))
  }
}

/** Why a file cannot be read through an address that answers. */
const whyNot = ({ of, refusing }: SimJob, path: string, address: string): WalkErrorCode | undefined =>
  refusing.get(address) ?? (of.denied.has(path) ? 'ACCESS_DENIED' : of.refused?.(path, address))

const allOf = (job: SimJob): Counted[] =>
  [...job.of.files].flatMap(([path, { size }]) => {
    const times = job.wanted.times(path)
    return times === 0 ? [] : [{ path, times, bytes: Math.min(size, job.headBytes) }]
  })

const timesOf = (list: readonly Counted[]): number => sum(list.map(({ times }) => times))
const bytesOf = (list: readonly Counted[]): number => sum(list.map(({ times, bytes }) => times * bytes))

const through = ({ mounts }: Counts, address: string): { files: number; bytes: number; failures: number } =>
  mounts[address] ?? { files: 0, bytes: 0, failures: 0 }

/**
 * Longer files are read, and handed away, in pieces. Each piece has its own fate, and the first one counts as the file.
 */
const chunkBytes = 64 * 1024 * 1024

const isLarge = (path: string, { of, headBytes }: SimJob): boolean =>
  Math.min(of.files.get(path)?.size ?? 0, headBytes) > chunkBytes

const isStable = (job: SimJob, path: string, file: SimFile | undefined): boolean =>
  file !== undefined &&
  !file.changed &&
  !file.gone &&
  !job.of.denied.has(path) &&
  job.addresses.every((address) => job.of.refused?.(path, address) === undefined)

const sum = (list: readonly number[]): number => list.reduce((total, one) => total + one, 0)
