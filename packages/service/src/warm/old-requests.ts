import { type Files, UsageError } from '@cachewarmer/service/cli'
import { type ReadRequest, readJob } from '@cachewarmer/service/submit'
import type { WarmConfig } from '../config.ts'
import type { Target } from './targets.ts'

/** A job of a one-shot warm-up, with the list of paths that goes before it. */
export interface WarmRequest extends ReadRequest {
  readonly target: Target
}

/** Paths of lists and manifests lie inside an export; a folder of this machine is none. Throws `UsageError`. */
export function checkListed({ filesFrom, manifest, mount }: WarmConfig): void {
  if (mount !== undefined) return
  const option = filesFrom !== undefined ? '--files-from' : manifest !== undefined ? '--manifest' : undefined
  if (option !== undefined) throw new UsageError(`${option}: expected with --mount, the folder that its paths lie in`)
}

/** All of the export is meant where nothing says what to warm. */
export const inside = (paths: readonly string[], { filesFrom, manifest, mount }: WarmConfig): readonly string[] =>
  paths.length === 0 && mount !== undefined && filesFrom === undefined && manifest === undefined ? ['/'] : paths

/** The jobs that the command line describes. Throws what `readJob` throws; each file is read once. */
export async function readRequests(
  targets: readonly Target[],
  config: WarmConfig,
  files: Files,
): Promise<WarmRequest[]> {
  const texts = new Map<string, Promise<string>>()
  const readText = (file: string): Promise<string> => {
    const text = texts.get(file) ?? files.readText(file)
    texts.set(file, text)
    return text
  }
  return Promise.all(
    targets.map(async (target) => {
      const paths = target.paths.length === 0 ? {} : { path: [...target.paths] }
      const settings = {
        addresses: [...target.addresses],
        export: target.exportPath,
        ...paths,
        include: config.include,
        exclude: config.exclude,
        maxFileSizeBytes: config.maxFileSizeBytes,
        headBytes: config.headBytes,
        mode: config.mode,
        readSnapshots: config.readSnapshots,
        allowEmpty: config.allowEmpty,
        filesFrom: config.filesFrom,
        null: config.null,
        rules: config.rules,
        manifest: config.manifest,
      }
      return { target, ...(await readJob(settings, { ...files, readText })) }
    }),
  )
}
