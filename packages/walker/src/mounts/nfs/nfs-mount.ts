import {
  type CallOptions,
  type Clock,
  type FileHandle,
  type MountOptions,
  mountExport,
  type NfsExport,
  type NfsObserver,
  systemClock,
} from '@cachewarmer/nfs'
import { WalkError } from '../../errors.ts'
import { type AdaptiveLimit, adaptiveLimit, type LatencyObserver } from '../../limits/adaptive-limit.ts'
import type { Limiter } from '../../limits/limiter.ts'
import { nameOf } from '../../paths.ts'
import type {
  Asking,
  DirectoryPage,
  Entry,
  ListOptions,
  OpenMount,
  Reach,
  ReadOptions,
  ReadOutcome,
  StatOptions,
  Target,
} from '../mount.ts'
import { type QuickRead, setQuickRead } from '../quick-read.ts'
import { ForeignHandles } from './foreign-handles.ts'
import { listPages } from './listing.ts'
import { look, Reads } from './reads.ts'
import { entryOf, fromNfs, identityOf, idOf, isStale } from './translate.ts'

/** With a few files per directory it takes this many to keep a thousand reads in flight behind a slow link. */
const maxListings = 64

/**
 * READs of long reads in flight. Behind no latency two of them keep a server busy, and more only drive each other's bytes
 * out of its caches; behind 100 ms it takes hundreds. So they have a search of their own, which begins at the few.
 */
const longReadBounds = { min: 1, easy: 2, max: 512 }
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
export async function nfsMount(options: NfsMountOptions): Promise<OpenMount> {
  const { export: given, maxInFlight = 1024, limiter } = options
  const isOpen = 'handleSpace' in given
  const clock = options.clock ?? (isOpen ? undefined : given.clock)
  const longReads = adaptiveLimit({ ...longReadBounds, clock })
  const own = limiter ?? adaptiveLimit({ max: maxInFlight, clock })
  const opened = { ...options, clock, maxInFlight, longReads, limiter: own }
  if (isOpen) return new NfsMount(given, opened)
  const heard = limiter ? given.observer : both(own as AdaptiveLimit, given.observer)
  const observer = both(troubleOnly(longReads), heard)
  return new NfsMount(await openExport({ longReadConnections, ...given, observer }), opened)
}

type OpenedOptions = NfsMountOptions & {
  readonly maxInFlight: number
  readonly limiter: Limiter
  readonly longReads: Limiter
}

/** Long reads are timed one by one: the latencies of all READs are mostly those of short ones. */
const troubleOnly = (limit: AdaptiveLimit): LatencyObserver => ({
  latency: () => undefined,
  jukebox: () => limit.jukebox(),
  timeout: () => limit.timeout(),
  reconnect: () => limit.reconnect(),
})

async function openExport(options: MountOptions): Promise<NfsExport> {
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

/** One export as a mount. Long reads and stale handles are for `Reads` and `ForeignHandles`. */
class NfsMount implements OpenMount {
  readonly name: string
  readonly peer: string | undefined
  readonly maxFileBytes: number
  readonly maxInFlight: number
  readonly maxListings = maxListings
  readonly reach: Reach = { by: 'NFSv3', doubts: new Set() }
  readonly limiter: Limiter
  readonly longReads: Limiter
  readonly read: (target: Target, options: ReadOptions) => Promise<ReadOutcome>
  private readonly mounted: NfsExport
  private readonly foreign: ForeignHandles
  private readonly reads: Reads
  private readonly seenAt: string

  constructor(
    mounted: NfsExport,
    { name, maxInFlight, limiter, longReads, readsPerFile = 8, seenAt, clock = systemClock }: OpenedOptions,
  ) {
    this.name = name ?? mounted.host
    this.peer = mounted.peer
    this.maxFileBytes = mounted.maxFileBytes
    this.maxInFlight = maxInFlight
    this.limiter = limiter
    this.longReads = longReads
    this.mounted = mounted
    this.foreign = new ForeignHandles(mounted)
    this.reads = new Reads(mounted, { foreign: this.foreign, longReads, readsPerFile, now: () => clock.now() })
    this.seenAt = seenAt ?? mounted.exportPath
    const quickRead: QuickRead = (target, asked, receiver) => this.reads.readTo(target, asked, receiver)
    this.read = (target, asked) => new Promise((resolve, reject) => quickRead(target, asked, { resolve, reject }))
    setQuickRead(this, quickRead)
  }

  get handleSpace(): string | undefined {
    return this.foreign.refused ? undefined : this.mounted.handleSpace
  }

  async *list(target: Target, options: ListOptions): AsyncGenerator<DirectoryPage, void> {
    const { path } = target
    const calls = countCalls(options)
    try {
      options.signal.throwIfAborted()
      const given = await this.foreign.handleOf(target, calls.asking)
      let begun = false
      if (given !== undefined) {
        try {
          for await (const page of this.pages(given, path, options.resume, calls)) {
            begun = true
            yield page
          }
          return
        } catch (error) {
          if (begun || !isStale(error)) throw error
        }
      }
      const { handle } = await this.mounted.resolve(path, calls.asking)
      yield* this.pages(handle, path, options.resume, calls)
    } catch (error) {
      throw fromNfs(error, path)
    }
  }

  private async *pages(
    directory: FileHandle,
    path: string,
    resume: string | undefined,
    { asking, nextQuestion }: CountedCalls,
  ): AsyncGenerator<DirectoryPage, void> {
    for await (const page of listPages(this.mounted, { directory, path, resume, asking })) {
      yield page
      nextQuestion()
    }
  }

  async stat(path: string, options: StatOptions): Promise<Entry> {
    try {
      options.signal.throwIfAborted()
      const { handle, attributes, above } = await look(this.mounted, path, countCalls(options).asking)
      const entry = { ...entryOf(nameOf(path), attributes, handle), id: idOf(attributes) }
      return options.above ? { ...entry, above: above().map(identityOf) } : entry
    } catch (error) {
      throw fromNfs(error, path)
    }
  }

  async readLink(path: string, options: Asking): Promise<string> {
    try {
      options.signal.throwIfAborted()
      const { asking } = countCalls(options)
      const { handle } = await this.mounted.resolve(path, asking)
      const target = await this.mounted.readlink(handle, asking)
      return target.startsWith('/') ? withinExport(path, target, this.seenAt) : target
    } catch (error) {
      throw fromNfs(error, path)
    }
  }

  close(): Promise<void> {
    return this.mounted.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

interface CountedCalls {
  readonly asking: CallOptions
  /** The next call is the first one of another question. */
  readonly nextQuestion: () => void
}

/** Reports each call of a question after its first; of a listing, after each page's first. */
function countCalls({ signal, onFurtherRequest }: Asking): CountedCalls {
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
