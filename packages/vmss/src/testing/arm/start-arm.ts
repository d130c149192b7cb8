import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Cloud, clouds } from '../../machine/place.ts'
import type { Fetch } from '../../ports.ts'
import { testLocation, testResourceGroup, testSubnetId, testSubscription } from '../settings.ts'
import { loopbackCertificate, trustingFetch } from '../tools.ts'
import { type ArmFailure, Operations } from './operations.ts'
import { denial, type Fault, Faults, type Permission, permissionsFor } from './refusals.ts'
import { type Controller, controllerReply, failure, notFound, type Reply } from './replies.ts'
import { type FakeSet, type Machine, type MachineHooks, ScaleSets, type SetBody } from './scale-sets.ts'
import { SetRoutes } from './set-routes.ts'

export interface ArmOptions extends MachineHooks {
  /** How long an operation takes. Default 20. */
  readonly operationMs?: number | undefined
  /** Lets time be told by a test. Default: the system's. */
  readonly now?: (() => number) | undefined
  /** Sizes that the region has. Default: a few that tests name. */
  readonly sizes?: readonly string[] | undefined
  /** How many machines Azure has of a size and priority. Default: no bound. */
  readonly capacity?: ((size: string, priority: 'Spot' | 'Regular') => number) | undefined
  /** Machines that the quota allows. Default 1,000. */
  readonly quota?: number | undefined
  /** Whether an eviction lowers the set's capacity. Default true. */
  readonly evictionLowersCapacity?: boolean | undefined
  /** Whether asking for the capacity that a set has already makes the machines that it lacks. Default true. */
  readonly refillsSameCapacity?: boolean | undefined
  /** Resource ids that bodies may refer to. Default: `testSubnetId`. */
  readonly resources?: readonly string[] | undefined
  /** Plans whose terms were accepted, as `publisher:product:name`. Default: none. */
  readonly acceptedPlans?: readonly string[] | undefined
  /** Machines outside of scale sets. Default: `controller`, in `testSubnetId`. */
  readonly controllers?: readonly Controller[] | undefined
  /** Whether a token may do something. Default: every token may do everything. */
  readonly allows?: ((token: string, permission: Permission) => boolean) | undefined
  /** Machines a page. Default 50. */
  readonly pageSize?: number | undefined
  readonly retryAfterSeconds?: number | undefined
}

export interface ArmRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: string
  readonly token: string
  readonly body: unknown
  /** When it came, by `now`. */
  readonly atMs: number
}

/** Azure's resource manager on loopback: keeps scale sets, and is as strict about bodies as the specification. */
export interface Arm extends AsyncDisposable {
  /** With a certificate that `ca` vouches for. */
  readonly cloud: Cloud
  readonly ca: string
  /** A token that `allows` is asked about as `manager`. */
  readonly credential: { getToken(): Promise<{ token: string; expiresOnTimestamp: number }> }
  readonly fetch: Fetch
  /** Everything that was asked, in order. */
  readonly requests: readonly ArmRequest[]
  readonly sets: ReadonlyMap<string, FakeSet>
  machines(set: string): readonly Machine[]
  fail(fault: Fault): void
  /** Requests that were to fail and did not come, come through. */
  heal(): void
  /** The next operation is accepted and fails with this later. */
  failLater(failure: ArmFailure): void
  /** Operations stay in progress until `release()`. */
  hold(): void
  release(): void
  evict(set: string, id: string, options?: { readonly notice?: boolean }): Promise<void>
  /** The machine shuts down inside: it works no more and still costs. */
  powerOff(set: string, id: string): void
  /** Another client makes a set, or deletes one. */
  plant(name: string, body: SetBody): void
  vanish(set: string): Promise<void>
  close(): Promise<void>
}

const knownSizes = ['Standard_D2s_v3', 'Standard_D4s_v3', 'Standard_D2s_v5', 'Standard_D2as_v5', 'Standard_E2s_v5']
const unaccelerated = ['Standard_D2s_v3']

const setPath =
  /^(\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Compute\/virtualMachineScaleSets\/([^/]+))(.*)$/i
const operationPath = /\/providers\/Microsoft\.Compute\/locations\/[^/]+\/operations\/([^/]+)$/i

