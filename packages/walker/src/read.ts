import type { MountRead } from './counters.ts'
import { asWalkError, WalkError } from './errors.ts'
import { hashPath } from './hash.ts'
import type { LargeFile } from './large-file.ts'
import type { Mount, ReadOutcome } from './mount.ts'
import { type Member, targetFor, wentAway } from './mount-set.ts'
import { findFile } from './page.ts'
import type { Chunk, ReadUnit } from './read-unit.ts'
import type { Run } from './run.ts'
import { largeFile } from './sources.ts'

/**
 * Reads one unit: through the mount that its path's hash names and, when that is done, through the others at once, so
 * that a clustered cache fetches it from afar a single time. Called with a read slot taken, which it gives back.
 */
export const readUnit = (run: Run, unit: ReadUnit): Promise<void> => new Reading(run, unit).all()

const none: readonly never[] = []

interface FailedRead {
  readonly mount: string
  readonly error: WalkError
}

/**
 * One for each file, thousands at a time: of what happens here nothing may cost much, neither objects nor promises. All
 * that lives while a reply is on its way is moved about by the collector again and again.
 */
class Reading {
  readonly #hash: number
  readonly #run: Run
  readonly #unit: ReadUnit
  #chunk: Chunk | undefined
  #reads: readonly MountRead[] = none
  #errors: readonly FailedRead[] = none
  /** The walk stopped before every mount had its turn. */
  #broken = false
  /** Of a walk that reads nothing: what the file's attributes say. */
  #size = 0

  constructor(run: Run, unit: ReadUnit) {
    this.#run = run
    this.#unit = unit
    this.#chunk = unit.chunk
    this.#hash = hashPath(unit.path) + (unit.chunk?.ordinal ?? 0)
    if (unit.chunk) run.begun.add(unit.chunk.file)
  }

