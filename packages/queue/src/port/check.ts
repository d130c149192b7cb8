import { QueueError } from './errors.ts'
import { type CallOptions, queueLimits, type ReceiveOptions, type SendOptions } from './queue.ts'

const show = (value: unknown): string => {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text
}

/** `OPTION_INVALID` that names the field, the value and what was expected. */
export const optionInvalid = (queue: string, field: string, value: unknown, expected: string): QueueError =>
  new QueueError('OPTION_INVALID', queue, `${field} must be ${expected}, got ${show(value)}`)

/** "Naming queues and metadata" of the Azure Storage REST API. */
const validName = /^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/

/** Throws `NAME_INVALID` for a queue name that Azure Storage would refuse, with every driver. */
export function checkName(name: string): string {
  if (typeof name === 'string' && validName.test(name)) return name
  const expected = '3 to 63 lowercase letters, digits and single dashes, beginning and ending with a letter or digit'
  throw new QueueError('NAME_INVALID', show(name), `a queue name must be ${expected}`)
}

/** What an error calls the queues that were asked for by prefix. */
export const queuesWith = (prefix: string): string => (prefix === '' ? 'all queues' : `queues ${prefix}…`)

const printableAscii = /^[\x20-\x7e]*$/

/** Printable ASCII is what survives every store unchanged: Azure's XML bends line ends and refuses control characters. */
export function checkBody(queue: string, body: string): void {
  if (typeof body !== 'string' || body === '')
    throw new QueueError(
      'BODY_INVALID',
      queue,
      'a body must be a string that is not empty; send(queue, value) takes any value',
    )
  if (body.length > queueLimits.maxBodyBytes) {
    const problem = `a body must be at most ${queueLimits.maxBodyBytes} bytes, got ${body.length} characters`
    throw new QueueError('BODY_TOO_LARGE', queue, problem)
  }
  if (printableAscii.test(body)) return
  const at = body.search(/[^\x20-\x7e]/)
  const code = body.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0')
  const problem = `a body must be printable ASCII, got U+${code} at character ${at}; send(queue, value) takes any text`
  throw new QueueError('BODY_INVALID', queue, problem)
}

function checkNumber(queue: string, field: string, value: number, least: number, most: number): void {
  if (Number.isFinite(value) && value >= least && value <= most) return
  throw optionInvalid(queue, field, value, `between ${least} and ${most}`)
}

function checkCount(queue: string, field: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return
  throw optionInvalid(queue, field, value, `a whole number between 1 and ${most}`)
}

/** How long a message is hidden from everybody else: 0 means not at all. */
export const checkHidden = (queue: string, field: string, ms: number): void =>
  checkNumber(queue, field, ms, 0, queueLimits.maxLeaseMs)

/** A lease of no time at all would be a peek, so it lasts at least a millisecond (Azure: rounded up to a second). */
export const checkLease = (queue: string, ms: number): void =>
  checkNumber(queue, 'leaseMs', ms, 1, queueLimits.maxLeaseMs)

export function checkSend(queue: string, body: string, options: SendOptions): void {
  checkBody(queue, body)
  const { delayMs = 0, ttlMs } = options
  checkHidden(queue, 'delayMs', delayMs)
  if (ttlMs === undefined) return
  checkNumber(queue, 'ttlMs', ttlMs, 1, Number.MAX_SAFE_INTEGER)
  if (delayMs >= ttlMs) throw optionInvalid(queue, 'delayMs', delayMs, `less than ttlMs (${ttlMs})`)
}

export function checkReceive(queue: string, options: ReceiveOptions): void {
  checkCount(queue, 'max', options.max, queueLimits.maxReceive)
  checkLease(queue, options.leaseMs)
}

export const checkPeek = (queue: string, options: CallOptions & { readonly max: number }): void =>
  checkCount(queue, 'max', options.max, queueLimits.maxPeek)
