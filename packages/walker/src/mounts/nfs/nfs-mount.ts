import {
  type Attributes,
  type CallOptions,
  type Clock,
  type FileHandle,
  firstReadBytes,
  LONG_READ_BYTES,
  type MountOptions,
  mountExport,
  type NfsExport,
  type NfsObserver,
  type ReadRangeOptions,
  type ReadRangeResult,
  type ReadResult,
  type ResolvedPath,
  readRange,
  systemClock,
} from '@cachewarmer/nfs'
import { isWalkError, tooLarge, WalkError } from '../../errors.ts'
import { type AdaptiveLimit, adaptiveLimit, type LatencyObserver } from '../../limits/adaptive-limit.ts'
import type { Limiter } from '../../limits/limiter.ts'
import { nameOf } from '../../paths.ts'
import type {
  Asking,
  DirectoryPage,
  Entry,
  ListOptions,
  Mount,
  ReadOptions,
  ReadOutcome,
  StatOptions,
  Target,
} from '../mount.ts'
import { ForeignHandles } from './foreign-handles.ts'
import { listPages } from './listing.ts'
import { ShortRead, type ShortReads } from './reads.ts'
import { entryOf, fromNfs, identityOf, idOf, isStale, kindOf } from './translate.ts'

/** Of directories of a few files it takes so many to keep a thousand reads in flight behind a slow link. */
const maxListings = 64

/**
 * READs of long reads in flight. Behind no latency two of them keep a server busy, and more only drive each other's bytes
 * out of its caches; behind 100 ms it takes hundreds. So they have a search of their own, which begins at the few.
 */
const longReads = { min: 1, easy: 2, max: 512 }
const longReadConnections = 4

export interface NfsMountOptions {
  /** What to open, or an export that is open already and belongs to the mount from now on. */
  readonly export: MountOptions | NfsExport
  /** What reports call the mount. Default: the host as given. */
  readonly name?: string | undefined
  /** Reads in flight that may make sense here. Default 1024. */
  readonly maxInFlight?: number | undefined
  /** Bounds the reads in flight. Default: an `adaptiveLimit` up to `maxInFlight` that hears how the calls go. */
  readonly limiter?: Limiter | undefined
  /** READs in flight for one long read; short ones take a single READ. Default 8. */
  readonly readsPerFile?: number | undefined
  /** Where clients see the export, for absolute links in it. Default: its path on the server. */
  readonly seenAt?: string | undefined
  /** Times reads, and what bounds them. Default: the clock of `export`, else the system's. */
  readonly clock?: Clock | undefined
}

/**
 * A mount that speaks NFSv3 itself: READDIRPLUS pages bring names, sizes and handles, so that a small file then costs
 * one READ. Listings can be resumed, here and through other addresses of the same handle space.
 * A handle that has gone stale, or that another address gave out and this one does not take, is replaced by a lookup of
 * its path, once a call. A listing whose cookie has gone stale starts over and skips the names that it gave; it fails with
 * `LISTING_CHANGED` where another process has listed what came before, or where the server leads it back to where it was.
 * Throws a `WalkError` with the client's text when the export can't be opened, or the signal's reason.
 */
export async function nfsMount(options: NfsMountOptions): Promise<Mount> {
  const { export: given, maxInFlight = 1024 } = options
  if ('handleSpace' in given) {
    const { clock } = options
    const limiter = options.limiter ?? adaptiveLimit({ max: maxInFlight, clock })
    return mountOver(given, { ...options, maxInFlight, limiter, longReads: adaptiveLimit({ ...longReads, clock }) })
  }
  const { clock = given.clock } = options
  const long = adaptiveLimit({ ...longReads, clock })
  const own = options.limiter ? undefined : adaptiveLimit({ max: maxInFlight, clock })
  const heard = own ? both(own, given.observer) : given.observer
  const mounted = await opened({ longReadConnections, ...given, observer: both(troubleOnly(long), heard) })
  return mountOver(mounted, {
    ...options,
    maxInFlight,
    limiter: options.limiter ?? own ?? long,
    longReads: long,
    clock,
  })
}

/** Long reads are timed one by one: the latencies of all READs are mostly those of short ones. */
const troubleOnly = (limit: AdaptiveLimit): LatencyObserver => ({
  latency: () => undefined,
  jukebox: () => limit.jukebox(),
  timeout: () => limit.timeout(),
  reconnect: () => limit.reconnect(),
})

async function opened(options: MountOptions): Promise<NfsExport> {
  try {
    return await mountExport(options)
  } catch (error) {
    throw fromNfs(error)
  }
}

