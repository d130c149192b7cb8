import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { workerNodeOptions } from '@cachewarmer/service/cli/worker-node-options'

/** The programs that are shipped, each as one file. */
export const programs = ['cachewarmer-manager', 'cachewarmer-worker', 'cachewarmer-submit'] as const
export type Program = (typeof programs)[number]

export const root: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Where `npm run package` writes to. */
export const releaseFolder: string = join(root, 'packaging/dist')

/** The folder of the package that a program comes from. */
export const packageFolder: Readonly<Record<Program, string>> = {
  'cachewarmer-manager': join(root, 'packages/manager-bin'),
  'cachewarmer-worker': join(root, 'packages/worker-bin'),
  'cachewarmer-submit': join(root, 'packages/submit-bin'),
}

/** What Node is told when it starts a program. The manager's file is a worker's, too. */
export const nodeOptions: Readonly<Record<Program, readonly string[]>> = {
  'cachewarmer-manager': workerNodeOptions,
  'cachewarmer-worker': workerNodeOptions,
  'cachewarmer-submit': [],
}
