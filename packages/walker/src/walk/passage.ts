import { asWalkError, WalkError } from '../errors.ts'
import type { TurnTaker } from '../limits/limiter.ts'
import {
  type Arrivals,
  isComplete,
  type Mount,
  type ReadOptions,
  type ReadOutcome,
  type Target,
} from '../mounts/mount.ts'
import { type ReadReceiver, rejectLater } from '../mounts/quick-read.ts'
import type { Context } from './context.ts'
import { type Member, targetFor, wentAway } from './mount-set.ts'
import type { Chunk, ReadUnit } from './sources.ts'

/** Who has a unit read, through one mount or several, and hears what comes of each. */
export interface PassageOwner {
  readonly unit: ReadUnit
  readonly chunk: Chunk | undefined
  /** Of the path: turns the choice among mounts. */
  readonly hash: number
  /** What a walk that reads nothing asks a mount for instead. */
  look(mount: Mount): Promise<ReadOutcome>
  /** Bytes arrived, and the read continues; below 0: that many bytes are void, as their read failed. */
  arrived(bytes: number): void
  came(mount: string, outcome: ReadOutcome, tookMs: number): void
  failed(mount: string, error: WalkError): void
  /** The walk stopped before its turn. */
  broke(): void
  /** The last that a passage says; its slot is given back by then. */
  passed(outcome: ReadOutcome | undefined): void
  crashed(error: unknown): void
}

/**
 * A unit on its way through one mount: a mount that does not answer is waited for, or another stands in; what one took
 * along when it went is asked again, a few times. There are thousands of these at a time, and all that lives while a
 * reply is on its way is moved about by the collector again and again: so this is no async function, whose frame would be
 * larger than everything else of a file together.
 */
export class Passage implements TurnTaker, Arrivals, ReadReceiver {
  private readonly context: Context
  private readonly owner: PassageOwner
  private readonly member: Member
  /** Whom it is read through: the member, or who stands in. */
  private by: Member
  private tries = 1
  private beganMs = 0
  /** Bytes of the read under way that its mount has told of, each byte once. */
  private arrivedBytes = 0
  /** Undefined as long as the mount does not stop sending in the middle of the file. */
  private stall: Stall | undefined

  constructor(context: Context, owner: PassageOwner, member: Member) {
    this.context = context
    this.owner = owner
    this.member = member
    this.by = member
  }

  /** Called with a read slot taken, which it gives back. Its owner hears nothing before this has returned. */
  start(): void {
    this.context.tallies.live.inFlight++
    // One failure a file and mount: where a chunk failed, the file's others need not try.
    if (this.owner.chunk?.file.errors.has(this.member.name)) queueMicrotask(() => this.end(undefined))
    else this.find()
  }

  begin(): void {
    const by = this.by
    if (!this.context.going) {
      by.turns.give(undefined)
      this.owner.broke()
      this.end(undefined)
      return
    }
    by.inFlight++
    this.beganMs = this.context.settings.clock.now()
    this.ask(by)
  }

  arrived(bytes: number): void {
    this.arrivedBytes += bytes
    this.context.tallies.live.bytesArrived += bytes
    this.owner.arrived(bytes)
  }

  fail(error: unknown): void {
    const { settings, going } = this.context
    const trouble = asWalkError(error)
    if (settings.signal.aborted || (trouble.code === 'MOUNT_DOWN' && !going)) this.owner.broke()
    else this.owner.failed(this.member.name, trouble)
    this.end(undefined)
  }

  private find(): void {
    const { mounts, waiting } = this.context
    const { hash, unit } = this.owner
    const by = mounts.standIn(this.member, hash)
    if (by) this.queue(by)
    else
      mounts.serving(this.member, { path: unit.path, hash, waiting }).then(
        (other) => this.queue(other),
        (error: unknown) => this.fail(error),
      )
  }

  private queue(by: Member): void {
    // What one mount sent is not what another one holds.
    if (this.by !== by) this.stall = undefined
    this.by = by
    try {
      if (by.turns.take(this)) this.begin()
    } catch (error) {
      this.owner.crashed(error)
    }
  }

  resolve(outcome: ReadOutcome): void {
    const by = this.by
    const tookMs = this.context.settings.clock.now() - this.beganMs
    // No caller catches what a callback throws: here it ends the walk, and not the process.
    try {
      if (!outcome.end && !isComplete(outcome, this.length)) {
        this.stalled(outcome, tookMs)
        return
      }
      const whole = this.stall ? this.stall.whole(outcome) : outcome
      if (whole.bytes > this.arrivedBytes) this.context.tallies.live.bytesArrived += whole.bytes - this.arrivedBytes
      this.owner.came(by.name, whole, tookMs)
      by.inFlight--
      by.turns.give(tookMs)
      this.end(whole)
    } catch (error) {
      this.owner.crashed(error)
    }
  }

