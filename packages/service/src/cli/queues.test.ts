import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@cachewarmer/queue'
import { Command } from '@commander-js/extra-typings'
import { afterAll, describe, expect, test } from 'vitest'
import { UsageError } from './exit-code.ts'
import { translateLegacyFlags } from './main.ts'
import { legacyQueueFlags, openQueues, queueAccess, queueOptions } from './queues.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-access-'))
afterAll(() => rmSync(folder, { recursive: true }))

const account = { storageAccountName: 'studiocache' }
const url = 'https://studiocache.queue.core.windows.net'

describe('the place', () => {
  test.each([
    [{ queue: 'sqlite:q.db' }, 'sqlite:q.db'],
    [{ queue: 'sqlite:q.db', ...account }, 'sqlite:q.db'],
    [account, url],
    [{ ...account, queue: '' }, url],
    [{ ...account, storageSuffix: 'core.chinacloudapi.cn' }, 'https://studiocache.queue.core.chinacloudapi.cn'],
    [{ ...account, storageSuffix: '' }, url],
  ])('%j is %s', (settings, expected) => {
    expect(queueAccess(settings, {})).toEqual({ url: expected })
  })

  test.each(['CACHEWARMER_CONNECTION_STRING', 'AZURE_STORAGE_CONNECTION_STRING'])(
    'is that of %s where no other is named',
    (name) => {
      const environment = { [name]: 'AccountName=x', STORAGE_KEY: 'of another' }
      expect(queueAccess({}, environment)).toEqual({
        url: 'azure:connection-string',
        connectionString: 'AccountName=x',
      })
      expect(queueAccess(account, { [name]: 'AccountName=x' })).toEqual({ url })
    },
  )

  test('has to be named', () => {
    const missing = /^no queue: give --queue/
    expect(() => queueAccess({}, {})).toThrow(missing)
    expect(() => queueAccess({ queue: '', storageAccountName: '' }, { AZURE_STORAGE_CONNECTION_STRING: '' })).toThrow(
      missing,
    )
  })

  test.each(['ab', 'Studio', 'studio-cache', 'evil.example/x?', 'a'.repeat(25)])(
    'account %j is refused',
    (storageAccountName) => {
      expect(() => queueAccess({ storageAccountName }, {})).toThrow(
        new UsageError(
          `--storage-account-name: expected 3 to 24 lowercase letters and digits, got "${storageAccountName}"`,
        ),
      )
    },
  )
})

describe('the identity', () => {
  const named = { ...account, azureClientId: 'id', azureAuthorityHost: 'https://login.example' }

  test('is the one that was named, where there is no secret', () => {
    expect(queueAccess(named, {})).toEqual({
      url,
      identity: { clientId: 'id', authorityHost: 'https://login.example' },
    })
    expect(queueAccess({ ...named, azureAuthorityHost: '' }, {})).toEqual({ url, identity: { clientId: 'id' } })
    expect(queueAccess(named, { STORAGE_KEY: 'a2V5' })).toEqual({ url, accountKey: 'a2V5' })
  })
})

describe('the secret', () => {
  const environment = { CACHEWARMER_STORAGE_SAS: 'sig=1', STORAGE_KEY: 'a2V5', AZURE_STORAGE_KEY: 'b3RoZXI=' }
  const storageKeyFile = join(folder, 'key')
  writeFileSync(storageKeyFile, 'ZmlsZQ==\n', { mode: 0o600 })

  test('of a URL that holds one is that one', () => {
    const queue = `${url}?sv=1&sig=2`
    expect(queueAccess({ queue, storageKeyFile, storageKey: 'x' }, environment)).toEqual({ url: queue })
  })

  test('on the command line comes first, then a file, then the environment in its order', () => {
    expect(queueAccess({ ...account, storageKey: 'YXJn', storageKeyFile }, environment)).toEqual({
      url,
      accountKey: 'YXJn',
    })
    expect(queueAccess({ ...account, storageKeyFile }, environment)).toEqual({ url, accountKey: 'ZmlsZQ==' })
    expect(queueAccess(account, environment)).toEqual({ url, sas: 'sig=1' })
    expect(queueAccess(account, { ...environment, CACHEWARMER_STORAGE_SAS: '' })).toEqual({ url, accountKey: 'a2V5' })
    expect(queueAccess(account, { AZURE_STORAGE_KEY: 'b3RoZXI=' })).toEqual({ url, accountKey: 'b3RoZXI=' })
  })

  test('is not given to a file', () => {
    expect(queueAccess({ queue: 'sqlite:q.db', storageKeyFile: '/nowhere' }, environment)).toEqual({
      url: 'sqlite:q.db',
    })
  })

  test('in a file that is not there is a mistake of the caller', () => {
    const missing = join(folder, 'missing')
    expect(() => queueAccess({ ...account, storageKeyFile: missing }, {})).toThrow(UsageError)
    expect(() => queueAccess({ ...account, storageKeyFile: missing }, {})).toThrow(
      /^--storage-key-file .*missing: ENOENT/,
    )
  })
})

const queue = `sqlite:${join(folder, 'q.db')}`

describe('openQueues', () => {
  test('opens what is named, under its prefix', async () => {
    const { service, prefix, close } = await openQueues({ queue, queueNamePrefix: 'studio' }, {}, systemClock)
    expect(prefix).toBe('studio')
    expect(await service.create('studiojob')).toBe('created')
    expect(await service.list('studio')).toEqual(['studiojob'])
    await close()
    await expect(service.list('studio')).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('closes them where they are disposed of', async () => {
    const opened = await openQueues({ queue, queueNamePrefix: 'studio' }, {}, systemClock)
    await opened[Symbol.asyncDispose]()
    await expect(opened.service.list('studio')).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test.each([
    [{ queue }, 'no queue prefix'],
    [{ queue, queueNamePrefix: '' }, 'no queue prefix'],
    [{ queue, queueNamePrefix: 'Studio_' }, 'prefix: expected 2 to 43'],
    [{ queueNamePrefix: 'studio' }, 'no queue: '],
    [{ queue: 'ftp://x', queueNamePrefix: 'studio' }, 'ftp:'],
    [{ queue: 'http://127.0.0.1:1/x', queueNamePrefix: 'studio' }, 'access must be one of'],
    [{ queue: `sqlite:${folder}`, queueNamePrefix: 'studio' }, folder],
  ])('refuses %j', async (settings, message) => {
    await expect(openQueues(settings, {}, systemClock)).rejects.toThrow(message)
  })
})

describe('queueOptions', () => {
  const parse = (...argv: string[]) => {
    const command = new Command()
      .addOption(queueOptions.queue)
      .addOption(queueOptions.prefix)
      .addOption(queueOptions.account)
      .addOption(queueOptions.suffix)
      .addOption(queueOptions.keyFile)
      .addOption(queueOptions.keyInArguments)
    return { command, settings: command.parse(translateLegacyFlags(argv, legacyQueueFlags), { from: 'user' }).opts() }
  }

  test("take the original's names", () => {
    const { settings } = parse(
      '-storageAccountName',
      'acct',
      '-storageAccountResourceGroup',
      'rg',
      '-queueNamePrefix=p1',
      '-storageKey=a2V5==',
    )
    expect(settings).toMatchObject({ storageAccountName: 'acct', queueNamePrefix: 'p1', storageKey: 'a2V5==' })
  })

  test('never offer a key on the command line', () => {
    expect(parse().command.helpInformation()).not.toContain('--storage-key <')
    expect(parse().command.helpInformation()).toContain('--storage-key-file <')
  })
})
