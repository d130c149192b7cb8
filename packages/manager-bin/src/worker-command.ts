import { fileURLToPath } from 'node:url'
import { workerNodeOptions } from '@cachewarmer/service/cli/worker-node-options'

/** The command line of a worker of our own package, run by the Node that runs this manager. */
export function workerCommand(nodeProgram: string, args: readonly string[]): readonly [string, ...string[]] {
  const packageFile = fileURLToPath(import.meta.resolve('@cachewarmer/worker/package.json'))
  return [
    nodeProgram,
    ...workerNodeOptions,
    packageFile.replace(/package\.json$/, 'dist/bin.js'),
    ...args,
    '--exit-with-parent',
  ]
}
