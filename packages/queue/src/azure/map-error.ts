import { isQueueError, QueueError, type QueueErrorCode } from '../errors.ts'

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
  readonly details?: { readonly errorCode?: unknown }
  readonly response?: { readonly headers?: { get(name: string): string | undefined } }
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
  const where = [status && `status ${status}`, name, request && `request ${request}`].filter(Boolean).join(', ')
  return new QueueError(code, queue, where === '' ? said : `${said} (${where})`)
}

const ofOtherStatus = (status: number): QueueErrorCode => (status >= 500 ? 'UNAVAILABLE' : 'OPTION_INVALID')

/** No answer came: the request, the name or the connection failed on its way. Anything else is a bug, and is left alone. */
const withoutAnswer = (error: Error, code: string | undefined): QueueErrorCode | undefined =>
  error.name === 'RestError' || (code !== undefined && /^E[A-Z_]+$|CERT|TLS|SSL/.test(code)) ? 'UNAVAILABLE' : undefined
