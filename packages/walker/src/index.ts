/*
 * mount      one opened (address, export): something that lists directories and reads files
 * part       a piece of a tree to walk, small enough to be written down and walked elsewhere
 * unit       what a walk does in one go: one directory's listing, one file, one range of a large file
 * pending    units that are known and not begun
 * tally      what was found below a listing that can't be resumed and has not come to its end
 * scope      a tally that handed parts away; they count only if it is not rolled back
 */

export type { Resolve } from '@cachewarmer/nfs'
export type { AdaptiveLimit, AdaptiveLimitOptions, LatencyObserver, LimitFigures } from './adaptive-limit.ts'
export { adaptiveLimit } from './adaptive-limit.ts'
export type { Clock } from './clock.ts'
export type {
  LevelCounters,
  MountCounters,
  MountFigures,
  SizeCounts,
  WalkCounters,
  WalkFailure,
} from './counters.ts'
export type { FileEntry, WalkEntry } from './entries.ts'
export type { WalkErrorCode } from './errors.ts'
export { isWalkError, WalkError } from './errors.ts'
export type { ReadLane } from './folder/lane.ts'
export type { FolderMountOptions } from './folder-mount.ts'
export { folderMount, openReadLane } from './folder-mount.ts'
export type { Measured, MeasureOptions } from './measure.ts'
export { measureReads } from './measure.ts'
export type {
  Arrivals,
  Asking,
  DirectoryPage,
  Entry,
  EntryKind,
  Identity,
  ListOptions,
  Mount,
  MountHealth,
  ReadOptions,
  ReadOutcome,
  StatOptions,
  Target,
} from './mount.ts'
export type { NfsMountOptions } from './nfs-mount.ts'
export { nfsMount } from './nfs-mount.ts'
export type { LeftOutEntry, Limiter, Turns, TurnTaker, WalkFilter, WalkOptions } from './options.ts'
export { defaultFilter } from './options.ts'
export type { FilesPart, ListingPart, RangePart, TakenPart, TreePart, WalkPart } from './parts.ts'
export { MAX_PATH_BYTES } from './paths.ts'
export type { RateCeilings, RateLimit, RateLimitOptions } from './rate-limit.ts'
export { rateLimit } from './rate-limit.ts'
export type { SampledFile } from './sample.ts'
export { throttledMount } from './throttled-mount.ts'
export type { FileUnderWay } from './under-way.ts'
export type { Walk } from './walk.ts'
export { walk } from './walk.ts'
export type { WatchedMountOptions } from './watched-mount.ts'
export { watchedMount } from './watched-mount.ts'
