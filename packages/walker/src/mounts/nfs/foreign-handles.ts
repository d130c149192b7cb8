import type { CallOptions, FileHandle, NfsExport } from '@cachewarmer/nfs'
import type { Target } from '../mount.ts'

/**
 * Whether this address takes the handles that another one of the same handle space gave out. Two addresses whose root
 * handles are equal usually belong to one cluster, but two caches that number their files each for itself would look the
 * same, and a handle of one may open another file on the other. So the first foreign handle is compared with what
 * looking up its path gives here; the answer holds for good.
 */
export class ForeignHandles {
  private readonly mounted: NfsExport
  private checked: Promise<boolean> | undefined
  private refusals = false

  constructor(mounted: NfsExport) {
    this.mounted = mounted
  }

  /** They turned out to mean nothing here. */
  get refused(): boolean {
    return this.refusals
  }

  /** The target's handle, or undefined where its path has to be looked up. At once for a handle of this mount's own. */
  handleOf(
    { path, handle, foreign }: Target,
    asking: CallOptions,
  ): FileHandle | undefined | Promise<FileHandle | undefined> {
    if (typeof handle !== 'string') return undefined
    const given = handle as FileHandle
    return foreign ? this.accepts(path, given, asking).then((accepted) => (accepted ? given : undefined)) : given
  }

  /** The first to ask pays for the lookups, others wait for their outcome. A path that can't be looked up tells nothing. */
  private async accepts(path: string, handle: FileHandle, { onCall }: CallOptions): Promise<boolean> {
    if (this.refusals) return false
    // Without a signal: who goes away meanwhile asked for the others as well.
    this.checked ??= this.check(path, handle, onCall)
    return await this.checked
  }

  private async check(path: string, handle: FileHandle, onCall: CallOptions['onCall']): Promise<boolean> {
    try {
      const found = await this.mounted.resolve(path, { onCall })
      this.refusals = found.handle !== handle
      return !this.refusals
    } catch {
      this.checked = undefined
      return false
    }
  }
}
