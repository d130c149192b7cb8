import type { LookupResult } from './nfs3/lookup.ts'

/** What was found out of directories, by path, the least recently used one forgotten first. */
export class HandleCache {
  private readonly handles = new Map<string, LookupResult>()
  private readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get(path: string): LookupResult | undefined {
    const handle = this.handles.get(path)
    if (handle !== undefined) this.set(path, handle)
    return handle
  }

  set(path: string, handle: LookupResult): void {
    this.handles.delete(path) // A map keeps the order of insertion: the last used one goes to the end.
    this.handles.set(path, handle)
    if (this.handles.size > this.capacity) this.handles.delete(this.handles.keys().next().value as string)
  }

  /** Forgets a path; when it is stale, so may be everything below. */
  forget(path: string): void {
    const below = `${path}/`
    for (const known of this.handles.keys()) if (known === path || known.startsWith(below)) this.handles.delete(known)
  }
}
