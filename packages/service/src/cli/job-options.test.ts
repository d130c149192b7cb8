import { describe, expect, test } from 'vitest'
import { ceilingOrNone, csv, repeated } from './job-options.ts'
import { wholeFrom } from './option-group.ts'

describe('lists', () => {
  test.each([
    ['a,b', ['a', 'b']],
    [' a , b ', ['a', 'b']],
    [',a,,', ['a']],
    ['', []],
    [' ', []],
  ])('%j is %j', (text, values) => {
    expect(csv(text)).toEqual(values)
  })

  test('grow each time the option is given', () => {
    expect(csv('c', csv('a,b'))).toEqual(['a', 'b', 'c'])
    expect(repeated('/c', repeated('/a,b'))).toEqual(['/a,b', '/c'])
  })
})

describe('whole numbers', () => {
  test.each([
    ['0', 0],
    ['1048576', 1_048_576],
    ['007', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('%s is %i', (text, value) => {
    expect(wholeFrom(0)(text)).toBe(value)
  })

  test.each(['', ' ', '-1', '+1', '1.5', '1e3', '0x10', '1 ', '1k', 'NaN', '9007199254740992'])(
    '%j is refused',
    (text) => {
      expect(() => wholeFrom(0)(text)).toThrow('Expected a whole number of at least 0.')
    },
  )
})

describe('ceilings', () => {
  test('are whole numbers of at least 1, and may be lifted where there was one', () => {
    expect(wholeFrom(1)('1')).toBe(1)
    expect(ceilingOrNone('500000000')).toBe(500_000_000)
    expect(ceilingOrNone('none')).toBe('none')
  })

  test.each(['0', '-1', '1.5', '', '1k', 'none'])('%j is refused', (text) => {
    expect(() => wholeFrom(1)(text)).toThrow('Expected a whole number of at least 1.')
    if (text !== 'none') expect(() => ceilingOrNone(text)).toThrow('Expected a whole number of at least 1, or none.')
  })
})
