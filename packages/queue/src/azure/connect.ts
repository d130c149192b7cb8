import { AnonymousCredential, QueueServiceClient, StorageSharedKeyCredential } from '@azure/storage-queue'
import { isQueueError, QueueError, type QueueErrorCode } from '../port/errors.ts'
import type { AzureAccess } from './access.ts'

/**
 * Error codes of the service, https://learn.microsoft.com/rest/api/storageservices/queue-service-error-codes and "common" ones.
 */
const byCode: Readonly<Record<string, QueueErrorCode>> = {
  QueueNotFound: 'QUEUE_NOT_FOUND',
  QueueBeingDeleted: 'QUEUE_BEING_DELETED',
  QueueDisabled: 'DENIED',
  MessageNotFound: 'LEASE_LOST',
  PopReceiptMismatch: 'LEASE_LOST',
  MessageTooLarge: 'BODY_TOO_LARGE',
  RequestBodyTooLarge: 'BODY_TOO_LARGE',
  InvalidResourceName: 'NAME_INVALID',
  AccountIsDisabled: 'DENIED',
  // Credentials without a place to ask, of @azure/identity.
  CredentialUnavailableError: 'DENIED',
  AuthenticationRequiredError: 'DENIED',
  AggregateAuthenticationError: 'DENIED',
  AuthenticationError: 'DENIED',
  ServerBusy: 'THROTTLED',
  OperationTimedOut: 'UNAVAILABLE',
  InternalError: 'UNAVAILABLE',
}

const byStatus: Readonly<Record<number, QueueErrorCode>> = {
  401: 'DENIED',
  403: 'DENIED',
  408: 'UNAVAILABLE',
  413: 'BODY_TOO_LARGE',
  429: 'THROTTLED',
  503: 'THROTTLED',
}

interface Facts {
  readonly name?: unknown
  readonly message?: unknown
  readonly code?: unknown
  readonly statusCode?: unknown
  readonly details?: { readonly errorCode?: unknown } | undefined
  readonly response?: { readonly headers?: { get(name: string): string | undefined } }
  readonly request?: { readonly agent?: { readonly proxy?: unknown } | undefined } | undefined
}

/** A SAS lives in a URL's query, a key in a connection string: neither may reach a message. */
export const redact = (text: string): string =>
  text
    .replace(/\?[^\s"'<>]+/g, '?…')
    .replace(/\b(sig|AccountKey|SharedAccessSignature)=[^\s;&"']+/gi, '$1=…')
    .replace(/\b(Bearer|SharedKey) \S+/g, '$1 …')

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/**
 * The only file that knows what the service and its SDK call their troubles. The SDK's own error is dropped, because it
 * contains the URL.
 */
export function mapError(queue: string, error: unknown): unknown {
  if (isQueueError(error) || !(error instanceof Error)) return error
  const facts = error as Facts
  const status = typeof facts.statusCode === 'number' ? facts.statusCode : undefined
  const name =
    text(facts.response?.headers?.get('x-ms-error-code')) ?? text(facts.details?.errorCode) ?? text(facts.code)
  const known = byCode[name ?? ''] ?? byCode[error.name]
  const code =
    known ?? (status === undefined ? withoutAnswer(error, name) : (byStatus[status] ?? ofOtherStatus(status)))
  if (code === undefined) return error

  const request = text(facts.response?.headers?.get('x-ms-request-id'))
  const said = redact(error.message.split('\n')[0] ?? '')
  const proxy = status === undefined ? proxyOf(facts) : undefined
  const where = [status && `status ${status}`, name, request && `request ${request}`, proxy && `through proxy ${proxy}`]
    .filter(Boolean)
    .join(', ')
  return new QueueError(code, queue, where === '' ? said : `${said} (${where})`)
}

/** Which proxy a request took that got no answer, without its password: the SDK's agent knows. */
function proxyOf({ request }: Facts): string | undefined {
  const proxy = request?.agent?.proxy
  return proxy instanceof URL ? `${proxy.protocol}//${proxy.host}` : undefined
}

const ofOtherStatus = (status: number): QueueErrorCode => (status >= 500 ? 'UNAVAILABLE' : 'OPTION_INVALID')

/** No answer came: the request, the name or the connection failed on its way. Anything else is a bug, and is left alone. */
const withoutAnswer = (error: Error, code: string | undefined): QueueErrorCode | undefined =>
  error.name === 'RestError' || (code !== undefined && /^E[A-Z_]+$|CERT|TLS|SSL/.test(code)) ? 'UNAVAILABLE' : undefined

export interface ClientOptions {
  /** Certificates to trust besides the usual ones, as PEM. */
  readonly ca?: string | undefined
}

/** One try per call: for more, wrap the service with `withRetry`. */
const pipeline = ({ ca }: ClientOptions) => ({
  retryOptions: { maxTries: 1 },
  userAgentOptions: { userAgentPrefix: 'cachewarmer-queue' },
  ...(ca !== undefined && { tlsOptions: { ca } }),
})

const ways = ['accountKey', 'sas', 'credential'] as const

/** Checks that there is exactly one way in, and makes the SDK's client. Sends nothing. No error repeats a secret. */
export function connect(access: AzureAccess, options: ClientOptions): QueueServiceClient {
  const { connectionString, url, accountKey, sas, credential } = access
  const given = ways.filter((way) => access[way] !== undefined)
  if (connectionString !== undefined) {
    if (url !== undefined || given.length > 0)
      throw invalid('connectionString', 'the only option, without a url or another secret')
    return fromConnectionString(connectionString, options)
  }
  const { endpoint, query } = parseUrl(url)
  if (query !== '') given.push('sas')
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none' : given.join(' and ')
    throw invalid('access', `one of accountKey, sas or credential (or a connectionString), got ${found}`)
  }
  if (accountKey !== undefined) {
    const name = access.accountName ?? accountNameOf(new URL(endpoint))
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(accountKey)) throw invalid('accountKey', 'base64')
    return new QueueServiceClient(endpoint, new StorageSharedKeyCredential(name, accountKey), pipeline(options))
  }
  if (credential !== undefined) {
    if (!endpoint.startsWith('https:')) throw invalid('url', 'an https one, as tokens are not sent in the clear')
    return new QueueServiceClient(endpoint, credential, pipeline(options))
  }
  const signature = (sas ?? query).replace(/^\?/, '')
  if (!new URLSearchParams(signature).has('sig')) throw invalid('sas', 'a shared access signature, with a sig in it')
  return new QueueServiceClient(`${endpoint}?${signature}`, new AnonymousCredential(), pipeline(options))
}

/** Never shows the value: it may be a secret, or hold one. */
const invalid = (field: string, expected: string): QueueError =>
  new QueueError('OPTION_INVALID', 'azure', `${field} must be ${expected}`)

function fromConnectionString(connectionString: string, options: ClientOptions): QueueServiceClient {
  try {
    return QueueServiceClient.fromConnectionString(connectionString, pipeline(options))
  } catch (error) {
    throw invalid('connectionString', `one of a storage account: ${redact((error as Error).message)}`)
  }
}

function parseUrl(url: string | undefined): { endpoint: string; query: string } {
  const parsed = url === undefined ? null : URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.password !== '') {
    throw invalid('url', 'that of a storage account, like https://ACCOUNT.queue.core.windows.net')
  }
  return { endpoint: `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`, query: parsed.search }
}

/** `ACCOUNT.queue…`, or the first part of the path where the host is an address or has a path at all, as emulators do. */
const accountNameOf = (url: URL): string => url.pathname.split('/')[1] || (url.hostname.split('.')[0] ?? '')
