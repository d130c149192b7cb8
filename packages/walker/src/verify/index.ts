/*
 * warm       a file that a cache holds: its first read is as fast as a read of what has just been read
 * cold       a file that has to come from behind the cache
 * sample     files drawn at random, each as likely as any other
 * floor      what a call takes that reads nothing
 * interval   bounds within which the true share lies 95 times in 100
 */

export type { DirectoryShares, DirectoryWarmth } from './directories.ts'
export type { Measured, MeasureOptions, ProbeFailure, Prober, SampledFile } from './measure.ts'
export { measure } from './measure.ts'
export type { ListedPath, SampleFilter, VerifyErrorCode, VerifyObserver, VerifyOptions } from './options.ts'
export { isVerifyError, VerifyError } from './options.ts'
export { picture } from './picture.ts'

export type { Histogram } from './statistics.ts'
export type { Warmth } from './verify.ts'
export { verify } from './verify.ts'
export type { AddressWarmth, Told, Untold, Verdict, WarmthOptions } from './warmth.ts'
export { judge, wholeOf } from './warmth.ts'
