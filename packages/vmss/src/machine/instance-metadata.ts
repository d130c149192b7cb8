import { type Clock, type Logger, silentLogger, sleep } from '@cachewarmer/queue'
import { isVmssError, VmssError } from '../errors.ts'
import { type Fetch, within } from '../ports.ts'

/** What a machine of Azure knows of itself. */
export interface MachineMetadata {
  readonly name: string
  readonly subscriptionId: string
  readonly resourceGroup: string
  readonly location: string
  readonly resourceId: string
  /** The scale set it is in, if it is in one. */
  readonly scaleSet: string | undefined
  /** `AzurePublicCloud` and the like: a key of `clouds`, or another cloud. */
  readonly cloud: string
  readonly tags: Readonly<Record<string, string>>
}

/** Something that Azure will do to machines, as "Scheduled Events for Linux VMs" tells. */
export interface ScheduledEvent {
  readonly id: string
  readonly kind: 'Freeze' | 'Reboot' | 'Redeploy' | 'Preempt' | 'Terminate' | (string & {})
  /** Names of the machines that it happens to: a scale set's machines hear of each other's events. */
  readonly machines: readonly string[]
  readonly started: boolean
  /** When it will happen at the earliest, unless everybody acknowledges. */
  readonly notBeforeMs: number | undefined
}

export interface MetadataCall {
  readonly signal?: AbortSignal | undefined
  /** Default: that of the client. */
  readonly timeoutMs?: number | undefined
}

/** The service that Azure's machines find at 169.254.169.254. Every call fails with `VmssError`. */
export interface InstanceMetadata {
  machine(options?: MetadataCall): Promise<MachineMetadata>
  /** A token of the machine's identity, of a certain one where it has several. */
  token(resource: string, options?: MetadataCall & { readonly identityId?: string | undefined }): Promise<string>
  /** The first call of a machine's life may take two minutes: Azure switches the events on for it. */
  scheduledEvents(options?: MetadataCall): Promise<readonly ScheduledEvent[]>
  /** Tells Azure that this machine needs no more time. */
  acknowledge(eventId: string, options?: MetadataCall): Promise<void>
}

export interface InstanceMetadataOptions {
  readonly clock: Clock
  /** Default: the platform's, which must not send this through a proxy: see `no_proxy`. */
  readonly fetch?: Fetch | undefined
  /** Default `http://169.254.169.254`. */
  readonly baseUrl?: string | undefined
  /** Default 5,000. */
  readonly timeoutMs?: number | undefined
}

const target = 'instance metadata'
const elsewhere =
  'outside of Azure, say subscription, resource group, location and subnet in the settings; behind a proxy, add 169.254.169.254 to no_proxy'

/** Opens the metadata service. Nothing is asked yet. */
export function instanceMetadata(options: InstanceMetadataOptions): InstanceMetadata {
  const { clock, fetch = globalThis.fetch, baseUrl = 'http://169.254.169.254', timeoutMs = 5_000 } = options

  async function ask(
    path: string,
    query: Record<string, string>,
    given: MetadataCall,
    init: RequestInit = {},
  ): Promise<unknown> {
    const ms = given.timeoutMs ?? timeoutMs
    const late = (): VmssError =>
      new VmssError('UNAVAILABLE', target, `no answer from ${baseUrl} within ${ms} ms; ${elsewhere}`)
    return within({ clock, ms, signal: given.signal, late }, async (signal) => {
      const url = `${baseUrl}/metadata/${path}?${new URLSearchParams(query).toString()}`
      const reply = await fetch(url, { ...init, headers: { Metadata: 'true' }, signal }).catch((cause: unknown) => {
        signal.throwIfAborted()
        throw new VmssError('UNAVAILABLE', target, `cannot be reached at ${baseUrl}; ${elsewhere}`, { cause })
      })
      const text = await reply.text()
      if (!reply.ok) throw refusal(path, reply, text)
      return text === '' ? undefined : parse(path, text)
    })
  }

  return {
    machine: async (given = {}) => readMachine(await ask('instance/compute', { 'api-version': '2021-02-01' }, given)),
    token: async (resource, given = {}) => {
      const identity: Record<string, string> = given.identityId === undefined ? {} : { msi_res_id: given.identityId }
      const query = { 'api-version': '2018-02-01', resource, ...identity }
      return textIn(await ask('identity/oauth2/token', query, given), 'access_token')
    },
    scheduledEvents: async (given = {}) =>
      readEvents(await ask('scheduledevents', { 'api-version': '2020-07-01' }, given)),
    acknowledge: async (eventId, given = {}) => {
      const body = JSON.stringify({ StartRequests: [{ EventId: eventId }] })
      await ask('scheduledevents', { 'api-version': '2020-07-01' }, given, { method: 'POST', body })
    },
  }
}

