import { realpathSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isSea } from 'node:sea'
import { exitCode, UsageError } from '@cachewarmer/service/cli'
import { releasedFiles, signer, writeBootstrap } from '@cachewarmer/service/manager'
import type { BootstrapConfig } from './config.ts'

/** `cachewarmer-manager bootstrap`: the folder that an NFS export serves to machines without internet. */
export async function bootstrap(config: BootstrapConfig): Promise<number> {
  const out = resolve(config.out)
  const from = resolve(config.from ?? ownFolder())
  const there = statSync(out, { throwIfNoEntry: false })
  if (there !== undefined && !there.isDirectory())
    throw new UsageError(`--out ${out}: expected a folder, and this is a file`)
  const released = await releasedFiles(from, config.bundles)
  await mkdir(out, { recursive: true })
  const sign = config.signKey === undefined ? undefined : signer(resolve(config.signKey))
  const { release, before } = await writeBootstrap(out, released, sign)
  const what = before === undefined ? 'is' : before === release ? 'was already' : `replaces ${before}:`
  process.stdout.write(`${release} ${what} in ${out}. Export it read-only; ${out}/README.md says how to go on.\n`)
  return exitCode.ok
}

/** Where this program is: a release has its files side by side. */
const ownFolder = (): string => dirname(isSea() ? process.execPath : realpathSync(process.argv[1] ?? '.'))
