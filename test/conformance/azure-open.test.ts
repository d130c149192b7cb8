import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { QueueService } from '@cachewarmer/queue'
import { type OpenOptions, openService } from '@cachewarmer/queue/open'
import { type Certificate, fakeCredential, makeCertificate } from '@cachewarmer/queue/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Azurite, startAzurite } from '../support/azurite.ts'

/* How openService gets into an account: by a secret, and by the identities that Azure gives a machine. */

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'cw-open-'))
const certificate = makeCertificate(folder)
let azurite: Azurite

beforeAll(async () => {
  azurite = await startAzurite()
})
afterAll(async () => {
  await azurite?.stop()
  rmSync(folder, { recursive: true })
})

let queues = 0

async function works(service: QueueService): Promise<void> {
  const name = `open-${++queues}`
  await service.create(name)
  await service.queue(name).send('x')
  expect(await service.queue(name).peek({ max: 1 })).toMatchObject([{ body: 'x' }])
  await service.close()
}

/** The metadata service of an Azure machine, as `@azure/identity` asks it for a token. */
async function startMetadataService() {
  const asked: string[] = []
  const credential = fakeCredential()
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    credential.getToken('').then(
      ({ token, expiresOnTimestamp }) => {
        const times = { expires_in: '3600', expires_on: String(Math.floor(expiresOnTimestamp / 1_000)) }
        const answer = { access_token: token, token_type: 'Bearer', resource: 'https://storage.azure.com', ...times }
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      },
      (error: Error) => response.destroy(error),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { asked, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** The token service of a private cloud (OAuth 2, client credentials flow). */
async function startAuthority({ certFile, keyFile }: Certificate) {
  const asked: string[] = []
  const credential = fakeCredential()
  const server = createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const base = `https://${request.headers.host}/studio`
    const described = {
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
    }
    credential.getToken('').then(
      ({ token }) => {
        const given = { access_token: token, token_type: 'Bearer', expires_in: 3_600 }
        const answer = request.method === 'POST' ? given : described
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      },
      (error: Error) => response.destroy(error),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { asked, server, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe.skipIf(certificate === undefined)('without a secret (needs openssl)', () => {
  let secure: Azurite
  beforeAll(async () => {
    secure = await startAzurite({ ...(certificate && { certificate }) })
  })
  afterAll(() => secure?.stop())

  /** In a process of its own, as tokens and certificates are kept for a whole one. */
  async function open(identity: OpenOptions['identity'], environment: Readonly<Record<string, string>>) {
    const script = `
    import { openService } from '${import.meta.resolve('@cachewarmer/queue/open')}'
    const service = await openService('${secure.url}', ${JSON.stringify({ identity })})
    console.log(await service.create('queue'), await service.list(''))
    await service.delete('queue')`
    const env = { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: certificate?.certFile, ...environment }
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { env })
    return stdout
  }

  test.each([
    ['the only one of the machine', undefined, undefined],
    ['the one that was named', { clientId: 'id-of-queues' }, 'id-of-queues'],
  ])('a managed identity opens the account: %s', async (_, identity, asked) => {
    const metadata = await startMetadataService()
    const machine = { AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url }
    try {
      expect(await open(identity, { ...machine, AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential' })).toBe(
        "created [ 'queue' ]\n",
      )
      const last = new URL(metadata.asked.at(-1) ?? '', metadata.url).searchParams
      expect(last.get('resource')).toBe('https://storage.azure.com')
      expect(last.get('client_id') ?? undefined).toBe(asked)
    } finally {
      metadata.server.close()
    }
  })

  test('a service principal gets its token from the authority that was named, and from no other', async () => {
    if (certificate === undefined) return
    const authority = await startAuthority(certificate)
    try {
      const principal = { AZURE_TENANT_ID: 'studio', AZURE_CLIENT_ID: 'id', AZURE_CLIENT_SECRET: 'secret' }
      const stdout = await open(
        { authorityHost: authority.url },
        { ...principal, AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential' },
      )
      expect(stdout).toBe("created [ 'queue' ]\n")
      expect(authority.asked).toContainEqual(expect.stringMatching(/^POST \/studio\/oauth2\/v2\.0\/token/))
    } finally {
      authority.server.close()
    }
  })
})

describe('by a secret', () => {
  test('no URL and a connection string opens the account', async () => {
    await works(await openService(undefined, { connectionString: azurite.connectionString }))
  })

  test('azure:connection-string opens the account', async () => {
    await works(await openService('azure:connection-string', { connectionString: azurite.connectionString }))
  })

  test('a URL with a key opens the account', async () => {
    await works(await openService(azurite.url, { accountKey: azurite.accountKey }))
  })
})
