import { describe, expect, test } from 'vitest'
import { fakeCredential } from '../testing/token.ts'
import { type AzureAccess, connect } from './connect.ts'

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
