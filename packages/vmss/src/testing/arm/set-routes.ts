import type { Operations } from './operations.ts'
import { type CheckedBody, refusal, type World } from './refusals.ts'
import { failure, notFound, ok, type Reply, renderMachine, renderSet } from './replies.ts'
import type { FakeSet, ScaleSets, SetBody } from './scale-sets.ts'
import { problemsOf } from './schema.ts'

/** One request to a scale set, or to something below it. */
export interface SetRequest {
  readonly method: string
  readonly name: string
  /** `''`, `/delete`, `/virtualMachines` or `/virtualMachines/<id>`. */
  readonly rest: string
  readonly id: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
}

export interface SetRoutesOptions {
  readonly base: () => string
  readonly subscriptionId: string
  readonly world: World
  /** How many machines a page of a list has. */
  readonly pageSize: number
  /** `Retry-After` of answers to what takes long. Default: none. */
  readonly retryAfterSeconds?: number | undefined
}

/** What the compute API answers about scale sets. */
export class SetRoutes {
  readonly #sets: ScaleSets
  readonly #operations: Operations
  readonly #options: SetRoutesOptions

  constructor(sets: ScaleSets, operations: Operations, options: SetRoutesOptions) {
    this.#sets = sets
    this.#operations = operations
    this.#options = options
  }

  answer(request: SetRequest): Reply {
    const { method, name, rest } = request
    const set = this.#sets.all.get(name)
    if (rest.startsWith('/virtualMachines/')) return this.#machine(request, set)
    const route = `${method} ${rest}`
    if (route === 'PUT ') return this.#put(request, set)
    if (route === 'DELETE ') return set ? this.#begin(202, this.#sets.delete(set)) : { status: 204 }
    if (!set) return notFound(request.id)
    if (route === 'GET ') return ok(renderSet(set, request.id))
    if (route === 'PATCH ') return this.#patch(request, set)
    if (route === 'POST /delete') return this.#deleteMachines(request, set)
    if (route === 'GET /virtualMachines') return this.#list(request, set)
    return failure(405, 'MethodNotAllowed', `${method} is not allowed here`)
  }

  operation(id: string): Reply {
    const status = this.#operations.get(id)
    return status ? { ...ok({ name: id, ...status }), headers: this.#patience() } : notFound(id)
  }

  /** Form first, then meaning, then quota: a refused set leaves nothing behind. */
  #put({ body, headers, id }: SetRequest, set: FakeSet | undefined): Reply {
    const problems = problemsOf(body, 'VirtualMachineScaleSet')
    if (problems.length > 0) return failure(400, 'InvalidRequestContent', problems.join('; '))
    if (set && headers['if-none-match'] === '*') {
      return failure(412, 'PreconditionFailed', `The resource ${id} exists already.`)
    }
    const refused = refusal(body as CheckedBody, this.#options.world)
    if (refused) {
      const { code, message, ...target } = refused
      return failure(400, code, message, target)
    }
    const quota = this.#overQuota((body as SetBody).sku.capacity, set)
    if (quota) return quota
    if (set) return this.#begin(200, this.#sets.update(set, body as SetBody), set, id)
    const name = id.slice(id.lastIndexOf('/') + 1)
    const operation = this.#sets.create(name, body as SetBody)
    return this.#begin(201, operation, this.#sets.all.get(name), id)
  }

  /** Size and capacity are what is changed here; the rest is kept as it was sent. */
  #patch({ body, id }: SetRequest, set: FakeSet): Reply {
    const problems = problemsOf(body, 'VirtualMachineScaleSetUpdate')
    if (problems.length > 0) return failure(400, 'InvalidRequestContent', problems.join('; '))
    const busy = this.#busy(set)
    if (busy) return busy
    const { sku } = body as { sku?: { name?: string; capacity?: number } }
    if (sku?.name && !this.#options.world.sizes.includes(sku.name)) {
      return failure(400, 'InvalidParameter', `The value ${sku.name} provided for the VM size is not valid.`, {
        target: 'vmSize',
      })
    }
    const quota = this.#overQuota(sku?.capacity ?? 0, set)
    return quota ?? this.#begin(200, this.#sets.update(set, body as { sku?: object }), set, id)
  }

