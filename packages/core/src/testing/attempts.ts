import { addCounts, type Counts, emptyCounts } from '../messages/counts.ts'
import { type Failure, type FailurePart, failureParts, type ItemResult } from '../messages/result.ts'
import { rootItemId } from '../names/names.ts'
import { aResult, aRunId } from './builders.ts'
import { between } from './random.ts'

/** A run as workers might report it, and what must come out in every order. */
export interface Story {
  /** Every result and failure part of every attempt, those of attempts that must not count included. */
  readonly messages: readonly (ItemResult | FailurePart)[]
  readonly counts: Counts
  /** Paths of all failures, sorted. */
  readonly failedPaths: readonly string[]
}

interface File {
  readonly path: string
  readonly address: string
  readonly bytes: number
  readonly failed: boolean
}

/**
 * Every attempt at an item covers the same files, but each reads others of them itself and splits the rest in its own
 * way, so exact totals come out only if one attempt of each item counts, with its own children and with no others.
 */
export function tellStory(random: () => number): Story {
  const files = Array.from({ length: between(random, 1, 24) }, (_, at): File => {
    const address = `10.0.1.${between(random, 11, 12)}`
    return { path: `/file-${at}`, address, bytes: between(random, 0, 2 ** 40), failed: random() < 0.2 }
  })
  const messages: (ItemResult | FailurePart)[] = []
  let attempts = 0

  const attempt = (item: string, covered: readonly File[], depth: number, mayDie: boolean): void => {
    const name = `attempt-${attempts++}`
    const own: File[] = []
    const families = Array.from({ length: between(random, 0, depth > 0 ? 2 : 0) }, (_, at) => ({
      family: at === 0 ? name : `${name}-${at}`,
      children: Array.from({ length: between(random, 1, 3) }, (): File[] => []),
    }))
    const holders = [own, ...families.flatMap(({ children }) => children)]
    for (const file of covered) holders[between(random, 0, holders.length - 1)]?.push(file)
    for (const { family, children } of families) {
      for (const [ordinal, child] of children.entries()) work(`${family}.${ordinal}`, child, depth - 1)
    }
    const failures = own.filter(({ failed }) => failed).map(failureOf)
    const parts = failureParts(aRunId, item, name, failures, between(random, 150, 600))
    messages.push(...parts)
    // It died after it had sent its children and its failures: nothing of it may count.
    if (mayDie && random() < 0.3) return
    messages.push(
      aResult({
        item,
        attempt: name,
        children: families.map(({ family, children }) => ({ family, count: children.length })),
        failureParts: parts.length,
        counts: countsOf(own),
      }),
    )
  }
  const work = (item: string, covered: readonly File[], depth: number): void => {
    attempt(item, covered, depth, false)
    if (random() < 0.4) attempt(item, covered, depth, true)
  }

  work(rootItemId, files, 4)
  const failedPaths = files.filter(({ failed }) => failed).map(({ path }) => path)
  return { messages, counts: countsOf(files), failedPaths: failedPaths.sort() }
}

const failureOf = ({ path, address }: File): Failure => ({ path, address, code: 'ACCESS_DENIED' })

const countsOf = (files: readonly File[]): Counts => files.map(countsOfOne).reduce(addCounts, emptyCounts())

const countsOfOne = ({ address, bytes, failed }: File): Counts =>
  failed
    ? { ...emptyCounts(), failures: { ACCESS_DENIED: 1 }, mounts: { [address]: { files: 0, bytes: 0, failures: 1 } } }
    : { ...emptyCounts(), files: 1, bytes, mounts: { [address]: { files: 1, bytes, failures: 0 } } }
