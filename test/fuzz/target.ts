import { isCoreError } from '@cachewarmer/core'
import { isUsageError } from '@cachewarmer/service/cli'

/**
 * Reads bytes that come from outside, and says whether there was a value in them. Throws if the outcome is neither a
 * value nor the error that is promised.
 */
export type Target = (bytes: Buffer) => boolean | Promise<boolean>

export type Guard = (error: unknown) => boolean

/** Runs what may refuse its input in one way alone; gives what it read. */
export function read<T>(allowed: Guard, action: () => T): { readonly value: T } | undefined {
  try {
    return { value: action() }
  } catch (error) {
    if (!allowed(error)) throw error
    return undefined
  }
}

/** As `read`, for what is read in its time. */
export async function readLater<T>(
  allowed: Guard,
  action: () => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  try {
    return { value: await action() }
  } catch (error) {
    if (!allowed(error)) throw error
    return undefined
  }
}

/** Printable, so that a log line stays one line and a terminal stays as it is. */
export const speaksPlainly: Guard = (error) =>
  isCoreError(error) && error.problems.length > 0 && isPrintable(error.message)

/**
 * The mistake of who typed or wrote the input, in lines without control characters; letters of any language are shown.
 */
export const tellsMistake: Guard = (error) =>
  speaksPlainly(error) ||
  (isUsageError(error) && /^[^\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+$/u.test(error.message.replaceAll('\n', ' ')))

const isPrintable = (text: string): boolean => /^[ -~]+$/.test(text)
