import { inspect } from 'node:util'
import { RestError } from '@azure/storage-queue'
import { describe, expect, test } from 'vitest'
import { QueueError, type QueueErrorCode } from '../errors.ts'
import { mapError, redact } from './map-error.ts'

const answered = (statusCode: number, code?: string): RestError =>
  new RestError(`The service said so.\nRequestId:1\nTime:now`, { statusCode, ...(code !== undefined && { code }) })

const table: readonly (readonly [number, string | undefined, QueueErrorCode])[] = [
  [404, 'QueueNotFound', 'QUEUE_NOT_FOUND'],
  [409, 'QueueBeingDeleted', 'QUEUE_BEING_DELETED'],
  [404, 'MessageNotFound', 'LEASE_LOST'],
  [400, 'PopReceiptMismatch', 'LEASE_LOST'],
  [413, 'RequestBodyTooLarge', 'BODY_TOO_LARGE'],
  [400, 'MessageTooLarge', 'BODY_TOO_LARGE'],
  [413, undefined, 'BODY_TOO_LARGE'],
  [400, 'InvalidResourceName', 'NAME_INVALID'],
  [400, 'OutOfRangeQueryParameterValue', 'OPTION_INVALID'],
  [409, 'QueueDisabled', 'DENIED'],
  [401, 'InvalidAuthenticationInfo', 'DENIED'],
  [403, 'AuthorizationPermissionMismatch', 'DENIED'],
  [403, undefined, 'DENIED'],
  [403, 'AccountIsDisabled', 'DENIED'],
  [429, undefined, 'THROTTLED'],
  [503, 'ServerBusy', 'THROTTLED'],
  [503, undefined, 'THROTTLED'],
  [500, 'OperationTimedOut', 'UNAVAILABLE'],
  [500, 'InternalError', 'UNAVAILABLE'],
  [502, undefined, 'UNAVAILABLE'],
  [408, undefined, 'UNAVAILABLE'],
  [418, undefined, 'OPTION_INVALID'],
]

describe('mapError', () => {
  test.each(table)('status %i with code %s is %s', (status, code, expected) => {
    const mapped = mapError('work', answered(status, code))
    expect(mapped).toBeInstanceOf(QueueError)
    expect(mapped).toMatchObject({ code: expected, queue: 'work' })
    const where = code === undefined ? `(status ${status})` : `(status ${status}, ${code})`
    expect(mapped).toHaveProperty('message', `work: The service said so. ${where}`)
  })

  test.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EPIPE', 'DEPTH_ZERO_SELF_SIGNED_CERT'])(
    'without an answer, %s is UNAVAILABLE',
    (code) => {
      expect(mapError('work', new RestError('no', { code }))).toMatchObject({ code: 'UNAVAILABLE' })
      expect(mapError('work', Object.assign(new Error('no'), { code }))).toMatchObject({ code: 'UNAVAILABLE' })
    },
  )

  test.each(['CredentialUnavailableError', 'AggregateAuthenticationError', 'AuthenticationRequiredError'])(
    '%s of the identity library is DENIED',
    (name) => expect(mapError('work', Object.assign(new Error('no'), { name }))).toMatchObject({ code: 'DENIED' }),
  )

  test('the code of the header wins, as it is there without a body, too', () => {
    const error = Object.assign(answered(404), {
      response: {
        headers: new Map([
          ['x-ms-error-code', 'QueueNotFound'],
          ['x-ms-request-id', 'r-1'],
        ]),
      },
    })
    expect(mapError('work', error)).toMatchObject({
      code: 'QUEUE_NOT_FOUND',
      message: expect.stringMatching(/status 404, QueueNotFound, request r-1/),
    })
  })

  test('what is a QueueError, a bug or no error at all is left alone', () => {
    for (const error of [new QueueError('CLOSED', 'q', 'closed'), new TypeError('bug'), 'reason', undefined]) {
      expect(mapError('work', error)).toBe(error)
    }
  })

  test('neither message nor anything below it holds a secret', () => {
    const url = 'https://acct.queue.core.windows.net/q?sv=2025&sig=SECRET%3D'
    const error = new RestError(`connect failed: ${url}`, {
      code: 'ECONNRESET',
      request: { url, headers: new Map() } as never,
    })
    const mapped = mapError('work', error) as QueueError
    expect(mapped.message).toBe('work: connect failed: https://acct.queue.core.windows.net/q?… (ECONNRESET)')
    expect(mapped.cause).toBeUndefined()
    expect(inspect(mapped, { showHidden: true, depth: 9 })).not.toContain('SECRET')
  })
})

test.each([
  ['a https://x/y?sv=1&sig=abc b', 'a https://x/y?… b'],
  ['AccountName=a;AccountKey=abc==;x', 'AccountName=a;AccountKey=…;x'],
  ['sig=abc&sv=1', 'sig=…&sv=1'],
  ['SharedAccessSignature=sv=1&sig=abc', 'SharedAccessSignature=…&sig=…'],
  ['Authorization: Bearer eyJ.x.y!', 'Authorization: Bearer …'],
  ['Authorization: SharedKey acct:abc=', 'Authorization: SharedKey …'],
  ['nothing to hide?', 'nothing to hide?'],
])('redact(%j)', (text, expected) => expect(redact(text)).toBe(expected))
