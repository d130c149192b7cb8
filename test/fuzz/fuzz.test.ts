import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { corpusOf, mutations } from './corpus.ts'
import { targets } from './targets.ts'

describe.each(Object.entries(targets))('%s from outside', (name, target) => {
  const corpus = corpusOf(name)

  test('every input that is kept is read or refused as promised', async () => {
    let values = 0
    for (const [file, bytes] of corpus) {
      try {
        if (await target(bytes)) values += 1
      } catch (error) {
        throw new Error(`corpus/${name}.jsonl, ${file}: ${String(error)}`, { cause: error })
      }
    }
    // Not all is refused, and not all is taken: the target sees what it is meant to see.
    expect(values).toBeGreaterThan(0)
    expect(values).toBeLessThan(corpus.size)
  })

  test('so is what comes out of them with mistakes', async () => {
    await fc.assert(
      fc.asyncProperty(mutations(corpus.values()), async (bytes) => {
        await target(bytes)
      }),
      { numRuns: 400 },
    )
  })
})
