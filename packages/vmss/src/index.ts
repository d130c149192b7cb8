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

export type { WorkerCloudInitOptions, WorkerSource } from './cloud-init/cloud-init.ts'
export { maxCloudInitBytes, workerCloudInit } from './cloud-init/cloud-init.ts'
export type { ProxySettings } from './cloud-init/proxy.ts'
export type { VmssErrorCode, VmssErrorOptions } from './errors.ts'
export { isVmssError, VmssError } from './errors.ts'
export type {
  EndNotice,
  EndNoticeOptions,
  InstanceMetadata,
  InstanceMetadataOptions,
  MachineMetadata,
  MetadataCall,
  ScheduledEvent,
} from './machine/instance-metadata.ts'
export { instanceMetadata, untilEndNotice } from './machine/instance-metadata.ts'
export type { Cloud, Patience, Place, PlaceSources } from './machine/place.ts'
export { clouds, resolvePlace } from './machine/place.ts'
export type { SelfDeleteOptions, SelfDeletePorts } from './machine/self-delete.ts'
export { deleteThisMachine } from './machine/self-delete.ts'
export type { Fetch } from './ports.ts'
export type { ScaleSetBody, ScaleSetPlan } from './scale-set/body.ts'
export { planScaleSet, scaleSetBody } from './scale-set/body.ts'
export type {
  CallOptions,
  ComputePort,
  InstanceState,
  ObservedInstance,
  ObservedSet,
  Operation,
  SetState,
} from './scale-set/compute-port.ts'
export type { Action, Policy, ScaleSetState, Situation } from './scale-set/decide.ts'
export { nextAction } from './scale-set/decide.ts'
export type { Image, ImagePlan, OwnImage, PublishedImage } from './scale-set/image.ts'
export { parseImage, ubuntuImage, vfxtControllerImage } from './scale-set/image.ts'
export { openScaleSet } from './scale-set/keeper.ts'
export type { Deed, Memory } from './scale-set/memory.ts'
export type {
  Fleet,
  FleetOptions,
  FleetState,
  KeepOptions,
  ScaleSet,
  ScaleSetPorts,
  ScaleSetView,
  WaitOptions,
  WantOptions,
} from './scale-set/scale-set.ts'
export { scaleSetFleet } from './scale-set/scale-set.ts'
export type { Admin, Candidate, Priority, ScaleSetOptions, ScaleSetSettings } from './scale-set/settings.ts'
export { hasAcceleratedNetworking, ownerTag, resolveScaleSet } from './scale-set/settings.ts'
