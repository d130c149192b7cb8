import type { Failure, RunStatus } from '@cachewarmer/core'
import type { SimExport, SimFile } from './filer.ts'
import type { ReadRecord } from './read-record.ts'
import type { Scenario } from './scenario.ts'
import { specialsIn, type Wanted } from './wanted.ts'

/** A job of the simulation, and what its end has to say. */
export interface SimJob {
  readonly label: string
  readonly of: SimExport
  readonly addresses: readonly string[]
  readonly through: 'each' | 'spread'
  readonly wanted: Wanted
}

/** A file that was there all the time, and an address that it did not come through; `spread` needs none in particular. */
interface Unread {
  readonly path: string
  readonly address: string | undefined
}

/** What must have been read by now. Asked at the moment at which everybody can see that the job has ended. */
export function unreadOf(job: SimJob, reads: ReadRecord): Unread[] {
  const unread: Unread[] = []
  for (const [path, file] of job.of.files) {
    if (file.changed || file.gone || job.of.denied.has(path) || job.wanted.times(path) === 0) continue
    if (job.through === 'spread') {
      if (!reads.coversTogether(job.of, job.addresses, path, file.size)) unread.push({ path, address: undefined })
    } else
      for (const address of job.addresses)
        if (!reads.covers(job.of, address, path, file.size)) unread.push({ path, address })
  }
  return unread
}

/** What a job that ended got wrong, in words. */
export function wrongEnding(given: {
  job: SimJob
  status: RunStatus
  unread: readonly Unread[]
  failures: readonly Failure[]
  scenario: Scenario
  /** What may be given up as unread: paths of items under which one worker after the other died. */
  wornOut: ReadonlySet<string>
}): string[] {
  const { job, status, unread, failures, scenario, wornOut } = given
  const wrong: string[] = []
  const expect = (what: string, got: unknown, wanted: unknown): void => {
    if (got !== wanted) wrong.push(`${job.label}: ${what}: got ${String(got)}, expected ${String(wanted)}`)
  }
  if (status.outcome === 'cancelled')
    return scenario.cancels ? [] : [`${job.label}: cancelled, and nobody asked for it`]
  if (status.outcome === 'lost' || status.outcome === 'refused')
    return [`${job.label}: ${status.outcome}, ${status.problem ?? 'no reason'}`]

  const failed = new Failed(failures)
  const silent = unread.filter(({ path, address }) => !failed.covers(path, address))
  if (silent.length > 0)
    wrong.push(
      `${job.label}: ${silent.length} files ended unread and nobody says so, such as ${JSON.stringify(silent[0])}`,
    )
  const { wanted } = job
  const unnamed = [...wanted.noTrees, ...wanted.noFiles].filter((path) => !failed.named(path, job))
  if (unnamed.length > 0)
    wrong.push(`${job.label}: ${unnamed.length} listed paths are no files and nobody says so, such as ${unnamed[0]}`)
  const { counts } = status.progress
  const sound = counts.files > 0 ? 'warmed' : 'nothing matched'
  expect('outcome', status.outcome, failures.length > 0 ? 'completed with failures' : sound)
  const calmTree = !scenario.faults.has('tree changes')
  const away = scenario.faults.has('address away')
  if (!away) {
    const givenUp = failures.filter(({ code, path }) => code === 'UNREAD' && !wornOut.has(path))
    expect('items given up', givenUp.length, 0)
  }
  const calmFiler = !away && wornOut.size === 0
  const all = [...job.of.files].filter(([path]) => wanted.times(path) > 0)
  const timesOf = (list: readonly (readonly [string, unknown])[]): number =>
    list.reduce((total, [path]) => total + wanted.times(path), 0)
  if (!calmTree) {
    const stable = timesOf(all.filter(([path, file]) => isStable(job, path, file)))
    if (calmFiler && counts.files < stable)
      wrong.push(`${job.label}: ${counts.files} files, at least ${stable} were there all the time`)
    if (counts.files > timesOf(all))
      wrong.push(`${job.label}: ${counts.files} files, there never were more than ${timesOf(all)}`)
    return wrong
  }
  const readable = all.filter(([path]) => !job.of.denied.has(path))
  const directories = [...job.of.directories.keys()]
  /** What failed counts all the same where its first piece came, or where it is named twice and came the other time. */
  const mayCount = (path: string, didFail: boolean): boolean =>
    didFail && (isLarge(path, job) || wanted.times(path) > 1)
  if (calmFiler) {
    const perFile = job.through === 'each' ? job.addresses.length : 1
    expect('files', counts.files, timesOf(readable))
    expect(
      'bytes',
      counts.bytes,
      readable.reduce((total, [path, { size }]) => total + size * wanted.times(path), 0),
    )
    expect('directories', counts.directories, sum(directories.map(wanted.directoryTimes)))
    expect('links, devices and the like', counts.specialSkipped, specialsIn(job.of, wanted))
    const denied = [...job.of.denied].filter((path) => wanted.times(path) > 0)
    const least = (denied.length + wanted.noFiles.size) * perFile + wanted.noTrees.size
    // Each piece of a large one may be refused by another address.
    const most =
      job.through === 'each'
        ? least
        : least + denied.filter((path) => isLarge(path, job)).length * (job.addresses.length - 1)
    if (failed.size < least || failed.size > most) expect('failed files', failed.size, least)
  } else {
    // Every file either came through an address or is a failure of it. What lies in a directory whose listing failed on
    // its way, or of which a part was given up, may have come all the same; so may the beginning of a large file.
    const listed = readable.filter(([path]) => !failed.hides(path))
    const least = timesOf(listed.filter(([path]) => !failed.at(path, job)))
    const perhaps = timesOf(readable.filter(([path]) => failed.hides(path) || mayCount(path, failed.at(path, job))))
    if (counts.files < least || counts.files > least + perhaps) expect('files', counts.files, least)
    const listable = sum(directories.filter((path) => !failed.hides(path)).map(wanted.directoryTimes))
    if (counts.directories < listable || counts.directories > sum(directories.map(wanted.directoryTimes)))
      expect('directories', counts.directories, listable)
  }
  const through = job.addresses.map((address) => counts.mounts[address]?.files ?? 0)
  if (job.through === 'spread') {
    // One whose first piece came, and a later one did not, counts for the address and not as a file.
    const least = counts.files
    const perhaps = failed.size * Math.max(1, ...all.map(([path]) => wanted.times(path)))
    if (sum(through) < least || sum(through) > least + perhaps) expect('files through all', sum(through), least)
  } else
    job.addresses.forEach((address, at) => {
      const came = timesOf(readable.filter(([path]) => !failed.covers(path, address)))
      const perhaps = timesOf(
        readable.filter(([path]) => failed.hides(path) || mayCount(path, failed.covers(path, address))),
      )
      const got = through[at] ?? 0
      if (got < came || got > came + perhaps) expect(`files through ${address}`, got, came)
    })
  return wrong
}

/** Longer files are read, and handed away, in pieces. Each piece has its own fate, and the first one counts as the file. */
const chunkBytes = 64 * 1024 * 1024

const isLarge = (path: string, { of }: SimJob): boolean => (of.files.get(path)?.size ?? 0) > chunkBytes

const isStable = (job: SimJob, path: string, { changed, gone }: SimFile): boolean =>
  !changed && !gone && !job.of.denied.has(path)

const sum = (list: readonly number[]): number => list.reduce((total, one) => total + one, 0)

/** Failures by path and address. */
class Failed {
  readonly #files = new Set<string>()
  /** Paths that failed as a whole, whatever the address: directories that could not be listed, items that were given up. */
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
