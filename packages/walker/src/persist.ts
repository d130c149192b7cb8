import { asWalkError } from './errors.ts'
import { awayTooLong, type Member, type MountSet, wentAway } from './mount-set.ts'

export interface Question<T> {
  readonly mounts: MountSet
  readonly path: string
  /** By whose order another mount may stand in, under `spread`; undefined: it has to be this one. */
  readonly hash?: number | undefined
  /** Aborts when nobody should wait any longer. */
  readonly waiting: AbortSignal
  ask(by: Member): Promise<T>
}

/**
 * Asks the mount or its stand-in: waits for one where none answers, and asks again, a few times, what a mount took along
 * when it went; `asked` of those times are over already.
 * Throws what the mount did, `MOUNT_DOWN` when it has been away for too long, or the reason of `waiting`.
 */
export async function persist<T>(member: Member, question: Question<T>, asked = 0): Promise<T> {
  const { mounts, path, hash, waiting } = question
  for (let tries = 1 + asked; ; ) {
    const by = mounts.standIn(member, hash)
    if (by) {
      try {
        return await question.ask(by)
      } catch (error) {
        if (tries++ === mounts.tries || !wentAway(asWalkError(error), by.mount)) throw error
      }
    } else if (!(await mounts.whenStandIn(member, hash, waiting))) throw awayTooLong(path, member)
  }
}
