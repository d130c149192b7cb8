import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FailurePart, ItemResult } from '../messages/result.ts'
import { tellStory } from '../testing/attempts.ts'
import { aFailurePart, aResult, describeLedger } from '../testing/index.ts'
import { memoryLedger } from '../testing/memory-ledger.ts'
import { seededRandom } from '../testing/random.ts'
import { fold, isDone, type Ledger, type LedgerChange } from './fold.ts'

const announced = (item: string): Ledger => {
  const ledger = memoryLedger()
  ledger.apply([{ change: 'begin', item }])
  return ledger
}
const after = (ledger: Ledger, ...messages: (ItemResult | FailurePart)[]): Ledger => {
  for (const message of messages) ledger.apply(fold(ledger, message))
  return ledger
}

describe('what a message changes', () => {
  const result = aResult({ children: [{ family: 'r', count: 2 }] })
  const done = (of: ItemResult): LedgerChange => ({ change: 'done', item: of.item, attempt: of.attempt, result: of })

  test('a result of an announced item: it is done, then its children are announced', () => {
    expect(fold(announced('root'), result)).toEqual([done(result), { change: 'announce', family: 'r', count: 2 }])
  })

  test('a result that waited: it is no longer kept, then it is done', () => {
    const child = aResult({ item: 'r.1', attempt: 'b' })
    expect(fold(after(announced('root'), child), result)).toEqual([
      done(result),
      { change: 'announce', family: 'r', count: 2 },
      { change: 'unwait', item: 'r.1' },
      done(child),
    ])
  })

  test('the last failure part: it is stored, then the result that waited for it is done', () => {
    const waiting = aResult({ failureParts: 1 })
    const part = aFailurePart()
    expect(fold(after(announced('root'), waiting), part)).toEqual([
      { change: 'parts', part },
      { change: 'unwait', item: 'root' },
      done(waiting),
    ])
  })

  test.each<[string, Ledger, ItemResult | FailurePart]>([
    ['a result of an item that is done', after(announced('root'), aResult()), aResult({ attempt: 'late' })],
    ['a failure part of an item that is done', after(announced('root'), aResult()), aFailurePart()],
    ['a failure part that is held', after(announced('root'), aFailurePart()), aFailurePart({ failures: [] })],
    ['a second result of an item that is not announced', after(memoryLedger(), aResult()), aResult({ attempt: 'b' })],
  ])('%s changes nothing', (_, ledger, message) => {
    expect(fold(ledger, message)).toEqual([])
  })

  test('a failure part of another attempt does not complete a result', () => {
    const ledger = after(announced('root'), aResult({ failureParts: 1 }))
    const part = aFailurePart({ attempt: 'other' })
    expect(fold(ledger, part)).toEqual([{ change: 'parts', part }])
  })

  test('a family named twice has the larger number of children', () => {
    const twice = aResult({
      children: [
        { family: 'r', count: 1 },
        { family: 'r', count: 2 },
      ],
    })
    expect(fold(announced('root'), twice).slice(1)).toEqual([{ change: 'announce', family: 'r', count: 2 }])
  })

  test('a family named many times is looked up once', () => {
    const children = Array.from({ length: 1_400 }, (_, at) => ({ family: 'r', count: at + 1 }))
    const ledger = announced('root')
    const asked: unknown[] = []
    const waitingOf = (...question: [string, number, number]) => {
      asked.push(question)
      return ledger.waitingOf(...question)
    }
    fold({ ...ledger, waitingOf }, aResult({ children }))
    expect(asked).toEqual([['r', 0, 1_400]])
  })

  test('an item that claims to be its own child is no loop', () => {
    const ledger = announced('root')
    after(ledger, aResult({ item: 'r.1', attempt: 'b', children: [{ family: 'r', count: 2 }] }))
    after(ledger, aResult({ item: 'r.0', attempt: 'a', children: [{ family: 'r', count: 2 }] }))
    after(ledger, aResult({ item: 'root', attempt: 'c', children: [{ family: 'r', count: 2 }] }))
    expect([ledger.announcedItems(), isDone(ledger)]).toEqual([3, true])
  })

  test('folding asks and changes nothing by itself', () => {
    const ledger = announced('root')
    fold(ledger, aResult())
    expect([ledger.outstanding(), ledger.counts.files]).toEqual([1, 0])
  })
})

test('any order and repetition of what attempts say gives the exact totals', () => {
  const order = fc.integer().chain((seed) => {
    const story = tellStory(seededRandom(seed))
    const again = fc.subarray([...story.messages])
    return again.chain((repeated) => {
      const all = [...story.messages, ...repeated]
      return fc.shuffledSubarray(all, { minLength: all.length }).map((messages) => ({ story, messages }))
    })
  })
  fc.assert(
    fc.property(order, ({ story, messages }) => {
      const ledger = announced('root')
      for (const message of messages) {
        const doneBefore = isDone(ledger)
        const changes = fold(ledger, message)
        if (doneBefore) expect(changes.filter(({ change }) => change === 'done' || change === 'announce')).toEqual([])
        ledger.apply(changes)
        if (isDone(ledger)) expect(ledger.counts).toEqual(story.counts)
      }
      expect([isDone(ledger), [...ledger.failures()].map(({ path }) => path).sort()]).toEqual([true, story.failedPaths])
    }),
  )
})

test('a run that has not begun is not done', () => {
  expect([isDone(memoryLedger()), isDone(announced('root')), isDone(after(announced('root'), aResult()))]).toEqual([
    false,
    false,
    true,
  ])
})

describeLedger({ describe, test, expect }, 'memory', memoryLedger)