const both = (limit: LatencyObserver, other: NfsObserver = {}): NfsObserver => ({
  latency(ms, procedure) {
    limit.latency(ms, procedure)
    other.latency?.(ms, procedure)
  },
  jukebox(procedure, waitMs) {
    limit.jukebox()
    other.jukebox?.(procedure, waitMs)
  },
  timeout(procedure) {
    limit.timeout()
    other.timeout?.(procedure)
  },
  reconnect() {
    limit.reconnect()
    other.reconnect?.()
  },
})

function mountOver(
  mounted: NfsExport,
  options: NfsMountOptions & {
    readonly maxInFlight: number
    readonly limiter: Limiter
    readonly longReads: Limiter
  },
): Mount {
  const {
    name = mounted.host,
    maxInFlight,
    limiter,
    longReads: ofLongReads,
    readsPerFile = 8,
    seenAt = mounted.exportPath,
    clock = systemClock,
  } = options
  const now = (): number => clock.now()
  const foreign = new ForeignHandles(mounted)

  /** Undefined where the path has to be looked up. */
  function handleOf(
    { path, handle, foreign: isForeign }: Target,
    asking: CallOptions,
  ): FileHandle | undefined | Promise<FileHandle | undefined> {
    if (typeof handle !== 'string') return undefined
    const given = handle as FileHandle
    return isForeign ? foreign.accepts(path, given, asking).then((accepted) => (accepted ? given : undefined)) : given
  }

  async function* list(target: Target, { resume, ...options }: ListOptions): AsyncGenerator<DirectoryPage, void> {
    const { path } = target
    const { asking, nextQuestion } = tellingOfFurther(options)
    try {
      options.signal.throwIfAborted()
      const given = await handleOf(target, asking)
      if (given !== undefined && (yield* listBy(given))) return
      const { handle } = await mounted.resolve(path, asking)
      for await (const page of listPages(mounted, { directory: handle, path, resume, asking })) {
        yield page
        nextQuestion()
      }
    } catch (error) {
      throw fromNfs(error, path)
    }

    /** False, and no page, when the handle is stale. */
    async function* listBy(directory: FileHandle): AsyncGenerator<DirectoryPage, boolean> {
      let begun = false
      try {
        for await (const page of listPages(mounted, { directory, path, resume, asking })) {
          begun = true
          yield page
          nextQuestion()
        }
      } catch (error) {
        if (begun || !isStale(error)) throw error
        return false
      }
      return true
    }
  }

  async function look(path: string, asking: CallOptions): Promise<ResolvedPath & { attributes: Attributes }> {
    const found = await mounted.resolve(path, asking)
    return { ...found, attributes: found.attributes ?? (await mounted.getattr(found.handle, asking)) }
  }

  async function stat(path: string, options: StatOptions): Promise<Entry> {
    try {
      options.signal.throwIfAborted()
      const { handle, attributes, above } = await look(path, tellingOfFurther(options).asking)
      const entry = { ...entryOf(nameOf(path), attributes, handle), id: idOf(attributes) }
      return options.above ? { ...entry, above: above().map(identityOf) } : entry
    } catch (error) {
      throw fromNfs(error, path)
    }
  }

  async function readLink(path: string, options: Asking): Promise<string> {
    let target: string
    try {
      options.signal.throwIfAborted()
      const { asking } = tellingOfFurther(options)
      target = await mounted.readlink((await mounted.resolve(path, asking)).handle, asking)
    } catch (error) {
      throw fromNfs(error, path)
    }
    return target.startsWith('/') ? withinExport(path, target, seenAt) : target
  }

  /** No async function: it is called for every file, and most have a handle of this mount's own. */
  function read(target: Target, asked: ReadOptions): Promise<ReadOutcome> {
    if (asked.signal.aborted) return Promise.reject(asked.signal.reason)
    if (typeof target.handle !== 'string' || target.foreign || isLong(asked)) return readSlowly(target, asked)
    const handle = target.handle as FileHandle
    const { offset, length, size } = asked
    if (size !== undefined && size > mounted.maxFileBytes) return Promise.reject(tooLarge(target.path, size))
    return new Promise((resolve) => {
      const shortRead = new ShortRead(shortReads, target.path, handle, asked, resolve)
      mounted.readTo(shortRead, handle, offset, firstReadBytes(offset, length, size), asked)
    })
  }

  const shortReads: ShortReads = {
    goOn: ({ path, handle, asked }, first) => readSlowly({ path, handle }, asked, { first }),
    failed({ path, asked }, error) {
      if (isStale(error)) return readSlowly({ path }, asked, { inVain: 1 })
      return Promise.reject(asReadError(fromNfs(error, path)))
    },
  }

  /** A long read, or one of which the handle has to be asked for, or that a first READ has not settled. */
  async function readSlowly(
    target: Target,
    asked: ReadOptions,
    { first, inVain = 0 }: { readonly first?: ReadResult; readonly inVain?: number } = {},
  ): Promise<ReadOutcome> {
    const { path } = target
    refuseTooLarge(path, asked)
    let requests = inVain + (first ? 1 : 0)
    const onCall = (): void => {
      requests++
    }
    try {
      const handle = await handleOf(target, { onCall })
      let outcome: ReadOutcome | undefined
      if (handle !== undefined) {
        try {
          outcome = await readBy(handle, asked, onCall, first)
        } catch (error) {
          if (!isStale(error)) throw error
        }
      }
      outcome ??= await readByPath(path, asked, onCall)
      refuseTooLarge(path, outcome)
      return { ...outcome, requests }
    } catch (error) {
      throw asReadError(fromNfs(error, path))
    }
  }

  function refuseTooLarge(path: string, { size = 0 }: { readonly size?: number | undefined }): void {
    if (size > mounted.maxFileBytes) throw tooLarge(path, size)
  }

  async function readByPath(path: string, asked: ReadOptions, onCall: () => void): Promise<ReadOutcome> {
    asked.signal.throwIfAborted()
    const { handle, attributes } = await look(path, { signal: asked.signal, onCall })
    if (kindOf(attributes.type) !== 'file') throw new WalkError('NOT_A_FILE', `${path}: a ${attributes.type}`)
    return await readBy(handle, { ...asked, size: Number(attributes.size) }, onCall)
  }

  async function readBy(
    handle: FileHandle,
    asked: ReadOptions,
    onCall: () => void,
    first?: ReadResult,
  ): Promise<ReadOutcome> {
    const beganMs = now()
    const { arrivals } = asked
    const onBytes = arrivals && ((bytes: number) => arrivals.arrived(bytes))
    if (first) onBytes?.(first.count)
    const range = await readRange(mounted, handle, { ...rangeOf(asked), onCall, onBytes, first })
    const firstMs = range.firstMs ?? (first ? undefined : now() - beganMs)
    return { ...(outcomeOf(range) ?? (await learnSize(handle, range, asked, onCall))), firstMs }
  }

  function rangeOf(asked: ReadOptions): ReadRangeOptions {
    const { offset, length, size, signal } = asked
    const limiterOfReads = isLong(asked) ? ofLongReads : undefined
    return { offset, length, expectedSize: size, inFlight: readsPerFile, limiter: limiterOfReads, now, signal }
  }

  /** For servers that send no attributes along. */
  async function learnSize(
    handle: FileHandle,
    range: ReadRangeResult,
    asked: ReadOptions,
    onCall: () => void,
  ): Promise<ReadOutcome> {
    const { size } = await mounted.getattr(handle, { signal: asked.signal, onCall })
    return outcomeOf({ ...range, size, eof: size <= asked.offset + range.bytes }) as ReadOutcome
  }

  return {
    name,
    get handleSpace() {
      return foreign.refused ? undefined : mounted.handleSpace
    },
    maxFileBytes: mounted.maxFileBytes,
    maxInFlight,
    maxListings,
    limiter,
    longReads: ofLongReads,
    list,
    stat,
    readLink,
    read,
    close: () => mounted.close(),
  }
}

/** Calls of a question, of which it is told after the first; of a listing, after each page's. */
function tellingOfFurther({ signal, onFurtherRequest }: Asking): { asking: CallOptions; nextQuestion: () => void } {
  let isFirst = true
  const onCall = (): void => {
    if (!isFirst) onFurtherRequest?.()
    isFirst = false
  }
  const nextQuestion = (): void => {
    isFirst = true
  }
  return { asking: { signal, onCall: onFurtherRequest && onCall }, nextQuestion }
}

/** Undefined where neither the read nor the listing told the size of a file that goes on. */
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

/** Absolute links mean what clients see. */
function withinExport(path: string, target: string, seenAt: string): string {
  const prefix = seenAt.endsWith('/') ? seenAt : `${seenAt}/`
  if (`${target}/` === prefix) return '/'
  if (target.startsWith(prefix)) return target.slice(prefix.length - 1)
  throw new WalkError(
    'OUTSIDE',
    `${path}: the link leads to ${target}, out of the export, which clients see at ${seenAt}`,
  )
}

/** For all that is known. */
const isLong = ({ offset, length, size }: ReadOptions): boolean =>
  (size === undefined ? length : Math.min(length, size - offset)) >= LONG_READ_BYTES
