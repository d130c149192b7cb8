/** Why a path, a listing or a mount failed. Causes that a person can act on have a code of their own. */
export type WalkErrorCode =
  | 'NOT_FOUND'
  | 'ACCESS_DENIED'
  | 'NOT_A_FILE'
  | 'NOT_A_DIRECTORY'
  | 'STALE'
  | 'IO'
  /** The mount sent no more bytes, and the file has more. */
  | 'INCOMPLETE'
  /**
   * The size that the mount tells is beyond what a file there can have, or beyond 2^53 - 1 bytes; or a directory has too many
   * names to be sorted.
   */
  | 'TOO_LARGE'
  | 'TIMEOUT'
  /** The address does not answer: nothing can be said of the path. */
  | 'MOUNT_DOWN'
  /** The kernel reads this address through the connection that it has to another one. */
  | 'CONNECTION_SHARED'
  | 'LOOP'
  /** A link leads out of the export. */
  | 'OUTSIDE'
  | 'NAME_TOO_LONG'
  /** The directory changed, and its listing can't continue where it was. */
  | 'LISTING_CHANGED'
  | 'OPTION_INVALID'
  | 'OTHER'

/** The one error of this package. Branch on `code`; `cause` keeps the original. */
export class WalkError extends Error {
  override readonly name = 'WalkError'
  readonly code: WalkErrorCode

  constructor(code: WalkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Looks at the name, so that two copies of this package still agree. */
export const isWalkError = (error: unknown): error is WalkError => error instanceof Error && error.name === 'WalkError'

/** What a mount threw, as this package reports it. */
export const asWalkError = (error: unknown): WalkError =>
  isWalkError(error)
    ? error
    : new WalkError('OTHER', error instanceof Error ? error.message : String(error), { cause: error })

/** The size that the mount gives is not possible. */
export const tooLarge = (path: string, size: number): WalkError =>
  new WalkError('TOO_LARGE', `${path}: its size is said to be ${size} bytes, more than a file there can have`)

/** The mount did not answer: calls for other paths may go unanswered as well. */
export const isMountAway = (error: WalkError): boolean => error.code === 'MOUNT_DOWN' || error.code === 'TIMEOUT'

/** Another mount may do better: the failure concerns the way to the filer, not the path. */
export const isMountTrouble = (error: WalkError): boolean => isMountAway(error) || error.code === 'IO'
