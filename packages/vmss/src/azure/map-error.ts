import { VmssError, type VmssErrorCode } from '../errors.ts'

/** What the message of some errors needs to be of use. */
export interface ErrorContext {
  /** The scale set, machine or interface that was asked for. */
  readonly target: string
  readonly subscriptionId: string
  readonly plan?: { readonly name: string; readonly publisher: string; readonly product: string } | undefined
}

/** Azure's codes, for any status; operations that fail late have no status at all. */
const codes: Readonly<Record<string, VmssErrorCode>> = {
  AllocationFailed: 'NO_CAPACITY',
  ZonalAllocationFailed: 'NO_CAPACITY',
  OverconstrainedAllocationRequest: 'NO_CAPACITY',
  OverconstrainedZonalAllocationRequest: 'NO_CAPACITY',
  SkuNotAvailable: 'NO_CAPACITY',
  QuotaExceeded: 'QUOTA',
  AuthorizationFailed: 'FORBIDDEN',
  LinkedAuthorizationFailed: 'FORBIDDEN',
  ResourcePurchaseValidationFailed: 'TERMS_NOT_ACCEPTED',
  MarketplacePurchaseEligibilityFailed: 'TERMS_NOT_ACCEPTED',
  OperationPreempted: 'CONFLICT',
  ConflictingConcurrentWriteNotAllowed: 'CONFLICT',
  OperationNotAllowed: 'CONFLICT',
  TooManyRequests: 'THROTTLED',
  InternalServerError: 'UNAVAILABLE',
  InternalOperationError: 'UNAVAILABLE',
  InternalExecutionError: 'UNAVAILABLE',
  ServiceUnavailable: 'UNAVAILABLE',
}

/** Azure's own code first: a status says less, and late failures have none. */
function codeOf({ azureCode, status, message }: Facts): VmssErrorCode {
  // Azure has no code of its own for the quota that is met most often.
  if (azureCode === 'OperationNotAllowed' && /quota/i.test(message)) return 'QUOTA'
  const known = codes[azureCode ?? '']
  if (known) return known
  if (status === undefined) return 'FAILED'
  if (status === 401 || status === 403) return 'FORBIDDEN'
  if (status === 404) return 'NOT_FOUND'
  if (status === 409 || status === 412) return 'CONFLICT'
  if (status === 429) return 'THROTTLED'
  if (status === 408 || status >= 500) return 'UNAVAILABLE'
  return status === 400 ? 'OPTION_INVALID' : 'FAILED'
}

/** An error of the SDK in our words. The original stays its cause. */
export function mapError(error: unknown, context: ErrorContext): VmssError {
  const facts = factsOf(error)
  const { azureCode, retryAfterMs } = facts
  if (facts.unreachable)
    return new VmssError('UNAVAILABLE', context.target, `${facts.message}${throughProxy(error)}`, {
      cause: error,
      azureCode,
    })
  if (facts.noCredential) {
    const message = `no credential to call Azure with: ${facts.message}`
    return new VmssError('FORBIDDEN', context.target, message, { cause: error })
  }
  const code = codeOf(facts)
  const said = azureCode ? `${azureCode}: ${facts.message}` : facts.message
  const message = code === 'FORBIDDEN' ? forbidden(facts) : code === 'TERMS_NOT_ACCEPTED' ? terms(context) : said
  return new VmssError(code, context.target, message, { cause: error, retryAfterMs, azureCode })
}

/** What an error tells, whichever library it is from. */
interface Facts {
  readonly message: string
  readonly azureCode?: string | undefined
  readonly status?: number | undefined
  readonly retryAfterMs?: number | undefined
  readonly unreachable?: boolean
  readonly noCredential?: boolean
}

/** core-lro: the code and message of an operation that failed late are in the text of a plain error, and nowhere else. */
const lateFailure = /^The long-running operation has failed\. (\w+)\. ([\s\S]*)$/

/** Of @azure/identity. */
const credentialErrors = new Set([
  'CredentialUnavailableError',
  'AggregateAuthenticationError',
  'AuthenticationError',
  'AuthenticationRequiredError',
])

function factsOf(error: unknown): Facts {
  if (!(error instanceof Error)) return { message: String(error) }
  if (credentialErrors.has(error.name)) return { message: error.message, noCredential: true }
  if (error.name === 'RestError') return factsOfRest(error)
  if (error.message === 'Operation was canceled') return { message: error.message, azureCode: 'OperationPreempted' }
  const [, azureCode, message] = lateFailure.exec(error.message) ?? []
  return message === undefined ? { message: error.message } : { message, azureCode }
}

/** As much of the SDK's `RestError` as is read. Not its class: there may be two copies of it. */
interface RestLike extends Error {
  readonly code?: unknown
  readonly statusCode?: unknown
  readonly details?: { readonly error?: { readonly message?: unknown; readonly code?: unknown } }
  readonly response?: { readonly headers?: { get(name: string): string | undefined } }
}

function factsOfRest(error: RestLike): Facts {
  const status = typeof error.statusCode === 'number' ? error.statusCode : undefined
  const { code, message } = error.details?.error ?? {}
  const azureCode = typeof code === 'string' ? code : typeof error.code === 'string' ? error.code : undefined
  const seconds = Number(error.response?.headers?.get('retry-after') ?? Number.NaN)
  return {
    message: typeof message === 'string' ? message : error.message,
    azureCode,
    status,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined,
    unreachable: status === undefined,
  }
}

/** Which proxy a request took that got no answer, without its password: the SDK's agent knows. */
function throughProxy(error: unknown): string {
  const proxy = (error as { request?: { agent?: { proxy?: unknown } } }).request?.agent?.proxy
  return proxy instanceof URL ? ` (through proxy ${proxy.protocol}//${proxy.host})` : ''
}

/** The narrowest role of Azure's own that allows an action; narrower custom roles are in the README. */
const roles: readonly (readonly [RegExp, string])[] = [
  [/^Microsoft\.Network\/.*\/join\/action$/i, 'Network Contributor'],
  [/^Microsoft\.ManagedIdentity\/.*\/assign\/action$/i, 'Managed Identity Operator'],
  [/\/read$/i, 'Reader'],
  [/^Microsoft\.Compute\//i, 'Virtual Machine Contributor'],
]

const last = (text: string, pattern: RegExp): string | undefined => [...text.matchAll(pattern)].at(-1)?.[1]

/** Azure names action and scope in prose; when something linked is missing, what is missing comes last. */
function forbidden({ message, azureCode }: Facts): string {
  const action = last(message, /action(?:\(s\))? '([^']+)'/g)
  const scope = last(message, /scope(?:\(s\))? '([^']+)'/g)
  if (action === undefined || scope === undefined) return azureCode ? `${azureCode}: ${message}` : message
  const role = roles.find(([pattern]) => pattern.test(action))?.[1] ?? 'a role that allows it'
  return `not allowed to do ${action} on ${scope}; assign ${role} there to this identity`
}

/** Accepting is for people to do, once: we only say how. */
function terms({ plan, subscriptionId }: ErrorContext): string {
  const { publisher, product, name } = plan ?? { publisher: '<publisher>', product: '<offer>', name: '<plan>' }
  const command = `az vm image terms accept --publisher ${publisher} --offer ${product} --plan ${name}`
  return `the terms of the image were not accepted in this subscription; run: ${command} --subscription ${subscriptionId}`
}
