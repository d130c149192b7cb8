import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasTool, startInstanceMetadata, testSshKey } from '@cachewarmer/vmss/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Azurite, startAzurite } from '../../support/azurite.ts'
import { Cloud } from '../../support/cloud.ts'
import { Lab } from '../../support/lab.ts'
import { findSecret } from './remains.ts'

/* For every way by which a program gets a secret, the secret is found only where it came from. */

describe('a secret of the storage account', { timeout: 120_000 }, () => {
  let azurite: Azurite
  beforeAll(async () => {
    azurite = await startAzurite()
  })
  afterAll(() => azurite.stop())

  const wrong: [string, (secret: string) => Readonly<Record<string, string>>][] = [
    ['a key that is none', (secret) => ({ CACHEWARMER_QUEUE: azurite.url, STORAGE_KEY: `${secret}!` })],
    [
      'a key of another account',
      (secret) => ({ CACHEWARMER_QUEUE: azurite.url, STORAGE_KEY: Buffer.from(secret).toString('base64') }),
    ],
    ['a signature that is wrong', (secret) => ({ CACHEWARMER_QUEUE: `${azurite.url}?sv=2020&sig=${secret}` })],
    ['a SAS that is none', (secret) => ({ CACHEWARMER_QUEUE: azurite.url, CACHEWARMER_STORAGE_SAS: secret })],
    ['a user and a password in the URL', (secret) => ({ CACHEWARMER_QUEUE: `https://me:${secret}@127.0.0.1:1/x` })],
    ['a connection string as a URL', (secret) => ({ CACHEWARMER_QUEUE: `AccountName=a;AccountKey=${secret}` })],
    [
      'a broken connection string',
      (secret) => ({ CACHEWARMER_QUEUE: '', AZURE_STORAGE_CONNECTION_STRING: `AccountName=a;AccountKey=${secret};;x` }),
    ],
    [
      'a key and an address without a listener',
      (secret) => ({
        CACHEWARMER_QUEUE: 'http://127.0.0.1:1/account',
        STORAGE_KEY: Buffer.from(secret).toString('base64'),
      }),
    ],
  ]

  test.each(wrong)('is not told in the error about %s', async (_, environment) => {
    const secret = 'Swordfish4TheQueue'
    await using lab = new Lab(environment(secret))
    const { code, stdout, stderr } = await lab.run('submit', ['list', '--json'])
    expect([2, 3]).toContain(code)
    expect(stderr).toMatch(/^cachewarmer-submit: /)
    expect(
      findSecret(
        secret,
        new Map([
          ['stdout', stdout],
          ['stderr', stderr],
        ]),
      ),
    ).toEqual([])
  })
})

describe('a secret of the machines of Azure', { timeout: 60_000 }, () => {
  const password = 'Sesame-Open-4-Cache!'
  const token = 'eyJhbGciOi.TOKEN-OF-THE-CONTROLLER.c2ln'
  const available = hasTool('openssl', 'secrets of machines are not tested against the resource manager on loopback')

  test.skipIf(!available).each(['environment', 'file'])(
    'the password by %s and the token are in no log, plan, argument list or file',
    async (road) => {
      await using cloud = await Cloud.start({})
      const metadata = await startInstanceMetadata({ tokenFor: () => token })
      await using lab = new Lab({
        ...cloud.environment,
        AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url,
        CACHEWARMER_QUEUE: 'https://studio.queue.core.windows.net',
        ...(road === 'environment' && { VMSS_PASSWORD: password }),
      })
      const secrets = join(lab.folder, 'secrets')
      mkdirSync(secrets)
      writeFileSync(join(secrets, 'password'), password, { mode: 0o600 })
      const given = cloud
        .managerArguments(lab.folder)
        .filter((argument) => argument !== '--vmss-ssh-public-key' && argument !== testSshKey)
        .map((argument) => (argument === cloud.controller.url ? metadata.url : argument))
      const file = road === 'file' ? ['--vmss-password-file', join(secrets, 'password')] : []
      const { code, stdout, stderr } = await lab.run('manager', ['plan', ...given, ...file, '--debug'])
      expect({ code, stderr }).toMatchObject({ code: 0 })
      expect(stdout).toContain('***')
      const texts = new Map([
        ['plan', stdout],
        ['stderr', stderr],
      ])
      for (const secret of [password, token]) expect(findSecret(secret, texts)).toEqual([])
      await metadata.close()
    },
  )
})
