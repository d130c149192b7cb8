import { type ScaleSetBody, scaleSetBody } from './model.ts'
import type { ScaleSetSettings } from './settings.ts'

/** What would be sent to Azure, for people to read. */
export interface ScaleSetPlan {
  readonly name: string
  /** The exact body of the request; a password is `***`, which it is not when it is sent. */
  readonly body: ScaleSetBody
  /** The custom data of the body as it was before base64. */
  readonly cloudInit: string
}

/** What `openScaleSet()` would send first. Asks nobody. */
export function planScaleSet(settings: ScaleSetSettings): ScaleSetPlan {
  const body = scaleSetBody(settings, settings.candidates[0], settings.count)
  const { virtualMachineProfile: profile } = body.properties
  const hidden = profile.osProfile.adminPassword === undefined ? {} : { adminPassword: '***' }
  const virtualMachineProfile = { ...profile, osProfile: { ...profile.osProfile, ...hidden } }
  return {
    name: settings.name,
    body: { ...body, properties: { ...body.properties, virtualMachineProfile } },
    cloudInit: settings.cloudInit,
  }
}