  all(): Promise<void> {
    const readers = this.#run.mounts.readers(this.#hash)
    const [first] = readers
    if (!first || readers.length > 1) return this.#throughEach(readers)
    return this.#through(first).then((outcome) => {
      if (outcome) this.#plan(outcome)
      this.#finish()
    })
  }

  async #throughEach(readers: readonly Member[]): Promise<void> {
    const { slots } = this.#run
    let others = 0
    for (const member of readers) {
      if (others > 0) await slots.take()
      others++
      const outcome = await this.#through(member)
      if (outcome) this.#plan(outcome)
      // Until one has read it, the next is again the first.
      if (this.#reads.length > 0 || this.#broken) break
    }
    if (others < readers.length && !this.#broken)
      await Promise.all(readers.slice(others).map((member) => this.#inTurn(member)))
    this.#finish()
  }

  #inTurn(member: Member): Promise<unknown> {
    const { slots } = this.#run
    return slots.tryTake() ? this.#through(member) : slots.take().then(() => this.#through(member))
  }

  /**
   * Undefined when it failed, or when the walk stopped first. Gives back the slot that it was called with. A mount that
   * does not answer is waited for, or another stands in; what one took along when it went is asked again, a few times.
   */
  async #through(member: Member): Promise<ReadOutcome | undefined> {
    const { settings, slots, tallies, mounts, waiting } = this.#run
    const hash = this.#hash
    tallies.live.inFlight++
    try {
      // One failure a file and mount: where a chunk failed, the file's others need not try.
      if (this.#chunk?.file.errors.has(member.name)) return undefined
      for (let tries = 1; ; tries++) {
        const by =
          mounts.standIn(member, hash) ?? (await mounts.serving(member, { path: this.#unit.path, hash, waiting }))
        const turn = by.turns.take()
        if (turn) await turn
        const beganMs = settings.clock.now()
        let tookMs: number | undefined
        by.inFlight++
        try {
          const outcome = this.#run.going ? await this.#ask(by) : undefined
          tookMs = outcome && settings.clock.now() - beganMs
          if (outcome) this.#note(by.name, outcome, tookMs)
          else this.#broken = true
          return outcome
        } catch (error) {
          if (tries === mounts.tries || !wentAway(asWalkError(error), by.mount)) throw error
        } finally {
          by.inFlight--
          by.turns.give(tookMs)
        }
      }
    } catch (error) {
      const trouble = asWalkError(error)
      if (settings.signal.aborted || (trouble.code === 'MOUNT_DOWN' && !this.#run.going)) this.#broken = true
      else this.#errors = [...this.#errors, { mount: member.name, error: trouble }]
      return undefined
    } finally {
      tallies.live.inFlight--
      slots.give()
    }
  }

  /** Only the mount that is first to read a file finds what nobody had asked for before. */
  #note(mount: string, { bytes, firstMs }: ReadOutcome, tookMs: number | undefined): void {
    const isTimed = this.#reads.length === 0 && !this.#run.settings.attributesOnly
    this.#reads = [...this.#reads, { mount, bytes, firstMs: isTimed ? (firstMs ?? tookMs) : undefined }]
  }

  #ask({ mount }: Member): Promise<ReadOutcome> {
    const { attributesOnly, headBytes, chunkBytes, signal } = this.#run.settings
    if (attributesOnly) return this.#look(mount)
    const { real, handle, from, size } = this.#unit
    const chunk = this.#chunk
    return mount.read(targetFor(real, handle, from, mount), {
      offset: chunk ? chunk.offset : 0,
      length: chunk ? chunk.length : Math.min(headBytes, chunkBytes),
      size,
      signal,
    })
  }

  async #look(mount: Mount): Promise<ReadOutcome> {
    const { path, real } = this.#unit
    const { kind, size = 0 } = await mount.stat(real, { signal: this.#run.settings.signal })
    if (kind !== 'file') throw new WalkError('NOT_A_FILE', `${path}: not a regular file`)
    this.#size = size
    return { bytes: 0, end: true, size }
  }

  /** After the first read: a file that goes on is a large one from here, with what was just read as its first chunk. */
  #plan({ end, size = 0 }: ReadOutcome): void {
    const { frontier, begun, settings } = this.#run
    if (!this.#chunk) {
      if (end || settings.headBytes <= settings.chunkBytes) return
      const file = largeFile(settings, this.#unit, { offset: 0, length: settings.headBytes, ordinal: 0 })
      this.#chunk = file.next()?.chunk
      begun.add(file)
    }
    const file = this.#chunk?.file
    if (!file || file.planned) return
    file.plan(end ? 0 : size)
    frontier.addSource(file)
  }

  #finish(): void {
    if (this.#chunk) this.#finishChunk(this.#chunk)
    else if (this.#broken) this.#run.giveBack(this.#unit)
    else this.#finishFile()
  }

  #finishFile(): void {
    const { path, tally } = this.#unit
    const { tallies, settings } = this.#run
    const ok = this.#errors.length === 0
    const isFound = ok && settings.attributesOnly
    const bytes = ok ? (this.#reads[0]?.bytes ?? 0) : 0
    tallies.achieve(tally, { files: ok && !isFound ? 1 : 0, bytes, reads: this.#reads })
    if (isFound) findFile(this.#run, { path, size: this.#size, tally })
    for (const { mount, error } of this.#errors) this.#run.fail(tally, path, error, mount)
    if (ok) this.#run.emit({ kind: 'file', path, bytes, reads: this.#reads })
  }

  #finishChunk(chunk: Chunk): void {
    const { file } = chunk
    for (const { mount, error } of this.#errors) if (!file.errors.has(mount)) file.errors.set(mount, error)
    if (this.#broken) file.giveBack(chunk)
    else file.done(chunk, this.#reads[0]?.bytes ?? 0, this.#reads)
    if (file.finished && this.#run.going) closeFile(this.#run, file)
  }
}

/** Counts what was read of a large file. */
export function closeFile(run: Run, file: LargeFile): void {
  const { unit, errors } = file
  const achieved = file.achieved()
  run.begun.delete(file)
  run.tallies.achieve(unit.tally, achieved)
  for (const [mount, error] of errors) run.fail(unit.tally, unit.path, error, mount)
  if (achieved.files === 1) run.emit({ kind: 'file', path: unit.path, bytes: achieved.bytes, reads: achieved.reads })
}
