import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { testLocation, testResourceGroup, testSubscription } from './settings.ts'

export interface MetadataMachine {
  readonly name: string
  readonly resourceId: string
  readonly scaleSet?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly cloud?: string | undefined
}

export interface InstanceMetadataServerOptions {
  /** Default: the controller that `startArm()` knows. */
  readonly machine?: MetadataMachine | undefined
  /** The token for a resource and, where it was asked for, a certain identity. Default: `manager` for all. */
  readonly tokenFor?: (resource: string, identity: string | undefined) => string | undefined
}

export interface Announced {
  readonly eventId: string
  /** Resolves when a machine says that it needs no more time. */
  readonly acknowledged: Promise<void>
}

/** The service that Azure's machines find at 169.254.169.254, on loopback. One machine, or many that hear of the same events. */
export interface InstanceMetadataServer extends AsyncDisposable {
  readonly url: string
  /** What was asked, as `METHOD path?query`. */
  readonly requests: readonly string[]
  /** Azure will do something to machines. Without acknowledgement it stays announced until `withdraw()`. */
  announce(
    kind: 'Preempt' | 'Terminate' | 'Freeze' | 'Reboot' | 'Redeploy',
    machines: readonly string[],
    notBeforeMs?: number,
  ): Announced
  withdraw(eventId: string): void
  /** The next requests are answered so, or not at all. */
  fail(answer: number | 'hang' | 'page', times?: number): void
  close(): Promise<void>
}

interface Reply {
  readonly status: number
  readonly body?: unknown
}

/** An event, and who waits for its answer. */
interface Announcement {
  readonly event: Readonly<Record<string, unknown>>
  acknowledge(): void
}

/** Starts it on a free port. Close it, or a test does not end. */
export async function startInstanceMetadata(
  options: InstanceMetadataServerOptions = {},
): Promise<InstanceMetadataServer> {
  const { machine = controller, tokenFor = () => 'manager' } = options
  const events = new Map<string, Announcement>()
  const requests: string[] = []
  const faults: (number | 'hang' | 'page')[] = []
  let incarnation = 0

  function answer(request: IncomingMessage, path: string, query: URLSearchParams, body: string): Reply {
    if (request.headers['metadata'] !== 'true')
      return { status: 400, body: { error: 'Bad request. Required metadata header not specified' } }
    if (request.headers['x-forwarded-for'] !== undefined)
      return { status: 400, body: { error: 'Bad request. Proxied' } }
    if (!query.has('api-version')) return { status: 400, body: { error: 'Bad request. api-version was not specified' } }
    if (path === '/metadata/instance/compute') return { status: 200, body: describe(machine) }
    if (path === '/metadata/identity/oauth2/token') return token(query)
    if (path !== '/metadata/scheduledevents') return { status: 404, body: { error: 'Not found' } }
    if (request.method === 'POST') return acknowledge(body)
    return {
      status: 200,
      body: { DocumentIncarnation: incarnation, Events: [...events.values()].map(({ event }) => event) },
    }
  }

  /** Numbers as text, as the service has them. */
  function token(query: URLSearchParams): Reply {
    const resource = query.get('resource') ?? ''
    const found = tokenFor(resource, query.get('msi_res_id') ?? query.get('client_id') ?? undefined)
    if (found === undefined)
      return { status: 400, body: { error: 'invalid_request', error_description: 'Identity not found' } }
    const now = Math.floor(Date.now() / 1000)
    const times = { expires_in: '3600', expires_on: String(now + 3600), not_before: String(now) }
    return { status: 200, body: { access_token: found, ...times, resource, token_type: 'Bearer' } }
  }

  /** An event that everybody has agreed to is not announced any more. */
  function acknowledge(body: string): Reply {
    const { StartRequests } = JSON.parse(body) as { StartRequests: { EventId: string }[] }
    for (const { EventId } of StartRequests) {
      const found = events.get(EventId)
      if (!found) return { status: 400, body: { error: `there is no event ${EventId}` } }
      events.delete(EventId)
      incarnation += 1
      found.acknowledge()
    }
    return { status: 200 }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://machine')
      requests.push(`${request.method} ${request.url}`)
      const fault = faults.shift()
      if (fault === 'hang') return
      if (fault === 'page') {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>please sign in</html>')
        return
      }
      // @azure/identity asks for tokens with a slash at the end.
      const reply =
        fault === undefined
          ? answer(request, url.pathname.replace(/\/$/, ''), url.searchParams, Buffer.concat(chunks).toString())
          : { status: fault }
      response.writeHead(reply.status, { 'content-type': 'application/json' })
      response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    announce: (kind, machines, notBeforeMs = Date.now() + 30_000) => {
      incarnation += 1
      const eventId = `event-${incarnation}`
      const { promise, resolve } = Promise.withResolvers<void>()
      const event = {
        EventId: eventId,
        EventType: kind,
        ResourceType: 'VirtualMachine',
        Resources: machines,
        EventStatus: 'Scheduled',
        NotBefore: new Date(notBeforeMs).toUTCString(),
        Description: '',
        EventSource: 'Platform',
        DurationInSeconds: -1,
      }
      events.set(eventId, { event, acknowledge: resolve })
      return { eventId, acknowledged: promise }
    },
    withdraw: (eventId) => {
      events.delete(eventId)
      incarnation += 1
    },
    fail: (fault, times = 1) => {
      faults.push(...Array<typeof fault>(times).fill(fault))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

const controller: MetadataMachine = {
  name: 'controller',
  resourceId: `/subscriptions/${testSubscription}/resourceGroups/${testResourceGroup}/providers/Microsoft.Compute/virtualMachines/controller`,
}

const describe = ({
  name,
  resourceId,
  scaleSet = '',
  tags = {},
  cloud = 'AzurePublicCloud',
}: MetadataMachine): object => ({
  azEnvironment: cloud,
  location: testLocation,
  name,
  osType: 'Linux',
  resourceGroupName: testResourceGroup,
  resourceId,
  subscriptionId: testSubscription,
  tagsList: Object.entries(tags).map(([key, value]) => ({ name: key, value })),
  vmScaleSetName: scaleSet,
})
