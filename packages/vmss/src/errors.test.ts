import { expect, test } from 'vitest'
import { isVmssError, VmssError } from './errors.ts'

test('an error tells what it is about, and keeps its cause and what Azure said', () => {
  const cause = new Error('boom')
  const error = new VmssError('THROTTLED', 'my-set', 'too many requests', {
    cause,
    retryAfterMs: 5_000,
    azureCode: 'X',
  })
  expect(error.message).toBe('my-set: too many requests')
  expect(error).toMatchObject({ code: 'THROTTLED', target: 'my-set', retryAfterMs: 5_000, azureCode: 'X', cause })
})

test('an error of another copy of this package is one too', () => {
  const foreign = Object.assign(new Error('x'), { name: 'VmssError', code: 'FAILED' })
  expect(isVmssError(foreign)).toBe(true)
  expect(isVmssError(new Error('x'))).toBe(false)
  expect(isVmssError('VmssError')).toBe(false)
})
