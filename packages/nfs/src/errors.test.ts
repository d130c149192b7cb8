import { expect, test } from 'vitest'
import { isNfsError, NfsError } from './errors.ts'

test('the message says where, what, and what to do about it; the facts are fields', () => {
  const cause = new Error('below')
  const error = new NfsError('REFUSED', 'nothing listens there', {
    host: 'filer',
    exportPath: '/a',
    hint: 'start it',
    cause,
  })
  expect(error.message).toBe('filer/a: nothing listens there (start it)')
  expect(error).toMatchObject({ code: 'REFUSED', host: 'filer', exportPath: '/a', hint: 'start it', cause })
})

test('an error of another copy of the package is known by its name', () => {
  const stranger = Object.assign(new Error('x'), { name: 'NfsError' })
  expect(
    [new NfsError('CLOSED', 'x'), stranger, new Error('x'), { name: 'NfsError' }, undefined].map(isNfsError),
  ).toEqual([true, true, false, false, false])
})
