import {
  type Attributes,
  type CallOptions,
  type FileHandle,
  firstReadBytes,
  longReadBytes,
  type NfsExport,
  type ReadRangeResult,
  type ReadResult,
  type Receiver,
  type ResolvedPath,
  readRange,
} from '@cachewarmer/nfs'
import { isWalkError, tooLarge, WalkError } from '../../errors.ts'
import type { Limiter } from '../../limits/limiter.ts'
import type { ReadOptions, ReadOutcome, Target } from '../mount.ts'
import { type ReadReceiver, rejectLater } from '../quick-read.ts'
import type { ForeignHandles } from './foreign-handles.ts'
import { fromNfs, isStale, kindOf } from './translate.ts'

export interface ReadsOptions {
  readonly foreign: ForeignHandles
  /** Bounds the READs of long reads. */
  readonly longReads: Limiter
  /** READs in flight for one long read. */
  readonly readsPerFile: number
  readonly now: () => number
}

/** Reads through one export: nearly all by a single READ, the others by `readRange`, by path where a handle is stale. */
export class Reads {
  private readonly mounted: NfsExport
  private readonly options: ReadsOptions

  constructor(mounted: NfsExport, options: ReadsOptions) {
    this.mounted = mounted
    this.options = options
  }

  /** Called per file, and most have a handle of this mount's own. */
  readTo(target: Target, asked: ReadOptions, receiver: ReadReceiver): void {
    const { offset, length, size, signal } = asked
    if (signal.aborted) rejectLater(receiver, signal.reason)
    else if (typeof target.handle !== 'string' || target.foreign || isLong(asked))
      tellEnd(this.readSlowly(target, asked), receiver)
    else if (size !== undefined && size > this.mounted.maxFileBytes) rejectLater(receiver, tooLarge(target.path, size))
    else {
      const handle = target.handle as FileHandle
      const shortRead = new ShortRead(this, target.path, handle, asked, receiver)
      this.mounted.readTo(shortRead, handle, offset, firstReadBytes(offset, length, size), asked)
    }
  }

  /** The first READ did not bring the file to its end, as far as is known. */
  continued({ path, handle, asked }: ShortRead, first: ReadResult): Promise<ReadOutcome> {
    return this.readSlowly({ path, handle }, asked, { first })
  }

  /** The first READ failed. */
  failed({ path, asked }: ShortRead, error: unknown): Promise<ReadOutcome> {
    if (isStale(error)) return this.readSlowly({ path }, asked, { inVain: 1 })
    return Promise.reject(asReadError(fromNfs(error, path)))
  }

  /** A long read, one whose handle has to be checked, or one that a first READ has not settled. */
  private async readSlowly(
    target: Target,
    asked: ReadOptions,
    { first, inVain = 0 }: { readonly first?: ReadResult; readonly inVain?: number } = {},
  ): Promise<ReadOutcome> {
    const { path } = target
    let requests = inVain + (first ? 1 : 0)
    const onCall = (): void => {
      requests++
    }
    try {
      this.refuseTooLarge(path, asked)
      const handle = await this.options.foreign.handleOf(target, { onCall })
      let outcome = handle === undefined ? undefined : await this.readByHandle(handle, asked, onCall, first)
      outcome ??= await this.readByPath(path, asked, onCall)
      this.refuseTooLarge(path, outcome)
      return { ...outcome, requests }
    } catch (error) {
      throw asReadError(fromNfs(error, path))
    }
  }

  private refuseTooLarge(path: string, { size = 0 }: { readonly size?: number | undefined }): void {
    if (size > this.mounted.maxFileBytes) throw tooLarge(path, size)
  }

  /** Undefined where the handle is stale. */
  private async readByHandle(
    handle: FileHandle,
    asked: ReadOptions,
    onCall: () => void,
    first?: ReadResult,
  ): Promise<ReadOutcome | undefined> {
    try {
      return await this.readRange(handle, asked, onCall, first)
    } catch (error) {
      if (isStale(error)) return undefined
      throw error
    }
  }

  private async readByPath(path: string, asked: ReadOptions, onCall: () => void): Promise<ReadOutcome> {
    asked.signal.throwIfAborted()
    const { handle, attributes } = await look(this.mounted, path, { signal: asked.signal, onCall })
    if (kindOf(attributes.type) !== 'file') throw new WalkError('NOT_A_FILE', `${path}: a ${attributes.type}`)
    return await this.readRange(handle, { ...asked, size: Number(attributes.size) }, onCall)
  }

