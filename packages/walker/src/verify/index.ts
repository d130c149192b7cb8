/*
 * warm       a file that a cache holds: its first read is as fast as a read of what has just been read
 * cold       a file that has to come from behind the cache
 * sample     files drawn at random, each as likely as any other
 * floor      what a call takes that reads nothing
 * interval   bounds within which the true share lies 95 times in 100
 */

export type { VerifyErrorCode } from './errors.ts'
export { isVerifyError, VerifyError } from './errors.ts'
export type { DirectoryShares, DirectoryWarmth } from './estimate/directories.ts'
export type { Histogram } from './estimate/latencies.ts'
export type { Told, Untold, Verdict } from './estimate/verdict.ts'
export { wholeOf } from './estimate/verdict.ts'
export type { AddressWarmth, WarmthOptions } from './estimate/warmth.ts'
export { judge } from './estimate/warmth.ts'
export type { Measured, MeasureOptions, ProbeFailure } from './measure/measure.ts'
export { measure } from './measure/measure.ts'
export type { Prober, SampledFile } from './measure/prober.ts'
export type { VerifyOptions } from './options.ts'
export { picture } from './picture.ts'
export type { ListedPath, SampleFilter } from './sample/sample-export.ts'
export type { Warmth } from './verify.ts'
export { verify } from './verify.ts'
