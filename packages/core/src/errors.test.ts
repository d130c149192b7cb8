import { expect, test } from 'vitest'
import { CoreError, isCoreError, problem } from './errors.ts'

test('the message holds the first ten problems and says how many more there are', () => {
  const problems = Array.from({ length: 12 }, (_, at) => problem(`f${at}`, at, 'none'))
  const error = new CoreError('JOB_INVALID', problems)
  expect(error.problems).toHaveLength(12)
  expect(error.message).toContain('f0: expected none, got 0; f1: expected none, got 1;')
  expect(error.message).toMatch(/f9: expected none, got 9; and 2 more$/)
})

test('a problem is printable and short for every field and value', () => {
  const { field, value } = problem('\u0007<é>'.repeat(100), '\ud800"'.repeat(100), 'something')
  expect(field).toMatch(/^[ -~]{1,500}$/)
  expect(value).toMatch(/^"[ -~]{1,500}"$/)
})

test('errors of another copy of this package are known by name', () => {
  const twin = Object.assign(new Error('x'), { name: 'CoreError', code: 'TOO_LARGE' })
  expect([new CoreError('TOO_LARGE', []), twin, new Error('x'), { name: 'CoreError' }, null].map(isCoreError)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})

test('the cause is kept', () => {
  const cause = new SyntaxError('x')
  expect(new CoreError('ITEM_INVALID', [], { cause }).cause).toBe(cause)
})
