import { notFound, ok, type Reply } from './reply.ts'

/** A machine that is in no scale set, such as the controller that a manager runs on. */
export interface Controller {
  readonly name: string
  readonly subnetId: string
}

/** Answers what is asked about a controller's machine and interface; `undefined` for everything else. */
export function controllerReply(controllers: readonly Controller[], id: string): Reply | undefined {
  const [, group, type, name] =
    /^(.*)\/providers\/(Microsoft\.Compute\/virtualMachines|Microsoft\.Network\/networkInterfaces)\/([^/]+)$/i.exec(
      id,
    ) ?? []
  if (group === undefined || type === undefined || name === undefined) return undefined
  const interfaceOf = (controller: Controller): string => `${controller.name}-nic`
  const machine = /virtualMachines$/i.test(type)
  const found = controllers.find((controller) => (machine ? controller.name : interfaceOf(controller)) === name)
  if (!found) return notFound(id)
  const nic = {
    id: `${group}/providers/Microsoft.Network/networkInterfaces/${interfaceOf(found)}`,
    properties: { primary: true },
  }
  if (machine)
    return ok({ id, name, location: 'anywhere', properties: { networkProfile: { networkInterfaces: [nic] } } })
  const configuration = { name: 'ip', properties: { primary: true, subnet: { id: found.subnetId } } }
  return ok({ id, name, properties: { ipConfigurations: [configuration] } })
}
