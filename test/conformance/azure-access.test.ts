import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  generateAccountSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-queue'
import { type AzureOptions, openAzureService } from '@cachewarmer/queue/azure'
import { type Certificate, fakeCredential, makeCertificate } from '@cachewarmer/queue/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Azurite, startAzurite } from '../support/azurite.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-azure-'))
const certificate = makeCertificate(folder)
let azurite: Azurite
let secure: Azurite | undefined

beforeAll(async () => {
  ;[azurite, secure] = await Promise.all([
    startAzurite(),
    certificate === undefined ? undefined : startAzurite({ certificate }),
  ])
})
afterAll(async () => {
  await Promise.all([azurite?.stop(), secure?.stop()])
  rmSync(folder, { recursive: true })
})

let queues = 0

/** Every kind of call, once. */
async function roundTrip(options: AzureOptions): Promise<void> {
  const service = openAzureService(options)
  const name = `access-${++queues}`
  expect(await service.create(name)).toBe('created')
  const queue = service.queue(name)
  const sent = await queue.send('first')
  await sent.update('second', { leaseMs: 0 })
  expect(await queue.peek({ max: 1 })).toMatchObject([{ id: sent.id, body: 'second' }])
  const [lease] = await queue.receive({ max: 1, leaseMs: 60_000 })
  await lease?.renew(60_000)
  expect(await queue.approximateDepth()).toBe(1)
  await lease?.complete()
  expect(await service.list(name)).toEqual([name])
  expect(await service.delete(name)).toBe('deleted')
  await service.close()
}

/** Longer than any test; no test reads it back. */
const inAnHour = (): Date => new Date(Date.now() + 3_600_000)

function makeSas(permissions = 'rwdlacup', expiresOn = inAnHour()): string {
  return generateAccountSASQueryParameters(
    {
      expiresOn,
      permissions: AccountSASPermissions.parse(permissions),
      protocol: SASProtocol.HttpsAndHttp,
      resourceTypes: AccountSASResourceTypes.parse('sco').toString(),
      services: AccountSASServices.parse('q').toString(),
    },
    new StorageSharedKeyCredential('devstoreaccount1', azurite.accountKey),
  ).toString()
}

describe('access to an account', () => {
  test('by connection string', () => roundTrip({ connectionString: azurite.connectionString }))

  test('by account key, given apart', () => roundTrip({ url: azurite.url, accountKey: azurite.accountKey }))

  test('by shared access signature, given apart', () => roundTrip({ url: azurite.url, sas: `?${makeSas()}` }))

  test('by shared access signature, in the URL', () => roundTrip({ url: `${azurite.url}?${makeSas()}` }))

  test('by shared access signature, in a connection string', () =>
    roundTrip({ connectionString: `QueueEndpoint=${azurite.url};SharedAccessSignature=${makeSas()}` }))

  test('a wrong key is DENIED, and not shown', async () => {
    const accountKey = Buffer.from('a wrong key').toString('base64')
    const service = openAzureService({ url: azurite.url, accountKey })
    const denied = service.create('queue')
    await expect(denied).rejects.toMatchObject({ code: 'DENIED', queue: 'queue' })
    await expect(denied).rejects.not.toThrow(accountKey)
  })

  test('a signature that has expired is DENIED, and not shown', async () => {
    const sas = makeSas('rwdlacup', new Date(Date.now() - 60_000))
    const service = openAzureService({ url: azurite.url, sas })
    const error = await service.list('').then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code: 'DENIED' })
    const signature = new URLSearchParams(sas).get('sig') ?? ''
    expect(signature).not.toBe('')
    for (const secret of [signature, encodeURIComponent(signature)]) expect(String(error)).not.toContain(secret)
  })

  test('a signature that lacks a permission is DENIED', async () => {
    await openAzureService({ connectionString: azurite.connectionString }).create('readable')
    const service = openAzureService({ url: azurite.url, sas: makeSas('r') })
    expect(await service.queue('readable').peek({ max: 1 })).toEqual([])
    await expect(service.queue('readable').send('x')).rejects.toMatchObject({ code: 'DENIED' })
  })
})

describe.skipIf(certificate === undefined)('access by token, over TLS (needs openssl)', () => {
  const trusted = (): Pick<Certificate, 'ca'> => ({ ca: certificate?.ca ?? '' })
  const url = (): string => secure?.url ?? ''

  test('with a credential', async () => {
    const credential = fakeCredential()
    await roundTrip({ url: url(), credential, ...trusted() })
    expect(credential.asked.flat()).toContain('https://storage.azure.com/.default')
  })

  test('a token for another audience is DENIED', async () => {
    const credential = fakeCredential('https://management.azure.com')
    const service = openAzureService({ url: url(), credential, ...trusted() })
    await expect(service.list('')).rejects.toMatchObject({ code: 'DENIED' })
  })

  test('a credential that has none to give is DENIED', async () => {
    const unavailable = Object.assign(new Error('no managed identity here'), { name: 'CredentialUnavailableError' })
    const service = openAzureService({
      url: url(),
      credential: { getToken: () => Promise.reject(unavailable) },
      ...trusted(),
    })
    await expect(service.list('')).rejects.toMatchObject({
      code: 'DENIED',
      message: expect.stringMatching(/no managed identity here/),
    })
  })

  test('a credential that hangs is UNAVAILABLE after the time of a call', async () => {
    const credential = { getToken: () => new Promise<never>(() => {}) }
    const service = openAzureService({ url: url(), credential, callTimeoutMs: 50, ...trusted() })
    await expect(service.list('')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'all queues: no answer within 50 ms',
    })
  })

  test('with an account key, too', () => roundTrip({ url: url(), accountKey: secure?.accountKey, ...trusted() }))

  test('a certificate from an unknown issuer is UNAVAILABLE, by name', async () => {
    const service = openAzureService({ url: url(), credential: fakeCredential() })
    await expect(service.list('')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/SELF_SIGNED/),
    })
  })
})