/** Starts it on a free port. Needs openssl. Close it, or a test does not end. */
export async function startArm(options: ArmOptions = {}): Promise<Arm> {
  const { key, cert } = loopbackCertificate()
  const operations = new Operations(options.operationMs ?? 20)
  const now = options.now ?? Date.now
  const sets = new ScaleSets(operations, { ...options, now })
  const faults = new Faults()
  const requests: ArmRequest[] = []
  let base = ''
  const routes = new SetRoutes(sets, operations, {
    base: () => base,
    subscriptionId: testSubscription,
    pageSize: options.pageSize ?? 50,
    retryAfterSeconds: options.retryAfterSeconds,
    world: {
      location: testLocation,
      sizes: options.sizes ?? knownSizes,
      unaccelerated,
      resources: new Set((options.resources ?? [testSubnetId]).map((id) => id.toLowerCase())),
      acceptedPlans: new Set(options.acceptedPlans),
      quota: options.quota ?? 1_000,
    },
  })

  function answer(request: ArmRequest, headers: IncomingMessage['headers']): Reply {
    const { method, path, token, body } = request
    const query = new URLSearchParams(request.query)
    if (token === '')
      return failure(401, 'AuthenticationFailed', 'Authentication failed. The authorization header is missing.')
    if (!/^\d{4}-\d\d-\d\d$/.test(query.get('api-version') ?? '')) {
      return failure(400, 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required.')
    }
    if (!path.toLowerCase().startsWith(`/subscriptions/${testSubscription}/`))
      return failure(404, 'SubscriptionNotFound', `${path} could not be found.`)
    const [, operation] = operationPath.exec(path) ?? []
    if (operation !== undefined) return routes.operation(operation)
    const [, id, group, name, rest = ''] = setPath.exec(path) ?? []
    if (id === undefined || name === undefined)
      return (
        controllerReply(options.controllers ?? [{ name: 'controller', subnetId: testSubnetId }], path) ?? notFound(path)
      )
    if (group?.toLowerCase() !== testResourceGroup)
      return failure(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`)
    const needed = permissionsFor(method, id, rest, method === 'PUT' ? referencesOf(body) : [])
    const denied = needed.find((permission) => options.allows?.(token, permission) === false)
    if (denied) {
      const { code, message } = denial(denied, needed[0] ?? denied)
      return failure(403, code, message)
    }
    return routes.answer({ method, name, rest, id, query, headers, body })
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', base)
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    const asked = {
      method: request.method ?? 'GET',
      path: decodeURIComponent(url.pathname),
      query: url.search,
      token,
      body,
      atMs: now(),
    }
    requests.push(asked)
    const fault = faults.take(asked.method, asked.path)
    if (fault?.answer === 'hang') return
    if (fault?.answer === 'reset') {
      request.socket.destroy()
      return
    }
    const reply = fault
      ? failure(fault.answer.status, fault.answer.code, fault.answer.message ?? fault.answer.code)
      : answer(asked, request.headers)
    response.writeHead(reply.status, {
      ...(reply.body === undefined ? {} : { 'content-type': 'application/json' }),
      'x-ms-request-id': String(requests.length),
      ...reply.headers,
      ...fault?.headers,
    })
    response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body))
  }

  const server = createTlsServer({ key, cert }, (request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.writeHead(500).end(JSON.stringify({ error: { code: 'InternalServerError', message: String(error) } }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`

  const setOf = (name: string): FakeSet => {
    const set = sets.all.get(name)
    if (!set) throw new Error(`there is no scale set ${name}`)
    return set
  }
  const close = async (): Promise<void> => {
    operations.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return {
    cloud: { ...clouds.AzurePublicCloud, armEndpoint: base },
    ca: cert,
    credential: { getToken: async () => ({ token: 'manager', expiresOnTimestamp: Date.now() + 3_600_000 }) },
    fetch: trustingFetch(cert),
    requests,
    sets: sets.all,
    machines: (name) => [...(sets.all.get(name)?.machines.values() ?? [])],
    fail: (fault) => faults.add(fault),
    heal: () => faults.clear(),
    failLater: (late) => sets.failLater(late),
    hold: () => operations.hold(),
    release: () => operations.release(),
    evict: (name, id, given) => sets.evict(setOf(name), id, given),
    powerOff: (name, id) => {
      const machine = setOf(name).machines.get(id)
      if (!machine) throw new Error(`there is no machine ${id} in ${name}`)
      machine.power = 'stopped'
    },
    plant: (name, body) => {
      sets.create(name, body)
    },
    vanish: (name) => sets.vanish(setOf(name)),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** What a set cannot be made with unless one may use it. */
function referencesOf(body: unknown): string[] {
  const ids =
    JSON.stringify(body ?? {}).match(
      /"\/subscriptions\/[^"]+\/(?:subnets|userAssignedIdentities|versions)\/[^"]+"/gi,
    ) ?? []
  return ids.map((id) => id.slice(1, -1))
}