  private async readRange(
    handle: FileHandle,
    asked: ReadOptions,
    onCall: () => void,
    first?: ReadResult,
  ): Promise<ReadOutcome> {
    const { longReads, readsPerFile: inFlight, now } = this.options
    const { offset, length, size, signal, arrivals } = asked
    const beganMs = now()
    const onBytes = arrivals && ((bytes: number) => arrivals.arrived(bytes))
    if (first) onBytes?.(first.count)
    const limiter = isLong(asked) ? longReads : undefined
    const options = { offset, length, expectedSize: size, inFlight, limiter, now, signal, onCall, onBytes, first }
    const range = await readRange(this.mounted, handle, options)
    const firstMs = range.firstMs ?? (first ? undefined : now() - beganMs)
    return { ...(outcomeOf(range) ?? (await this.learnSize(handle, range, asked, onCall))), firstMs }
  }

  /** For servers that send no attributes along. */
  private async learnSize(
    handle: FileHandle,
    range: ReadRangeResult,
    { offset, signal }: ReadOptions,
    onCall: () => void,
  ): Promise<ReadOutcome> {
    const { size } = await this.mounted.getattr(handle, { signal, onCall })
    return outcomeOf({ ...range, size, eof: size <= offset + range.bytes }) as ReadOutcome
  }
}

const tellEnd = (read: Promise<ReadOutcome>, receiver: ReadReceiver): void =>
  void read.then(
    (outcome) => receiver.resolve(outcome),
    (error: unknown) => receiver.reject(error),
  )

/**
 * A read that one READ settles, as it does for nearly all files. Thousands are in flight, and the collector moves about
 * what lives meanwhile: so each has this object, and nothing else.
 */
class ShortRead implements Receiver<ReadResult> {
  private readonly by: Reads
  readonly path: string
  readonly handle: FileHandle
  readonly asked: ReadOptions
  private readonly receiver: ReadReceiver

  constructor(by: Reads, path: string, handle: FileHandle, asked: ReadOptions, receiver: ReadReceiver) {
    this.by = by
    this.path = path
    this.handle = handle
    this.asked = asked
    this.receiver = receiver
  }

  resolve(first: ReadResult): void {
    const { count } = first
    const { offset, size: listed = 0 } = this.asked
    const reached = offset + count
    const size = first.size === undefined ? Number.POSITIVE_INFINITY : Number(first.size)
    // Most files: reply and listing agree that nothing is left. `readStanding` judges all else.
    if (size <= reached && listed <= reached) this.receiver.resolve({ bytes: count, end: true, size, requests: 1 })
    else tellEnd(this.by.continued(this, first), this.receiver)
  }

  reject(error: unknown): void {
    tellEnd(this.by.failed(this, error), this.receiver)
  }
}

/** What a path leads to, with attributes. */
export async function look(
  mounted: NfsExport,
  path: string,
  asking: CallOptions,
): Promise<ResolvedPath & { attributes: Attributes }> {
  const found = await mounted.resolve(path, asking)
  return { ...found, attributes: found.attributes ?? (await mounted.getattr(found.handle, asking)) }
}

/** Undefined where neither the read nor the listing told the size of a file that continues. */
function outcomeOf({ bytes, eof, size, firstMs, reads: requests }: ReadRangeResult): ReadOutcome | undefined {
  if (size === undefined) return eof ? { bytes, end: true, firstMs, requests } : undefined
  return { bytes, end: eof, size: Number(size), firstMs, requests }
}

/** RFC 1813 section 3.3.6: READ of what is neither file nor directory is INVAL. */
function asReadError(error: unknown): unknown {
  const cause = isWalkError(error) ? (error.cause as { readonly code?: unknown } | undefined) : undefined
  return isWalkError(error) && cause?.code === 'INVAL'
    ? new WalkError('NOT_A_FILE', error.message, { cause: error.cause })
    : error
}

/** As far as is known before the read. */
const isLong = ({ offset, length, size }: ReadOptions): boolean =>
  (size === undefined ? length : Math.min(length, size - offset)) >= longReadBytes
