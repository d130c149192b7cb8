import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeId } from './ids.ts'
import { checkPrefix, queueNames } from './names.ts'
import { seededRandom } from './testing/random.ts'

const run = 'abcdef012345'

test('the queues of a prefix', () => {
  const { runWork, runResults, runStatus, runOf, failed, isFailed, list, listOf, ...names } = queueNames('farm')
  expect(names).toEqual({
    job: 'farmjob',
    work: 'farmwork',
    poison: 'farmpoison',
    control: 'farmcontrol',
    leader: 'farmleader',
  })
  expect([runWork(run), runResults(run), runStatus(run)]).toEqual([
    `farmwork-${run}`,
    `farmresults-${run}`,
    `farmstatus-${run}`,
  ])
  expect([failed(run), isFailed(`farmfailed-${run}`), isFailed(`farmwork-${run}`), isFailed('farmfailed-x')]).toEqual([
    `farmfailed-${run}`,
    true,
    false,
    false,
  ])
  expect([list(run), listOf(`farmlist-${run}`), runOf(`farmlist-${run}`)]).toEqual([`farmlist-${run}`, run, undefined])
  expect([listOf(`farmwork-${run}`), listOf(`farmlist-${run}x`), listOf(`barn${run}`)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect([runOf(`farmwork-${run}`), runOf(`farmresults-${run}`), runOf(`farmstatus-${run}`)]).toEqual([run, run, run])
})

test.each([
  'farmwork',
  'farmjob',
  'farmwork-short',
  `farmwork-${run}x`,
  `farmother-${run}`,
  `farm2work-${run}`,
  `work-${run}`,
  '',
])('%j belongs to no run', (name) => {
  expect(queueNames('farm').runOf(name)).toBeUndefined()
})

describe('checkPrefix', () => {
  test.each(['ab', 'a-b', '0-0', 'a'.repeat(43)])('takes %j', (prefix) => {
    expect(checkPrefix(prefix)).toBe(prefix)
  })

  test.each(['', 'a', 'a--b', '-ab', 'ab-', 'Ab', 'a_b', 'a b', 'é2', 'ab\n', 'a'.repeat(44)])(
    'refuses %j',
    (prefix) => {
      expect(() => queueNames(prefix)).toThrow(expect.objectContaining({ name: 'CoreError', code: 'OPTION_INVALID' }))
    },
  )

  test('every name made from a prefix that it takes is one that Azure takes', () => {
    const prefixes = fc.stringMatching(/^[a-z0-9-]{2,43}$/).filter((prefix) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(prefix))
    fc.assert(
      fc.property(prefixes, (prefix) => {
        const {
          runWork,
          runResults,
          runStatus,
          runOf,
          failed,
          isFailed: _,
          list,
          listOf: __,
          ...names
        } = queueNames(prefix)
        const made = [runWork, runResults, runStatus, failed, list].map((of) => of(run))
        for (const name of [...Object.values(names), ...made]) {
          expect(name).toMatch(/^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/)
        }
        expect(runOf(runResults(run))).toBe(run)
      }),
    )
  })
})

describe('makeId', () => {
  test('is as long as asked for, of lowercase letters and digits, and good as the id of a run', () => {
    const random = seededRandom(1)
    expect(makeId(random)).toMatch(/^[a-z0-9]{12}$/)
    expect(makeId(random, 20)).toMatch(/^[a-z0-9]{20}$/)
    expect(queueNames('ab').runOf(`abwork-${makeId(random)}`)).toBeDefined()
  })

  test('uses the whole alphabet, from the lowest to the highest number that random gives', () => {
    expect([makeId(() => 0, 2), makeId(() => 1 - Number.EPSILON / 2, 2)]).toEqual(['aa', '99'])
  })
})
