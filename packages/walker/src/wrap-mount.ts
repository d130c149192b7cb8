import type { DirectoryPage, ListOptions, Mount, Target } from './mount.ts'

/** Does what it is given, in its own way: later, or watching how it ends. */
export type AroundCall = <T>(call: () => Promise<T>, signal: AbortSignal) => Promise<T>

/** The mount, with `around` around every question to it; each page of a listing is one. `read` replaces its own. */
export function wrapMount(inner: Mount, around: AroundCall, read?: Mount['read']): Mount {
  const readLink = inner.readLink?.bind(inner)

  async function* list(directory: Target, options: ListOptions): AsyncGenerator<DirectoryPage, void> {
    const pages = inner.list(directory, options)[Symbol.asyncIterator]()
    let ended = false
    try {
      for (;;) {
        const page = await around(() => pages.next(), options.signal)
        ended = page.done === true
        if (page.done) return
        yield page.value
      }
    } finally {
      if (!ended) await pages.return?.()
    }
  }

  return {
    name: inner.name,
    maxInFlight: inner.maxInFlight,
    maxListings: inner.maxListings,
    // May change: see the mount inside.
    get handleSpace() {
      return inner.handleSpace
    },
    ...(inner.limiter && { limiter: inner.limiter }),
    ...(inner.longReads && { longReads: inner.longReads }),
    ...(inner.health && { health: inner.health }),
    list,
    stat: (path, options) => around(() => inner.stat(path, options), options.signal),
    ...(readLink && {
      readLink: (path: string, options: { readonly signal: AbortSignal }) =>
        around(() => readLink(path, options), options.signal),
    }),
    read: read ?? ((file, options) => around(() => inner.read(file, options), options.signal)),
    close: () => inner.close(),
  }
}
