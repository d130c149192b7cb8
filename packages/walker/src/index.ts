/*
 * mount      one opened (address, export): something that lists directories and reads files
 * part       a piece of a tree to walk, small enough to be written down and walked elsewhere
 * unit       what a walk does in one go: one directory's listing, one file, one range of a large file
 * pending    units that are known and not begun
 * tally      what was found below a listing that can't be resumed and has not come to its end
 * scope      a tally that handed parts away; they count only if it is not rolled back
 */

export type { Clock, Resolve } from '@cachewarmer/nfs'
export { systemClock } from '@cachewarmer/nfs'
export type { WalkErrorCode } from './errors.ts'
export { isWalkError, WalkError } from './errors.ts'
export type { AdaptiveLimit, AdaptiveLimitOptions, LatencyObserver } from './limits/adaptive-limit.ts'
export { adaptiveLimit } from './limits/adaptive-limit.ts'
export type { Limiter, LimitFigures, LimitState, Turns, TurnTaker } from './limits/limiter.ts'
export type { RateCeilings, RateLimit, RateLimitOptions } from './limits/rate-limit.ts'
export { rateLimit } from './limits/rate-limit.ts'
export { mountPoints } from './mounts/folder/file-system.ts'
export type { FolderMountOptions, ReadLaneOptions } from './mounts/folder/folder-mount.ts'
export { folderMount, openReadLane } from './mounts/folder/folder-mount.ts'
export type { ReadLane } from './mounts/folder/lane.ts'
export type {
  Arrivals,
  Asking,
  DirectoryPage,
  Doubt,
  Entry,
  EntryKind,
  Identity,
  ListOptions,
  Mount,
  MountHealth,
  OpenMount,
  Reach,
  ReadOptions,
  ReadOutcome,
  StatOptions,
  Target,
} from './mounts/mount.ts'
export type { NfsMountOptions } from './mounts/nfs/nfs-mount.ts'
export { nfsMount } from './mounts/nfs/nfs-mount.ts'
export { throttledMount } from './mounts/wrappers/throttled-mount.ts'
export type { WatchedMountOptions } from './mounts/wrappers/watched-mount.ts'
export { watchedMount } from './mounts/wrappers/watched-mount.ts'
export { maxPathBytes } from './paths.ts'
export type { FileUnderWay } from './walk/context.ts'
export type {
  LevelCounters,
  MountCounters,
  MountFigures,
  MountLimits,
  MountRead,
  SizeCounts,
  WalkCounters,
  WalkFailure,
} from './walk/counters.ts'
export type { FileEntry, WalkEntry } from './walk/entries.ts'
export type { WalkObserver } from './walk/observer.ts'
export type { AddOptions, LeftOutEntry, WalkFilter, WalkOptions } from './walk/options.ts'
export { defaultFilter } from './walk/options.ts'
export type { FilesPart, ListingPart, RangePart, TakenPart, TreePart, WalkPart } from './walk/parts.ts'
export type { Measured, MeasureOptions, SampledFile } from './walk/sample.ts'
export { measureReads } from './walk/sample.ts'
export type { Walk } from './walk/walk.ts'
export { walk } from './walk/walk.ts'
export type { Warmed, WarmOptions } from './walk/warm.ts'
export { warm } from './walk/warm.ts'
