import { CoreError, checkPrefix, parseJob } from '@cachewarmer/core'
import { QueueError, type QueueErrorCode } from '@cachewarmer/queue'
import { Command } from '@commander-js/extra-typings'
import { describe, expect, test } from 'vitest'
import { UnavailableError, UsageError } from './errors.ts'
import { explain } from './main.ts'

const thrownBy = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('what is said of an error', () => {
  test('a usage error is its message, without a stack', () => {
    expect(explain(new UsageError('no prefix'))).toEqual({ message: 'no prefix', code: 2 })
  })

  test('one problem goes on one line', () => {
    expect(explain(thrownBy(() => checkPrefix('A')))).toEqual({
      message: expect.stringMatching(/^prefix: expected 2 to 43 .*, got "A"$/),
      code: 2,
    })
  })

  test('several problems get a line each', () => {
    const { message, code } = explain(thrownBy(() => parseJob({ WarmTargetPath: '/../x', Weight: 0 })))
    const lines = message.split('\n')
    expect(lines[0]).toBe(`${lines.length - 1} problems`)
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}WarmTargetPath: expected .* got "\/\.\.\/x"$/))
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}Weight: expected .* got 0$/))
    expect(code).toBe(2)
  })

  test.each<[QueueErrorCode, number]>([
    ['OPTION_INVALID', 2],
    ['NAME_INVALID', 2],
    ['DENIED', 3],
    ['UNAVAILABLE', 3],
    ['THROTTLED', 3],
    ['QUEUE_NOT_FOUND', 3],
  ])('a queue error with code %s exits with %i and its message', (code, exit) => {
    expect(explain(new QueueError(code, 'studiojob', 'why'))).toEqual({ message: 'studiojob: why', code: exit })
  })

  test('errors of another copy of our packages are known by their name', () => {
    const foreign = Object.assign(new Error('prefix: no'), { name: 'CoreError', problems: [], code: 'OPTION_INVALID' })
    expect(foreign).not.toBeInstanceOf(CoreError)
    expect(explain(foreign)).toEqual({ message: 'prefix: no', code: 2 })
  })

  test('what is not to be had now exits with 3 and its message', () => {
    expect(explain(new UnavailableError('ledger /x: database or disk is full'))).toEqual({
      message: 'ledger /x: database or disk is full',
      code: 3,
    })
  })

  test('a fault of ours shows its stack, for the report of it', () => {
    const { message, code } = explain(new TypeError('undefined is not'))
    expect(message).toMatch(/TypeError: undefined is not\n\s+at .*main\.test/s)
    expect(code).toBe(1)
  })

  test('what is no error at all is shown as text', () => {
    expect(explain('thrown')).toEqual({ message: 'thrown', code: 1 })
  })

  test('nothing is added to what commander has said, and help is no failure', () => {
    const silent = new Command().exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} })
    expect(explain(thrownBy(() => silent.parse(['--nope'], { from: 'user' })))).toEqual({ message: '', code: 2 })
    expect(explain(thrownBy(() => silent.parse(['--help'], { from: 'user' })))).toEqual({ message: '', code: 0 })
  })
})
