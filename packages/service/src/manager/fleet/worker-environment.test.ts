import { describe, expect, test } from 'vitest'
import { workerEnvironment } from './worker-environment.ts'

/** What a manager may have, most of which is no business of a worker. */
const own = {
  PATH: '/bin',
  HOME: '/root',
  VMSS_PASSWORD: 'vmss-secret',
  CACHEWARMER_STATUS_TOKEN: 'token-secret',
  AWS_SECRET_ACCESS_KEY: 'foreign-secret',
  DATABASE_URL: 'postgres://user:foreign-secret@db',
  AZURE_TENANT_ID: 'tenant',
  AZURE_CLIENT_ID: 'client',
  AZURE_CLIENT_SECRET: 'client-secret',
  AZURE_CLIENT_CERTIFICATE_PASSWORD: 'certificate-secret',
  STORAGE_KEY: 'key-secret',
  AZURE_STORAGE_KEY: 'second-key-secret',
  CACHEWARMER_STORAGE_SAS: 'sig=sas-secret',
  CACHEWARMER_CONNECTION_STRING: 'AccountKey=connection-secret',
  AZURE_STORAGE_CONNECTION_STRING: 'AccountKey=second-connection-secret',
  https_proxy: 'http://user:proxy-secret@proxy:3128',
  no_proxy: 'filer',
  CACHEWARMER_NFS_UID: '1000',
}
const secretsOf = (environment: Readonly<Record<string, string>>): string[] =>
  Object.entries(environment).flatMap(([name, value]) => (value.includes('secret') ? [name] : []))
const url = 'https://studio.queue.core.windows.net'

describe('a worker process', () => {
  test('of a queue that is a file has no secret at all', () => {
    expect(workerEnvironment({ queue: 'sqlite:/var/lib/q.db', storageKey: 'argument-secret' }, own)).toEqual({
      PATH: '/bin',
      HOME: '/root',
      CACHEWARMER_NFS_UID: '1000',
    })
  })

  test.each([
    ['a signature in its URL', { queue: `${url}?sig=url-secret` }, own, ['https_proxy', 'CACHEWARMER_QUEUE']],
    ['a key that was an argument', { queue: url, storageKey: 'a-secret' }, own, ['https_proxy', 'STORAGE_KEY']],
    ['a key in a file', { queue: url, storageKeyFile: '/run/key' }, own, ['https_proxy']],
    ['a signature', { storageAccountName: 'studio' }, own, ['https_proxy', 'CACHEWARMER_STORAGE_SAS']],
    ['a key', { queue: url }, { ...own, CACHEWARMER_STORAGE_SAS: '' }, ['https_proxy', 'STORAGE_KEY']],
    ['a connection string', {}, own, ['https_proxy', 'CACHEWARMER_CONNECTION_STRING']],
    [
      'an identity alone',
      { queue: url },
      { ...own, STORAGE_KEY: '', AZURE_STORAGE_KEY: '', CACHEWARMER_STORAGE_SAS: '' },
      ['https_proxy', 'AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PASSWORD'],
    ],
  ])(
    'whose queue is entered by %s has that secret, a way through the proxy, and no other',
    (_, config, from, names) => {
      expect(secretsOf(workerEnvironment(config, from)).sort()).toEqual(names.sort())
    },
  )

  test('asks for its tokens as the manager was told to', () => {
    const told = { queue: url, azureClientId: 'id', azureAuthorityHost: 'https://login.example' }
    expect(workerEnvironment(told, { AZURE_CLIENT_ID: 'other' })).toEqual({
      AZURE_CLIENT_ID: 'id',
      AZURE_AUTHORITY_HOST: 'https://login.example',
    })
  })
})