  /** All or none: one number that is not there refuses the whole. */
  #deleteMachines({ body }: SetRequest, set: FakeSet): Reply {
    const problems = problemsOf(body, 'VirtualMachineScaleSetVMInstanceRequiredIDs')
    if (problems.length > 0) return failure(400, 'InvalidRequestContent', problems.join('; '))
    const { instanceIds } = body as { instanceIds: string[] }
    const unknown = instanceIds.find((each) => !set.machines.has(each))
    if (unknown !== undefined) {
      return failure(400, 'InvalidParameter', `The provided instanceId ${unknown} is not an active instance.`, {
        target: 'instanceIds',
      })
    }
    return this.#busy(set) ?? this.#begin(202, this.#sets.deleteMachines(set, instanceIds))
  }

  /** One machine, as those that delete themselves ask for it. */
  #machine({ method, rest, id, query }: SetRequest, set: FakeSet | undefined): Reply {
    const machineId = rest.slice('/virtualMachines/'.length)
    const machine = set?.machines.get(machineId)
    if (!set || !machine) return method === 'DELETE' ? { status: 204 } : notFound(`${id}${rest}`)
    if (method === 'GET') return ok(renderMachine(machine, set, id, query.get('$expand') === 'instanceView'))
    return this.#begin(202, this.#sets.deleteMachines(set, [machineId]))
  }

  /** Pages by a link to the next one, which the SDK has to follow. */
  #list({ query, id }: SetRequest, set: FakeSet): Reply {
    const { base, pageSize } = this.#options
    const from = Number(query.get('$skiptoken') ?? 0)
    const machines = [...set.machines.values()]
    const instanceView = query.get('$expand') === 'instanceView'
    const value = machines.slice(from, from + pageSize).map((machine) => renderMachine(machine, set, id, instanceView))
    if (from + pageSize >= machines.length) return ok({ value })
    const next = new URLSearchParams(query)
    next.set('$skiptoken', String(from + pageSize))
    return ok({ value, nextLink: `${base()}${id}/virtualMachines?${next.toString()}` })
  }

  /** Accepted; another address shows its progress. */
  #begin(status: number, operation: string, set?: FakeSet, id?: string): Reply {
    const { base, subscriptionId, world } = this.#options
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.Compute/locations/${world.location}/operations/${operation}`
    return {
      status,
      ...(set && id ? { body: renderSet(set, id) } : {}),
      headers: {
        'azure-asyncoperation': `${base()}${path}?api-version=2026-04-01`,
        ...this.#patience(),
      },
    }
  }

  /** How long Azure asks to be left alone between two questions about an operation. */
  #patience(): Readonly<Record<string, string>> {
    const { retryAfterSeconds } = this.#options
    return retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
  }

  /** One change at a time. Deletion alone may come in between. */
  #busy(set: FakeSet): Reply | undefined {
    if (set.state === 'Succeeded' || set.state === 'Failed') return undefined
    const message = `The request failed due to conflict with a concurrent request to the scale set, which is ${set.state}.`
    return failure(409, 'Conflict', message)
  }

  /** The words are Azure's; only they tell that it is about quota. */
  #overQuota(capacity: number, changed: FakeSet | undefined): Reply | undefined {
    const { quota, location } = this.#options.world
    const others = [...this.#sets.all.values()].filter((set) => set !== changed)
    const used = others.reduce((sum, set) => sum + set.machines.size, 0)
    if (used + capacity <= quota) return undefined
    const message =
      'Operation could not be completed as it results in exceeding approved LowPriorityCores quota. Additional details - ' +
      `Deployment Model: Resource Manager, Location: ${location}, Current Limit: ${quota}, Current Usage: ${used}, ` +
      `Additional Required: ${capacity}, (Minimum) New Limit Required: ${used + capacity}.`
    return failure(409, 'OperationNotAllowed', message)
  }
}