  /** The mount sent no more in the middle of the file: that is tried again later, and nothing is held meanwhile. */
  private stalled(outcome: ReadOutcome, tookMs: number): void {
    const by = this.by
    const { tallies, slots } = this.context
    by.inFlight--
    by.turns.give(undefined)
    this.stall ??= new Stall({ offset: this.offset, length: this.length, firstMs: outcome.firstMs ?? tookMs })
    const pauseMs = this.stall.add(outcome)
    this.settleArrived(pauseMs === undefined ? 0 : this.stall.bytes)
    if (pauseMs === undefined) {
      this.owner.failed(by.name, this.stall.error(this.owner.unit.path, by.name))
      this.end(undefined)
      return
    }
    tallies.live.inFlight--
    slots.give()
    this.context.park(pauseMs, () => {
      if (slots.tryTake()) this.start()
      else void slots.take().then(() => this.start())
    })
  }

  /** Of what arrived this many bytes stand: the last of them may not have been told, and others have to come again. */
  private settleArrived(bytes: number): void {
    if (bytes > this.arrivedBytes) this.arrived(bytes - this.arrivedBytes)
    else if (bytes < this.arrivedBytes) this.owner.arrived(bytes - this.arrivedBytes)
    this.arrivedBytes = bytes
  }

  reject(error: unknown): void {
    const by = this.by
    try {
      by.inFlight--
      by.turns.give(undefined)
      this.settleArrived(0)
      this.stall = undefined
      if (this.tries++ < this.context.mounts.tries && wentAway(asWalkError(error), by.mount)) this.find()
      else this.fail(error)
    } catch (trouble) {
      this.owner.crashed(trouble)
    }
  }

  private end(outcome: ReadOutcome | undefined): void {
    const { tallies, slots } = this.context
    tallies.live.inFlight--
    slots.give()
    try {
      this.owner.passed(outcome)
    } catch (error) {
      this.owner.crashed(error)
    }
  }

  private ask({ mount, quickRead }: Member): void {
    try {
      if (!this.context.settings.read) this.hear(this.owner.look(mount))
      else if (quickRead) quickRead(this.target(mount), this.asked(), this)
      else this.hear(mount.read(this.target(mount), this.asked()))
    } catch (error) {
      rejectLater(this, error)
    }
  }

  private hear(read: Promise<ReadOutcome>): void {
    read.then(
      (outcome) => this.resolve(outcome),
      (error: unknown) => this.reject(error),
    )
  }

  private target(mount: Mount): Target {
    const { real, handle, from } = this.owner.unit
    return targetFor(real, handle, from, mount)
  }

  private asked(): ReadOptions {
    const { offset, length } = this
    return { offset, length, size: this.owner.unit.size, arrivals: this, signal: this.context.settings.signal }
  }

  /** What is to be read now: all of the unit, or what is left of it. */
  private get offset(): number {
    return (this.owner.chunk?.offset ?? 0) + (this.stall?.bytes ?? 0)
  }

  private get length(): number {
    const { headBytes, chunkBytes } = this.context.settings
    return (this.owner.chunk?.length ?? Math.min(headBytes, chunkBytes)) - (this.stall?.bytes ?? 0)
  }
}

/**
 * Pauses before a read that brought no bytes is tried again; each try that brings some begins them anew. Servers cache
 * sizes for 3 s (acregmin of most clients and proxies), so that a file just written may be told larger than it can be read:
 * the last try comes 4.5 s after the first.
 */
const pausesMs: readonly number[] = [0, 500, 1_000, 1_500, 1_500]
const stallMs: number = pausesMs.reduce((sum, ms) => sum + ms)

/** A read that a mount stopped sending in the middle of the file: what came, and when to try for the rest. */
export class Stall {
  /** Received so far. */
  bytes = 0
  private readonly asked: { readonly offset: number; readonly length: number; readonly firstMs: number }
  private size: number | undefined
  private tries = 0

  constructor(asked: { readonly offset: number; readonly length: number; readonly firstMs: number }) {
    this.asked = asked
  }

  /** Adds what a try brought. Gives the pause before the next one in milliseconds; undefined: enough of them. */
  add({ bytes, size }: ReadOutcome): number | undefined {
    this.bytes += bytes
    this.size = size ?? this.size
    if (bytes > 0) this.tries = 0
    return pausesMs[this.tries++]
  }

  /** The outcome of all tries, given that of the last. */
  whole(last: ReadOutcome): ReadOutcome {
    return { ...last, bytes: this.bytes + last.bytes, firstMs: this.asked.firstMs }
  }

  error(path: string, mount: string): WalkError {
    const { offset, length } = this.asked
    const expected = this.size === undefined ? 'more' : `${Math.min(length, this.size - offset)}`
    const from = offset === 0 ? '' : ` from offset ${offset} on`
    return new WalkError(
      'INCOMPLETE',
      `${path}: ${this.bytes} bytes received${from}, ${expected} expected; ${mount} sent no more for ${stallMs / 1000} s`,
    )
  }
}
