/*
 * scale set   a group of like machines that Azure makes and deletes together
 * machine     one instance of a scale set; runs one worker
 * candidate   a machine size and a priority; tried in order while Azure has no capacity
 * capacity    how many machines Azure tries to have; what there really is are instances
 * spot        machines from spare capacity, cheap, taken back at any time (evicted)
 * operation   something that Azure has begun and works on for minutes
 * owner       whose a scale set is, in a tag; sets of others are never touched
 */

export type { Admin } from './admin.ts'
export type { ProxySettings, WorkerCloudInitOptions, WorkerSource } from './cloud-init.ts'
export { maxCloudInitBytes, workerCloudInit } from './cloud-init.ts'
export type { Cloud } from './clouds.ts'
export { clouds } from './clouds.ts'
export type {
  CallOptions,
  ComputePort,
  InstanceState,
  ObservedInstance,
  ObservedSet,
  Operation,
  SetState,
} from './compute-port.ts'
export type { VmssErrorCode, VmssErrorOptions } from './errors.ts'
export { isVmssError, VmssError } from './errors.ts'
export type { Image, ImagePlan, OwnImage, PublishedImage } from './image.ts'
export { parseImage, ubuntuImage, vfxtControllerImage } from './image.ts'
export { hasAcceleratedNetworking } from './machine-size.ts'
export type { ScaleSetBody } from './model.ts'
export { scaleSetBody } from './model.ts'
export type { Clock, Fetch, Log, Logger } from './ports.ts'
export type { Candidate, Priority, ScaleSetOptions, ScaleSetSettings } from './settings.ts'
export { ownerTag, resolveScaleSet } from './settings.ts'
