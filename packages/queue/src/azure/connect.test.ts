import { inspect } from 'node:util'
import { RestError } from '@azure/storage-queue'
import { describe, expect, test } from 'vitest'
import { QueueError, type QueueErrorCode } from '../port/errors.ts'
import { fakeCredential } from '../testing/token.ts'
import type { AzureAccess } from './access.ts'
import { connect, mapError, redact } from './connect.ts'

const key = Buffer.from('not a key').toString('base64')
const url = 'https://acct.queue.core.windows.net'
const sas = 'sv=2025-01-05&ss=q&sig=SECRET'
const connectionString = `DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=${key};EndpointSuffix=core.windows.net`

describe('connect', () => {
  test.each<[string, AzureAccess, string, string]>([
    ['a connection string', { connectionString }, url, 'acct'],
    [
      'the connection string of a sovereign cloud',
      { connectionString: connectionString.replace('windows.net', 'chinacloudapi.cn') },
      'https://acct.queue.core.chinacloudapi.cn',
      'acct',
    ],
    ['an account key', { url, accountKey: key }, url, 'acct'],
    ['a URL that ends in slashes', { url: `${url}//`, accountKey: key }, url, 'acct'],
    [
      'an emulator, whose account is in the path',
      { url: 'http://127.0.0.1:10001/devstoreaccount1', accountKey: key },
      'http://127.0.0.1:10001/devstoreaccount1',
      'devstoreaccount1',
    ],
    [
      'a domain of one’s own, with the account’s name',
      { url: 'https://queues.example.org', accountKey: key, accountName: 'acct' },
      'https://queues.example.org',
      'acct',
    ],
  ])('%s', (_what, access, expectedUrl, account) => {
    const client = connect(access, {})
    expect(client.url).toBe(expectedUrl)
    expect(Reflect.get(client, 'credential')).toMatchObject({ accountName: account })
  })

  test.each([sas, `?${sas}`])('a SAS given as %s', (given) => {
    expect(connect({ url, sas: given }, {}).url).toBe(`${url}?${sas}`)
  })

  test('a SAS within the URL', () => {
    expect(connect({ url: `${url}/?${sas}` }, {}).url).toBe(`${url}?${sas}`)
  })

  test('a token credential', () => {
    expect(connect({ url, credential: fakeCredential() }, {}).url).toBe(url)
  })

  test.each<[string, AzureAccess, RegExp]>([
    ['nothing at all', {}, /url must be that of a storage account/],
    ['a URL alone', { url }, /access must be one of accountKey, sas or credential .*got none/],
    ['two secrets', { url, accountKey: key, sas }, /got accountKey and sas/],
    ['a SAS twice', { url: `${url}?${sas}`, sas }, /got sas and sas/],
    ['a connection string and a URL', { connectionString, url }, /connectionString must be the only option/],
    ['a connection string and a key', { connectionString, accountKey: key }, /connectionString must be the only/],
    ['a secret without a URL', { accountKey: key }, /url must be/],
    ['a URL that is none', { url: 'acct', accountKey: key }, /url must be/],
    ['a URL of another kind', { url: 'ftp://acct/SECRET', accountKey: key }, /url must be/],
    ['a URL with a password', { url: 'https://me:SECRET@acct.example.org', accountKey: key }, /url must be/],
    ['a key that is not base64', { url, accountKey: 'SECRET!' }, /accountKey must be base64/],
    ['a SAS without a signature', { url, sas: 'sv=SECRET' }, /sas must be a shared access signature/],
    ['a query that is no SAS', { url: `${url}?comp=SECRET` }, /sas must be a shared access signature/],
    ['a token in the clear', { url: 'http://127.0.0.1:1/a', credential: fakeCredential() }, /url must be an https one/],
    ['a connection string that is none', { connectionString: 'SECRET' }, /connectionString must be one of/],
    ['a broken connection string', { connectionString: 'AccountName=a;AccountKey=SECRET' }, /connectionString must be/],
  ])('%s is refused, without repeating a secret', (_what, access, message) => {
    const attempt = () => connect(access, {})
    expect(attempt).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(attempt).toThrow(message)
    expect(attempt).not.toThrow(/SECRET/)
  })
})

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
