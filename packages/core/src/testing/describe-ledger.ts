import { fold, isDone, type Ledger } from '../ledger/fold.ts'
import { emptyCounts } from '../messages/counts.ts'
import type { FailurePart, ItemResult } from '../messages/result.ts'
import { tellStory } from './attempts.ts'
import { aFailurePart, aResult } from './builders.ts'
import { between, seededRandom, shuffled } from './random.ts'

/** The three functions of a test runner that the suite needs; those of vitest and `node:test` with `expect` fit. */
export interface TestKit {
  readonly describe: (name: string, body: () => void) => unknown
  readonly test: (name: string, body: () => void | Promise<void>) => unknown
  readonly expect: (value: unknown) => { readonly toEqual: (expected: unknown) => unknown }
}

/** A ledger under test; `close` is called when its test is over. */
export type LedgerUnderTest = Ledger & { close?(): void }

export interface DescribeLedgerOptions {
  /** Number of random stories. Default 200. */
  readonly stories?: number | undefined
}

const files = (count: number) => ({ ...emptyCounts(), files: count })

/** What every ledger must do, rows in memory or on disk alike. `make` gives a new, empty one each time. */
export function describeLedger(
  { describe, test, expect }: TestKit,
  name: string,
  make: () => LedgerUnderTest | Promise<LedgerUnderTest>,
  options: DescribeLedgerOptions = {},
): void {
  const check = (sentence: string, body: (ledger: Ledger) => void): void => {
    test(sentence, async () => {
      const ledger = await make()
      try {
        body(ledger)
      } finally {
        ledger.close?.()
      }
    })
  }
  const begin = (ledger: Ledger, item: string): void => ledger.apply([{ change: 'begin', item }])
  const receive = (ledger: Ledger, ...messages: (ItemResult | FailurePart)[]): void => {
    for (const message of messages) ledger.apply(fold(ledger, message))
  }
  const numbers = (ledger: Ledger) => [ledger.announcedItems(), ledger.doneItems(), ledger.outstanding()]

  describe(`${name} ledger`, () => {
    check('a new ledger knows nothing and is not done', (ledger) => {
      expect(numbers(ledger)).toEqual([0, 0, 0])
      expect(ledger.counts).toEqual(emptyCounts())
      expect([...ledger.failures()]).toEqual([])
      expect([ledger.item('root'), ledger.waiting('root'), isDone(ledger)]).toEqual(['unknown', undefined, false])
    })

    check('an announced item is outstanding until its result comes', (ledger) => {
      begin(ledger, 'root')
      expect([ledger.item('root'), ...numbers(ledger), isDone(ledger)]).toEqual(['announced', 1, 0, 1, false])
      receive(ledger, aResult({ counts: files(3) }))
      expect([ledger.item('root'), ...numbers(ledger), isDone(ledger)]).toEqual(['done', 1, 1, 0, true])
      expect(ledger.counts).toEqual(files(3))
    })

    check('beginning with an item again changes nothing', (ledger) => {
      begin(ledger, 'root')
      receive(ledger, aResult({ counts: files(3) }))
      begin(ledger, 'root')
      expect([ledger.item('root'), ...numbers(ledger), isDone(ledger)]).toEqual(['done', 1, 1, 0, true])
    })

    check('the first result counts and a second changes nothing', (ledger) => {
      begin(ledger, 'root')
      const first = aResult({ counts: files(3) })
      receive(ledger, first, first, aResult({ attempt: 'attempt-2', counts: files(5) }))
      expect([ledger.counts, numbers(ledger)]).toEqual([files(3), [1, 1, 0]])
    })

    check('an accepted result announces its children', (ledger) => {
      begin(ledger, 'root')
      receive(
        ledger,
        aResult({
          children: [
            { family: 'a', count: 2 },
            { family: 'b', count: 1 },
          ],
        }),
      )
      expect(['a.0', 'a.1', 'b.0', 'a.2'].map((id) => ledger.item(id))).toEqual([
        'announced',
        'announced',
        'announced',
        'unknown',
      ])
      expect([numbers(ledger), isDone(ledger)]).toEqual([[4, 1, 3], false])
    })

    check('a million children are one row, and come at once', (ledger) => {
      begin(ledger, 'root')
      receive(ledger, aResult({ item: 'r.999999', counts: files(1) }))
      receive(ledger, aResult({ children: [{ family: 'r', count: 1_000_000 }] }))
      expect([ledger.item('r.0'), ledger.item('r.999999'), ledger.item('r.1000000')]).toEqual([
        'announced',
        'done',
        'unknown',
      ])
      expect([ledger.family('r'), numbers(ledger)]).toEqual([{ count: 1_000_000, done: 1 }, [1_000_001, 2, 999_999]])
    })

    check('a family grows to the largest number that was told, until all its children are done', (ledger) => {
      begin(ledger, 'root')
      const family = (count: number) => ({ children: [{ family: 'r', count }] })
      receive(ledger, aResult({ children: [...family(2).children, ...family(3).children, ...family(1).children] }))
      expect([ledger.family('r'), numbers(ledger)]).toEqual([{ count: 3, done: 0 }, [4, 1, 3]])
      for (const at of [0, 1]) receive(ledger, aResult({ item: `r.${at}`, attempt: `a${at}` }))
      receive(ledger, aResult({ item: 'r.2', attempt: 'a2', counts: files(1) }))
      expect([ledger.item('r.2'), numbers(ledger), isDone(ledger)]).toEqual(['done', [4, 4, 0], true])
      receive(ledger, aResult({ item: 'r.2', attempt: 'late', counts: files(1) }), aFailurePart({ item: 'r.0' }))
      expect([ledger.counts, [...ledger.failures()], isDone(ledger)]).toEqual([files(1), [], true])
    })

    check('failures of a family whose children are all done are still told', (ledger) => {
      begin(ledger, 'root')
      receive(ledger, aResult({ children: [{ family: 'r', count: 2 }] }))
      receive(ledger, aFailurePart({ item: 'r.1' }), aResult({ item: 'r.1', failureParts: 1 }))
      receive(ledger, aResult({ item: 'r.0', attempt: 'other' }))
      expect([isDone(ledger), [...ledger.failures()].length]).toEqual([true, 1])
      receive(ledger, aResult({ item: 'r.1', attempt: 'third', counts: files(9) }))
      expect([ledger.counts, ledger.item('r.0'), ledger.item('r.1')]).toEqual([emptyCounts(), 'done', 'done'])
    })

    check('a result of an item that is not announced waits for its parents, however many', (ledger) => {
      begin(ledger, 'root')
      const grandchild = aResult({ item: 'a.0', attempt: 'b', counts: files(1) })
      receive(ledger, grandchild, aResult({ item: 'r.0', attempt: 'a', children: [{ family: 'a', count: 1 }] }))
      expect([ledger.item('a.0'), ledger.waiting('a.0'), ...numbers(ledger)]).toEqual(['waiting', grandchild, 1, 0, 1])
      receive(ledger, aResult({ attempt: 'r', children: [{ family: 'r', count: 1 }] }))
      expect([ledger.counts, ...numbers(ledger), isDone(ledger)]).toEqual([files(1), 3, 3, 0, true])
      expect([ledger.item('a.0'), ledger.waiting('a.0')]).toEqual(['done', undefined])
    })

    check('children of an attempt that does not count never count', (ledger) => {
      begin(ledger, 'root')
      const stray = aResult({ item: 'dead.0', attempt: 'x', counts: files(7) })
      const dead = aResult({ attempt: 'dead', children: [{ family: 'dead', count: 1 }] })
      receive(ledger, stray, aResult({ attempt: 'live', counts: files(7) }), dead)
      expect([ledger.counts, ledger.item('dead.0'), isDone(ledger)]).toEqual([files(7), 'waiting', true])
    })

    check('a result waits until all its failure parts are held, each counted once', (ledger) => {
      begin(ledger, 'root')
      const parts = ['/a', '/b'].map((path, part) => aFailurePart({ part, failures: [{ path, code: 'IO' }] }))
      const [first, second] = parts as [FailurePart, FailurePart]
      receive(ledger, first, aResult({ failureParts: 2, counts: files(1) }), first)
      expect([ledger.item('root'), ledger.outstanding(), ledger.partsHeld('root', 'attempt-1')]).toEqual([
        'announced',
        1,
        1,
      ])
      expect([0, 1].map((part) => ledger.holdsPart('root', 'attempt-1', part))).toEqual([true, false])
      expect([...ledger.failures()]).toEqual([])
      receive(ledger, second, second)
      expect([ledger.item('root'), ledger.counts, isDone(ledger)]).toEqual(['done', files(1), true])
      expect([...ledger.failures()].map(({ path }) => path).sort()).toEqual(['/a', '/b'])
    })

    check('a waiting result may still lack a part when its item is announced', (ledger) => {
      begin(ledger, 'root')
      receive(ledger, aResult({ item: 'r.0', failureParts: 1 }))
      receive(ledger, aResult({ attempt: 'r', children: [{ family: 'r', count: 1 }] }))
      expect([ledger.item('r.0'), ledger.outstanding(), isDone(ledger)]).toEqual(['announced', 1, false])
      receive(ledger, aFailurePart({ item: 'r.0' }))
      expect([ledger.item('r.0'), isDone(ledger)]).toEqual(['done', true])
    })

    check('a complete result of an announced item does not wait for another that lacks a part', (ledger) => {
      begin(ledger, 'root')
      receive(ledger, aResult({ failureParts: 1, counts: files(2) }))
      receive(ledger, aResult({ attempt: 'attempt-2', counts: files(2) }), aFailurePart())
      expect([ledger.counts, isDone(ledger), ledger.waiting('root')]).toEqual([files(2), true, undefined])
      expect([...ledger.failures()]).toEqual([])
    })

    check('failures of attempts that do not count are not reported', (ledger) => {
      begin(ledger, 'root')
      receive(ledger, aFailurePart({ attempt: 'dead' }), aResult({ attempt: 'live' }))
      expect([isDone(ledger), [...ledger.failures()]]).toEqual([true, []])
    })

    check('names, codes and messages of failures come back as they were', (ledger) => {
      begin(ledger, 'root')
      const failures = [{ path: '/\udc80\n"\'é', address: 'cache-1', code: 'IO', message: 'It broke.' }]
      receive(ledger, aFailurePart({ failures }), aResult({ failureParts: 1 }))
      expect([...ledger.failures()]).toEqual(failures)
    })

    check('a chain of a thousand waiting results is accepted at once', (ledger) => {
      begin(ledger, 'root')
      const child = (depth: number) => ({ children: [{ family: `d${depth}`, count: 1 }], counts: files(1) })
      for (let depth = 1_000; depth > 0; depth--) {
        receive(ledger, aResult({ item: `d${depth}.0`, ...(depth < 1_000 ? child(depth + 1) : { counts: files(1) }) }))
      }
      receive(ledger, aResult(child(1)))
      expect([ledger.counts.files, isDone(ledger)]).toEqual([1_001, true])
    })

    check('bytes beyond 32 bits add up exactly', (ledger) => {
      begin(ledger, 'root')
      const counts = { ...emptyCounts(), bytes: 2 ** 51, mounts: { a: { files: 1, bytes: 2 ** 51, failures: 0 } } }
      receive(ledger, aResult({ counts, children: [{ family: 'r', count: 1 }] }))
      receive(ledger, aResult({ item: 'r.0', counts: { ...counts, bytes: 1 } }))
      expect([ledger.counts.bytes, ledger.counts.mounts]).toEqual([
        2 ** 51 + 1,
        { a: { files: 2, bytes: 2 ** 52, failures: 0 } },
      ])
    })

    test('any order, repetition and interleaving of attempts gives the exact totals, done exactly at the end', async () => {
      for (let seed = 1; seed <= (options.stories ?? 200); seed++) {
        const ledger = await make()
        try {
          tell(seed, ledger)
        } finally {
          ledger.close?.()
        }
      }
    })
  })

  /** Done must not come before every file is counted, nor go away, nor fail to come. */
  function tell(seed: number, ledger: Ledger): void {
    const random = seededRandom(seed)
    const story = tellStory(random)
    const repeated = story.messages.flatMap((message) => Array.from({ length: between(random, 1, 3) }, () => message))
    begin(ledger, 'root')
    let done = false
    for (const message of shuffled(random, repeated)) {
      receive(ledger, message)
      if (done) expect({ seed, done: isDone(ledger) }).toEqual({ seed, done })
      done = isDone(ledger)
      if (!done) continue
      const failed = [...ledger.failures()].map(({ path }) => path)
      expect({ seed, counts: ledger.counts, failed: failed.sort() }).toEqual({
        seed,
        counts: story.counts,
        failed: story.failedPaths,
      })
    }
    expect({ seed, done }).toEqual({ seed, done: true })
  }
}
