import { asWalkError } from './errors.ts'
import { type Member, type MountSet, wentAway } from './mount-set.ts'

export interface Question<T> {
  readonly mounts: MountSet
  readonly path: string
  /** Aborts when nobody should wait any longer. */
  readonly waiting: AbortSignal
  readonly ask: (by: Member) => Promise<T>
}

/**
 * Asks the mount: waits for it where it does not answer, and asks again, a few times, what it took along when it went.
 * Throws what the mount did, `MOUNT_DOWN` when it has been away for too long, or the reason of `waiting`.
 */
export async function persist<T>(member: Member, { mounts, path, waiting, ask }: Question<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const by = await mounts.serving(member, { path, waiting })
    try {
      return await ask(by)
    } catch (error) {
      if (tries === mounts.tries || !wentAway(asWalkError(error), by.mount)) throw error
    }
  }
}
