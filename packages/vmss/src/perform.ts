import type { ComputePort, Operation } from './compute-port.ts'
import type { Action } from './decide.ts'
import { scaleSetBody } from './model.ts'
import type { ScaleSetSettings } from './settings.ts'

/** What a decision may ask of Azure. */
export type Request = Exclude<Action, { readonly kind: 'wait' | 'next-size' }>

/** Asks Azure for what was decided. The only place where anything is changed. */
export function perform(
  port: ComputePort,
  settings: ScaleSetSettings,
  request: Request,
  signal: AbortSignal,
): Promise<Operation> {
  const { name } = settings
  switch (request.kind) {
    case 'create':
      return port.create(name, scaleSetBody(settings, request.candidate, request.capacity), { signal })
    case 'resize':
      return port.resize(name, { capacity: request.capacity, size: request.size }, { signal })
    case 'delete-instances':
      return port.deleteInstances(name, request.ids, { signal })
    case 'delete-set':
      return port.delete(name, { signal })
  }
}
