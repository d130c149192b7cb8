/*
 * scale set   a group of like machines that Azure makes and deletes together
 * machine     one instance of a scale set; runs one worker
 * candidate   a machine size and a priority; tried in order while Azure has no capacity
 * capacity    how many machines Azure tries to have; what there really is are instances
 * spot        machines from spare capacity, cheap, taken back at any time (evicted)
 * operation   something that Azure has begun and works on for minutes
 * owner       whose a scale set is, in a tag; sets of others are never touched
 * notice      Azure says that it takes a machine away: Preempt for an eviction, Terminate for a deletion
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
export type { Action, Policy, Situation } from './decide.ts'
export { nextAction } from './decide.ts'
export type { VmssErrorCode, VmssErrorOptions } from './errors.ts'
export { isVmssError, VmssError } from './errors.ts'
export type { Fleet, FleetOptions, FleetState } from './fleet.ts'
export { scaleSetFleet } from './fleet.ts'
export type { Image, ImagePlan, OwnImage, PublishedImage } from './image.ts'
export { parseImage, ubuntuImage, vfxtControllerImage } from './image.ts'
export type {
  InstanceMetadata,
  InstanceMetadataOptions,
  MachineMetadata,
  MetadataCall,
  ScheduledEvent,
} from './instance-metadata.ts'
export { instanceMetadata } from './instance-metadata.ts'
export { hasAcceleratedNetworking } from './machine-size.ts'
export type { Deed, Memory } from './memory.ts'
export type { ScaleSetBody } from './model.ts'
export { scaleSetBody } from './model.ts'
export type { Place, PlaceSources } from './place.ts'
export { resolvePlace } from './place.ts'
export type { ScaleSetPlan } from './plan.ts'
export { planScaleSet } from './plan.ts'
export type { Clock, Fetch, Log, Logger } from './ports.ts'
export type {
  KeepOptions,
  ScaleSet,
  ScaleSetPorts,
  ScaleSetView,
  WaitOptions,
  WantOptions,
} from './scale-set.ts'
export { openScaleSet } from './scale-set.ts'
export type { EndNotice, EndNoticeOptions } from './scheduled-events.ts'
export { untilEndNotice } from './scheduled-events.ts'
export type { SelfDeleteOptions, SelfDeletePorts } from './self-delete.ts'
export { deleteThisMachine } from './self-delete.ts'
export type { Candidate, Priority, ScaleSetOptions, ScaleSetSettings } from './settings.ts'
export { ownerTag, resolveScaleSet } from './settings.ts'
export type { ScaleSetState } from './states.ts'
export { systemClock } from './system-clock.ts'
