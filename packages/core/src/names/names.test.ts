import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../testing/random.ts'
import { makeId, Prefix } from './names.ts'

const run = 'abcdef012345'

test('the queues of a prefix', () => {
  const farm = new Prefix('farm')
  const { text, job, work, poison, control, leader } = farm
  expect({ text, job, work, poison, control, leader }).toEqual({
    text: 'farm',
    job: 'farmjob',
    work: 'farmwork',
    poison: 'farmpoison',
    control: 'farmcontrol',
    leader: 'farmleader',
  })
  expect([farm.runWork(run), farm.runResults(run), farm.runStatus(run), farm.failed(run), farm.list(run)]).toEqual([
    `farmwork-${run}`,
    `farmresults-${run}`,
    `farmstatus-${run}`,
    `farmfailed-${run}`,
    `farmlist-${run}`,
  ])
})

test('what a queue is for can be read from its name', () => {
  const farm = new Prefix('farm')
  const names = [`farmfailed-${run}`, `farmwork-${run}`, 'farmfailed-x']
  expect(names.map((name) => farm.isFailed(name))).toEqual([true, false, false])
  const lists = [`farmlist-${run}`, `farmwork-${run}`, `farmlist-${run}x`, `barn${run}`]
  expect(lists.map((name) => farm.listOf(name))).toEqual([run, undefined, undefined, undefined])
  const runs = [`farmwork-${run}`, `farmresults-${run}`, `farmstatus-${run}`, `farmlist-${run}`]
  expect(runs.map((name) => farm.runOf(name))).toEqual([run, run, run, undefined])
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
  expect(new Prefix('farm').runOf(name)).toBeUndefined()
})

describe('Prefix', () => {
  test.each(['ab', 'a-b', '0-0', 'a'.repeat(43)])('takes %j', (prefix) => {
    expect(new Prefix(prefix).text).toBe(prefix)
  })

  test.each(['', 'a', 'a--b', '-ab', 'ab-', 'Ab', 'a_b', 'a b', 'é2', 'ab\n', 'a'.repeat(44)])(
    'refuses %j',
    (prefix) => {
      expect(() => new Prefix(prefix)).toThrow(expect.objectContaining({ name: 'CoreError', code: 'OPTION_INVALID' }))
    },
  )

  test('every name made from a prefix that it takes is one that Azure takes', () => {
    const prefixes = fc.stringMatching(/^[a-z0-9-]{2,43}$/).filter((prefix) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(prefix))
    fc.assert(
      fc.property(prefixes, (prefix) => {
        const it = new Prefix(prefix)
        const { job, work, poison, control, leader } = it
        const made = [it.runWork(run), it.runResults(run), it.runStatus(run), it.failed(run), it.list(run)]
        for (const name of [job, work, poison, control, leader, ...made]) {
          expect(name).toMatch(/^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/)
        }
        expect(it.runOf(it.runResults(run))).toBe(run)
      }),
    )
  })
})

describe('makeId', () => {
  test('is as long as asked for, of lowercase letters and digits, and good as the id of a run', () => {
    const random = seededRandom(1)
    expect(makeId(random)).toMatch(/^[a-z0-9]{12}$/)
    expect(makeId(random, 20)).toMatch(/^[a-z0-9]{20}$/)
    expect(new Prefix('ab').runOf(`abwork-${makeId(random)}`)).toBeDefined()
  })

  test('uses the whole alphabet, from the lowest to the highest number that random gives', () => {
    expect([makeId(() => 0, 2), makeId(() => 1 - Number.EPSILON / 2, 2)]).toEqual(['aa', '99'])
  })
})
