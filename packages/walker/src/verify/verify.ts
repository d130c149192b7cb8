import { isNfsError, mountExport, type NfsExport } from '@cachewarmer/nfs'
import { byDirectory, type DirectoryShares } from './directories.ts'
import { type Measured, measure, nfsProber, probedOf, type SampledFile } from './measure.ts'
import { resolveVerifyOptions, VerifyError, type VerifyOptions, type VerifySettings } from './options.ts'
import { type Sample, sampleExport } from './sample.ts'
import { scaleOf } from './statistics.ts'
import { type AddressWarmth, judged, type Verdict, wholeOf } from './warmth.ts'

/** How warm a tree is, as far as a sample tells. */
export interface Warmth {
  readonly exportPath: string
  readonly paths: readonly string[]
  readonly addresses: readonly AddressWarmth[]
  /** The mean over the addresses. Can't be told as soon as one of them can't. */
  readonly whole: Verdict
  readonly byDirectory: DirectoryShares
  /** Files that the sample was drawn from, and the directories that hold them. */
  readonly population: number
  readonly directories: number
  /** False: listing ran out of time, and the shares speak for what was listed. */
  readonly complete: boolean
  /** Directories that could not be listed. */
  readonly unlisted: Sample['failures']
  readonly headBytes: number
}

const listingsInFlight = 128

/**
 * Finds out how much of a tree a cache holds, without knowing the cache: draws random files, reads the head of each through
 * one address, reads it again, and compares. What comes as fast the first time as the second was there already. The
 * addresses get different files, because reading through one node of a clustered cache fills the others. What is read is
 * warm afterwards; it is a small part of the tree. Addresses are measured side by side.
 *
 * Throws a `VerifyError`, or the signal's reason.
 */
export async function verify(options: VerifyOptions): Promise<Warmth> {
  const settings = resolveVerifyOptions(options)
  const exports: NfsExport[] = []
  try {
    for (const address of settings.addresses) exports.push(await open(address, settings))
    const sample = await draw(exports, settings)
    const shares = divide(sample.files, exports.length)
    const measured = await measureAll(exports, shares, settings)
    return conclude(sample, measured, settings)
  } catch (error) {
    settings.signal.throwIfAborted()
    if (!isNfsError(error)) throw error
    throw new VerifyError(error.code === 'OPTION_INVALID' ? 'OPTION_INVALID' : 'UNREACHABLE', error.message, {
      cause: error,
    })
  } finally {
    await Promise.all(exports.map((mounted) => mounted.close()))
  }
}

/** An answer is taken as soon as it is there: waiting for others to come along would be measured. */
const open = (host: string, { exportPath, nfs, clock, signal, headBytes }: VerifySettings): Promise<NfsExport> =>
  mountExport({ ...nfs, host, exportPath, clock, signal, lingerMs: 0, maxReadBytes: Math.max(512, headBytes) })

async function draw(exports: readonly NfsExport[], settings: VerifySettings): Promise<Sample> {
  const { sample: size, paths, listed, filter, random, listMs, signal } = settings
  const now = settings.clock === undefined ? () => performance.now() : () => settings.clock?.now() ?? 0
  const untilMs = now() + listMs
  const sample = await sampleExport(exports, {
    paths,
    listed,
    // One more each, for the rehearsal.
    size: (size + 1) * exports.length,
    filter,
    random,
    inFlight: listingsInFlight,
    isLate: () => now() > untilMs,
    signal,
  })
  if (sample.files.length > 0) return sample
  const [failure] = sample.failures
  throw new VerifyError(
    'NOTHING_TO_READ',
    `no file ${paths.length === 0 ? 'in the list' : `below ${paths.join(', ')}`}${failure === undefined ? '' : `: ${failure.path}: ${failure.message}`}`,
  )
}

/** As equal parts as can be, none of them sharing a file. */
const divide = (files: readonly SampledFile[], parts: number): SampledFile[][] =>
  Array.from({ length: parts }, (_, part) => files.filter((_file, at) => at % parts === part))

function measureAll(
  exports: readonly NfsExport[],
  shares: readonly (readonly SampledFile[])[],
  { headBytes, inFlight, observer, clock, signal }: VerifySettings,
): Promise<Measured[]> {
  const now = clock === undefined ? () => performance.now() : () => clock.now()
  const of = shares.reduce((sum, share) => sum + probedOf(share), 0)
  const handleSpace = exports[0]?.handleSpace ?? ''
  let done = 0
  const progressed = (): void => observer?.progressed?.(++done, of)
  return Promise.all(
    exports.map((mounted, at) =>
      measure(nfsProber(mounted, { now, headBytes, handleSpace }), shares[at] ?? [], {
        inFlight,
        observer: { progressed },
        signal,
      }),
    ),
  )
}

function conclude(sample: Sample, measured: readonly Measured[], settings: VerifySettings): Warmth {
  const { exportPath, paths, headBytes, coldMs, coldReads } = settings
  const known = measured.flatMap(({ name }) => coldReads?.get(name)?.edgesMs ?? [])
  const scale = scaleOf(known, ...measured.flatMap(({ firstMs, againMs, floorMs }) => [firstMs, againMs, floorMs]))
  const judgements = measured.map((one) =>
    judged(one, { population: sample.population, headBytes, coldMs, coldReads: coldReads?.get(one.name), scale }),
  )
  const addresses = judgements.map(({ warmth }) => warmth)
  const parts = measured.map((one, at) => ({ measured: one, lines: judgements[at]?.lines }))
  return {
    exportPath,
    paths,
    addresses,
    whole: wholeOf(addresses),
    byDirectory: byDirectory(paths.length === 1 ? (paths[0] ?? '/') : '/', parts),
    population: sample.population,
    directories: sample.directories,
    complete: sample.complete,
    unlisted: sample.failures,
    headBytes,
  }
}