function refusal(path: string, { status, headers }: Response, text: string): VmssError {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined
  const code =
    status === 429
      ? 'THROTTLED'
      : status >= 500 || status === 410
        ? 'UNAVAILABLE'
        : status === 404
          ? 'NOT_FOUND'
          : 'FAILED'
  return new VmssError(code, target, `${path} answered ${status}: ${text.slice(0, 200)}`, { retryAfterMs })
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // A captive proxy answers 200 with a page of its own.
    // A reply that should hold a token is never shown, in any form.
    const shown = path.startsWith('identity/') ? '' : `: ${text.slice(0, 80)}`
    throw new VmssError('FAILED', target, `${path} is no JSON${shown}`, shown === '' ? {} : { cause })
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined

function textIn(value: unknown, name: string): string {
  const text = fieldOf(value, name)
  if (typeof text === 'string' && text !== '') return text
  throw new VmssError('FAILED', target, `has no ${name}`)
}

function readMachine(value: unknown): MachineMetadata {
  const tags = fieldOf(value, 'tagsList')
  const scaleSet = fieldOf(value, 'vmScaleSetName')
  return {
    name: textIn(value, 'name'),
    subscriptionId: textIn(value, 'subscriptionId'),
    resourceGroup: textIn(value, 'resourceGroupName'),
    location: textIn(value, 'location'),
    resourceId: textIn(value, 'resourceId'),
    scaleSet: typeof scaleSet === 'string' && scaleSet !== '' ? scaleSet : undefined,
    cloud: textIn(value, 'azEnvironment'),
    tags: Object.fromEntries(
      (Array.isArray(tags) ? tags : []).map((tag) => [String(fieldOf(tag, 'name')), String(fieldOf(tag, 'value'))]),
    ),
  }
}

function readEvents(value: unknown): ScheduledEvent[] {
  const events = fieldOf(value, 'Events')
  if (!Array.isArray(events)) throw new VmssError('FAILED', target, 'scheduledevents has no Events')
  return events.map((event: unknown) => {
    const machines = fieldOf(event, 'Resources')
    const notBeforeMs = Date.parse(String(fieldOf(event, 'NotBefore')))
    return {
      id: textIn(event, 'EventId'),
      kind: textIn(event, 'EventType'),
      machines: Array.isArray(machines) ? machines.map(String) : [],
      started: fieldOf(event, 'EventStatus') === 'Started',
      notBeforeMs: Number.isNaN(notBeforeMs) ? undefined : notBeforeMs,
    }
  })
}

/** Azure takes this machine away: it wants the capacity back, or a client deletes the machine. */
export interface EndNotice extends ScheduledEvent {
  readonly kind: 'Preempt' | 'Terminate'
}

export interface EndNoticeOptions {
  /** The machine's name in Azure, as `machine()` tells it. */
  readonly machine: string
  readonly clock: Clock
  readonly logger?: Logger | undefined
  /** Default 1,000, as Azure advises: an eviction may be told no more than 30 seconds before. */
  readonly pollMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** "Enabling the service ... can take up to two minutes" for the first call; later calls wait less. */
const firstTimeoutMs = 150_000
const slowestPollMs = 10_000

const concerns = (event: ScheduledEvent, machine: string): event is EndNotice =>
  (event.kind === 'Preempt' || event.kind === 'Terminate') && event.machines.includes(machine)

/**
 * Waits until Azure says that it takes this machine away, asking every second. Failures are logged and asked again, less
 * often: only aborting ends the wait. Who has put things in order says so with `acknowledge()`, and is taken at once.
 */
export async function untilEndNotice(metadata: InstanceMetadata, options: EndNoticeOptions): Promise<EndNotice> {
  const { machine, clock, logger = silentLogger, pollMs = 1_000, signal } = options
  const abort = signal ? { signal } : {}
  let answered = false
  for (let failures = 0; ; ) {
    try {
      const events = await metadata.scheduledEvents({ ...abort, ...(answered ? {} : { timeoutMs: firstTimeoutMs }) })
      answered = true
      failures = 0
      const notice = events.find((event) => concerns(event, machine))
      if (notice) return notice
    } catch (error) {
      signal?.throwIfAborted()
      if (failures === 0)
        logger.warn('scheduled events cannot be read', { error: isVmssError(error) ? error.message : String(error) })
      failures += 1
    }
    await sleep(clock, Math.min(slowestPollMs, pollMs * 2 ** failures), signal)
  }
}
