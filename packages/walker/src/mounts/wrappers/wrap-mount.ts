import type { Limiter } from '../../limits/limiter.ts'
import type { Asking, DirectoryPage, ListOptions, Mount, OpenMount, Target } from '../mount.ts'
import { type QuickRead, quickReadOf, setQuickRead } from '../quick-read.ts'

/** Does what it is given, in its own way: later, or watching how it ends. */
export type AroundCall = <T>(call: () => Promise<T>, signal: AbortSignal) => Promise<T>

export interface Wrapping {
  readonly around: AroundCall
  /** Replaces the mount's own. */
  readonly read?: Mount['read'] | undefined
  /** What `around` does, for reads without a promise. Absent: every read has one. */
  readonly quickRead?: ((inner: QuickRead) => QuickRead) | undefined
  /** Replaces the mount's own. */
  readonly limiter?: Limiter | undefined
  /** As in `Asking`, for every question. */
  readonly onFurtherRequest?: (() => void) | undefined
  /** The answer to a question for a page was that there is no other. */
  readonly onListEnd?: (() => void) | undefined
}

/** The mount, with `around` around every question to it; each page of a listing is one. */
export function wrapMount(inner: Mount, wrapping: Wrapping): OpenMount {
  const { around, read, quickRead, onFurtherRequest, onListEnd, limiter = inner.limiter } = wrapping
  const readLink = inner.readLink?.bind(inner)

  function told<T extends Asking>(options: T): T {
    if (onFurtherRequest === undefined) return options
    const both = (): void => {
      onFurtherRequest()
      options.onFurtherRequest?.()
    }
    return { ...options, onFurtherRequest: both }
  }

  async function* list(directory: Target, options: ListOptions): AsyncGenerator<DirectoryPage, void> {
    const pages = inner.list(directory, told(options))[Symbol.asyncIterator]()
    let ended = false
    try {
      for (;;) {
        const page = await around(() => pages.next(), options.signal)
        ended = page.done === true
        if (page.done) {
          onListEnd?.()
          return
        }
        yield page.value
      }
    } finally {
      if (!ended) await pages.return?.()
    }
  }

  const mount: OpenMount = {
    name: inner.name,
    maxInFlight: inner.maxInFlight,
    maxFileBytes: inner.maxFileBytes,
    maxListings: inner.maxListings,
    // May change: see the mount inside.
    get handleSpace() {
      return inner.handleSpace
    },
    ...(inner.peer !== undefined && { peer: inner.peer }),
    ...(limiter && { limiter }),
    ...(inner.longReads && { longReads: inner.longReads }),
    ...(inner.reach && { reach: inner.reach }),
    ...(inner.unusable && { unusable: true }),
    ...(inner.health && { health: inner.health }),
    list,
    stat: (path, options) => around(() => inner.stat(path, told(options)), options.signal),
    ...(readLink && {
      readLink: (path: string, options: Asking) => around(() => readLink(path, told(options)), options.signal),
    }),
    read: read ?? ((file, options) => around(() => inner.read(file, options), options.signal)),
    close: () => inner.close(),
    [Symbol.asyncDispose]() {
      return this.close()
    },
  }
  const innerQuickRead = quickReadOf(inner)
  if (quickRead && innerQuickRead && !read) setQuickRead(mount, quickRead(innerQuickRead))
  return mount
}
