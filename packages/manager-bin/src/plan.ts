import { exitCode } from '@cachewarmer/service/cli'
import { resolveFleet } from '@cachewarmer/service/manager'
import { Command } from '@commander-js/extra-typings'
import { addFleetOptions, type FleetSettings, readFleetSettings } from './fleet-options.ts'

export interface PlanSettings extends FleetSettings {
  readonly json: boolean
}

export const planCommand = (): Command =>
  addFleetOptions(
    new Command('plan').description(
      'Prints the request and the cloud-init with which serve --fleet vmss would make its machines, and changes nothing.',
    ),
  ).option('--json', 'print them as JSON', false)

export const readPlanSettings = async (given: Readonly<Record<string, unknown>>): Promise<PlanSettings> => ({
  ...(await readFleetSettings(given, 'vmss')),
  json: given['json'] === true,
})

/** Prints what `serve --fleet vmss` would send to Azure, passwords as `***`. Changes nothing anywhere. */
export async function plan(settings: PlanSettings): Promise<number> {
  const { vmss, settings: scaleSet, subscriptionId, resourceGroup, cloud } = await resolveFleet(settings, process.env)
  const { name, body, cloudInit } = vmss.planScaleSet(scaleSet)
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`
  const url = `${cloud.armEndpoint}${group}/providers/Microsoft.Compute/virtualMachineScaleSets/${name}`
  const text = settings.json
    ? JSON.stringify({ url, body, cloudInit }, undefined, 2)
    : `PUT ${url}\n\n${JSON.stringify(body, undefined, 2)}\n\nIts customData, before base64:\n\n${cloudInit.trimEnd()}`
  process.stdout.write(`${text}\n`)
  return exitCode.ok
}
