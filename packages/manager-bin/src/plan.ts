import { exitCode } from '@cachewarmer/service/cli'
import { resolveFleet } from '@cachewarmer/service/manager'
import type { PlanConfig } from './config.ts'

/** Prints what `serve --fleet vmss` would send to Azure, passwords as `***`. Changes nothing anywhere. */
export async function plan(config: PlanConfig): Promise<number> {
  const { vmss, settings, subscriptionId, resourceGroup, cloud } = await resolveFleet(config, process.env)
  const { name, body, cloudInit } = vmss.planScaleSet(settings)
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`
  const url = `${cloud.armEndpoint}${group}/providers/Microsoft.Compute/virtualMachineScaleSets/${name}`
  const text = config.json
    ? JSON.stringify({ url, body, cloudInit }, undefined, 2)
    : `PUT ${url}\n\n${JSON.stringify(body, undefined, 2)}\n\nIts customData, before base64:\n\n${cloudInit.trimEnd()}`
  process.stdout.write(`${text}\n`)
  return exitCode.ok
}
